/**
 * Command-line options: one table per process says what there is; parsing, defaults and `--help` follow from it. Names are upstream's
 * wherever upstream has one.
 */

/** How a value is written and what it becomes. */
export interface OptionForms {
  readonly string: string;
  readonly integer: number;
  readonly number: number;
  readonly boolean: boolean;
  readonly duration: number;
  readonly list: readonly string[];
  readonly texts: readonly string[];
}

export type OptionType = keyof OptionForms;

/**
 * One option. A duration is written as Go writes it (`1m30s`) and becomes milliseconds; a list is comma-separated or repeated, texts are
 * repeated only.
 */
export interface OptionSpec<T = unknown> {
  readonly type: OptionType;
  readonly description: string;
  readonly default: T;
  /** What `--help` shows for the value, e.g. `FILE`. */
  readonly placeholder?: string | undefined;
  /** Smallest and largest number allowed. */
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Why it changes nothing: it is taken so that command lines of upstream's are. */
  readonly inert?: string | undefined;
}

/** Options by name, without the dashes. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** The values of a table: complete, since every option has a default. */
export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends OptionSpec<infer V> ? V : never };

type Extra = Pick<OptionSpec, 'placeholder' | 'min' | 'max'>;

/** Builders for table rows; the default's type is the option's. */
export const option = {
  string: <D extends string | undefined>(description: string, fallback: D, extra?: Extra): OptionSpec<string | D> => ({
    type: 'string',
    description,
    default: fallback,
    ...extra,
  }),
  integer: <D extends number | undefined>(description: string, fallback: D, extra?: Extra): OptionSpec<number | D> => ({
    type: 'integer',
    description,
    default: fallback,
    ...extra,
  }),
  number: (description: string, fallback: number, extra?: Extra): OptionSpec<number> => ({
    type: 'number',
    description,
    default: fallback,
    ...extra,
  }),
  boolean: (description: string, fallback: boolean): OptionSpec<boolean> => ({ type: 'boolean', description, default: fallback }),
  /** @param fallbackMs default in milliseconds. */
  duration: <D extends number | undefined>(description: string, fallbackMs: D, extra?: Extra): OptionSpec<number | D> => ({
    type: 'duration',
    description,
    default: fallbackMs,
    ...extra,
  }),
  list: (description: string, fallback: readonly string[] = [], extra?: Extra): OptionSpec<readonly string[]> => ({
    type: 'list',
    description,
    default: fallback,
    ...extra,
  }),
  /** Can be repeated; commas are part of what is said. */
  texts: (description: string, extra?: Extra): OptionSpec<readonly string[]> => ({ type: 'texts', description, default: [], ...extra }),
  /** One of upstream's that changes nothing here: of what it is set to, only the form is looked at. @param why it changes nothing */
  inert: <K extends OptionType>(type: K, why: string): OptionSpec<OptionForms[K] | undefined> => ({
    type,
    description: `Without effect: ${why}.`,
    default: undefined,
    inert: why,
  }),
};

/** A wrong command line: the message is one line that says what to change. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** What was parsed: the values, which options were really given, and what else stood on the line. */
export interface ParsedOptions<T extends OptionTable> {
  readonly values: OptionValues<T>;
  readonly given: ReadonlySet<string>;
  readonly positionals: readonly string[];
  readonly help: boolean;
}

/**
 * Reads a command line.
 *
 * @param table the options there are.
 * @param argv arguments after the command: `--name value`, `--name=value`, `--flag`, `--flag=false`, `--help`.
 * @throws OptionError on an unknown option, a missing or a malformed value.
 */
export function parseOptions<T extends OptionTable>(table: T, argv: readonly string[]): ParsedOptions<T> {
  const values: Record<string, unknown> = Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, spec.default]));
  const given = new Set<string>();
  const positionals: string[] = [];
  const rest = [...argv];
  let help = false;
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '--help' || argument === '-h') help = true;
    else if (argument.startsWith('--')) readOption(table, argument, rest, { values, given });
    else if (argument.length > 1 && argument.startsWith('-')) throw unknownOption(argument);
    else positionals.push(argument);
  }
  return { values: Object.freeze(values) as OptionValues<T>, given, positionals, help };
}

