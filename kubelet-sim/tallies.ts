import { Durations } from './durations.ts';

/** A metric of a kubelet: a counter, or a histogram when it has bounds. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly bounds?: readonly number[] | undefined;
  /** Without labels too it is told only once it has happened. */
  readonly isLate?: boolean | undefined;
  /** It may get less. */
  readonly isGauge?: boolean | undefined;
}

/** What a family has for the values of its labels: a count, or how often and how much. */
export interface Tally {
  readonly values: readonly string[];
  count: number;
  readonly durations: Durations | undefined;
}

const NONE: ReadonlyMap<string, Tally> = new Map();

/** Counts by family and by the values of its labels: what never happens costs nothing. */
export class Tallies {
  #families: Map<Family, Map<string, Tally>> | undefined;

  of(family: Family): Iterable<Tally> {
    return (this.#families?.get(family) ?? NONE).values();
  }

  /** More of a counter, or less of a gauge. */
  add(family: Family, delta: number, ...values: readonly string[]): void {
    this.#tally(family, values).count += delta;
  }

  /** One more of a histogram. @param amount in the unit of its bounds */
  observe(family: Family, amount: number, ...values: readonly string[]): void {
    this.#tally(family, values).durations?.add(amount);
  }

  #tally(family: Family, values: readonly string[]): Tally {
    this.#families ??= new Map();
    const key = values.length === 1 ? (values[0] ?? '') : values.join('\n');
    const tallies = this.#families.get(family) ?? new Map<string, Tally>();
    if (tallies.size === 0) this.#families.set(family, tallies);
    const known = tallies.get(key);
    if (known) return known;
    const tally = { values, count: 0, durations: family.bounds && new Durations(family.bounds) };
    tallies.set(key, tally);
    return tally;
  }
}
