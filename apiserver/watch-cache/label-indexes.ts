import type { Entry } from './entry.ts';
import type { Selection } from './selection.ts';
import { ValueIndex } from './value-index.ts';

/** Indexes of one kind; the one used longest ago goes first. */
const INDEXES_MAX = 8;
/** Labels that were asked for once. */
const ASKED_MAX = 64;
/** An index pays when fewer than one in so many objects are found by it: those have to be sorted. */
const SHARE_MIN = 8;

interface Wanted {
  readonly label: string;
  readonly value: string;
}

/**
 * Finds the objects with a label without looking at all the others. An index is made when a label is asked for the second time, since making
 * it costs as much as looking through some lists; and kept up with each change from then on.
 */
export class LabelIndexes {
  readonly #indexes = new Map<string, ValueIndex>();
  readonly #asked = new Set<string>();

  /**
   * Keys, sorted, among which are all that a selection selects.
   *
   * @param among how many objects would be looked at otherwise.
   * @returns undefined when they are to be looked at.
   */
  candidates(selection: Selection, among: number, entries: () => Iterable<Entry>): readonly string[] | undefined {
    if (among < SHARE_MIN) return undefined;
    const wanted = wantedBy(selection);
    const index = wanted && this.#indexOf(wanted.label, entries);
    if (!index || index.count(wanted.value) * SHARE_MIN > among) return undefined;
    return index.keys(wanted.value);
  }

  /** An object that cannot be read is told of by who looks at it: here it only ends the indexes. */
  replace(before: Entry | undefined, after: Entry | undefined): void {
    try {
      for (const index of this.#indexes.values()) index.replace(before, after);
    } catch {
      this.clear();
    }
  }

  /** Forgets them; they are made anew for who asks. */
  clear(): void {
    this.#indexes.clear();
  }

  #indexOf(label: string, entries: () => Iterable<Entry>): ValueIndex | undefined {
    let index = this.#indexes.get(label);
    if (!index) {
      if (this.#asked.size > ASKED_MAX) this.#asked.clear();
      if (!this.#asked.delete(label)) {
        this.#asked.add(label);
        return undefined;
      }
      index = madeOf(label, entries());
      if (!index) return undefined;
    }
    this.#indexes.delete(label);
    this.#indexes.set(label, index);
    const [oldest] = this.#indexes.keys();
    if (this.#indexes.size > INDEXES_MAX && oldest !== undefined) this.#indexes.delete(oldest);
    return index;
  }
}

/** @returns undefined when there is an object that cannot be read, of which those shall hear alone whose objects it is among. */
function madeOf(label: string, entries: Iterable<Entry>): ValueIndex | undefined {
  try {
    return new ValueIndex((entry) => labelOf(entry, label), entries);
  } catch {
    return undefined;
  }
}

/** Labels may be called anything, `constructor` too. */
const labelOf = ({ labels }: Entry, label: string): string | undefined =>
  labels && Object.hasOwn(labels, label) ? labels[label] : undefined;

/** The first label that must have one value. */
function wantedBy({ labels }: Selection): Wanted | undefined {
  for (const { key, operator, values } of labels?.requirements ?? []) {
    const [value, ...others] = values;
    if (value !== undefined && others.length === 0 && (operator === '=' || operator === '==' || operator === 'in'))
      return { label: key, value };
  }
  return undefined;
}