function readOption(
  table: OptionTable,
  argument: string,
  rest: string[],
  into: { values: Record<string, unknown>; given: Set<string> },
): void {
  const { name, spec, inline } = lookUp(table, argument);
  const text = inline ?? (spec.type === 'boolean' ? 'true' : rest.shift());
  if (text === undefined) throw new OptionError(`option --${name} needs a value`);
  const value = readValue(name, spec, text);
  const again = (spec.type === 'list' || spec.type === 'texts') && into.given.has(name);
  into.values[name] = again ? [...(into.values[name] as string[]), ...(value as string[])] : value;
  into.given.add(name);
}

function lookUp(table: OptionTable, argument: string): { name: string; spec: OptionSpec; inline: string | undefined } {
  const equals = argument.indexOf('=');
  const name = equals < 0 ? argument.slice(2) : argument.slice(2, equals);
  const spec = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!spec) throw unknownOption(`--${name}`);
  return { name, spec, inline: equals < 0 ? undefined : argument.slice(equals + 1) };
}

const unknownOption = (argument: string) => new OptionError(`unknown option ${argument}; --help lists the options there are`);

/** What Go takes for a truth value (`strconv.ParseBool`). */
const TRUTHS: Readonly<Record<string, boolean>> = Object.fromEntries([
  ...['1', 't', 'T', 'true', 'True', 'TRUE'].map((text) => [text, true]),
  ...['0', 'f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, false]),
]);

/** What Go takes the text for, or undefined when it is no truth value. */
export const parseTruth = (text: string): boolean | undefined => (Object.hasOwn(TRUTHS, text) ? TRUTHS[text] : undefined);

function readValue(name: string, spec: OptionSpec, text: string): unknown {
  switch (spec.type) {
    case 'string':
      return text;
    case 'list':
      return text === '' ? [] : text.split(',');
    case 'texts':
      return text === '' ? [] : [text];
    case 'boolean': {
      const truth = parseTruth(text);
      if (truth === undefined) throw new OptionError(`option --${name} takes true or false, not "${text}"`);
      return truth;
    }
    case 'integer':
      return readNumber(name, spec, { text, form: /^-?\d+$/, called: 'a whole number' });
    case 'number':
      return readNumber(name, spec, { text, form: /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i, called: 'a number' });
    case 'duration': {
      const ms = parseDuration(text);
      if (ms === undefined || ms < 0) throw new OptionError(`option --${name} takes a duration such as 500ms, 40s or 1m30s, not "${text}"`);
      return ms;
    }
  }
}

interface Figure {
  readonly text: string;
  readonly form: RegExp;
  readonly called: string;
}

function readNumber(name: string, { min, max }: OptionSpec, { text, form, called }: Figure): number {
  const value = form.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || (min !== undefined && value < min) || (max !== undefined && value > max)) {
    const bounds = min !== undefined && max !== undefined ? ` from ${min} to ${max}` : min !== undefined ? ` of at least ${min}` : '';
    throw new OptionError(`option --${name} takes ${called}${bounds}, not "${text}"`);
  }
  return value;
}

const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a Go duration (`1h30m`, `0`), or undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text);
  if (!match) return undefined;
  let total = 0;
  for (const [, figure, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g))
    total += Number(figure) * (UNIT_MS[unit ?? ''] ?? 0);
  return match[1] === '-' ? -total : total;
}

/** The text of `--help`. */
export function helpText(usage: string, about: string, table: OptionTable): string {
  const rows = Object.entries(table).map(([name, spec]) => {
    const value = spec.type === 'boolean' ? '' : ` ${spec.placeholder ?? spec.type.toUpperCase()}`;
    return `  --${name}${value}\n        ${spec.description}${defaultText(spec)}`;
  });
  return `${about}\n\nUsage: ${usage}\n\nOptions:\n${rows.join('\n')}\n`;
}

function defaultText(spec: OptionSpec): string {
  const value = spec.default;
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return '';
  return ` (default ${spec.type === 'duration' ? `${Number(value) / 1000}s` : String(value)})`;
}
