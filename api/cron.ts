import { parseDuration, TimeError } from './time.ts';

/** A schedule that is none, in the words that clients of Kubernetes see. */
export class CronError extends Error {
  override readonly name = 'CronError';
}

/** When a cron job runs: at certain minutes, or again and again after a time. */
export type CronSchedule =
  | {
      readonly type: 'fields';
      readonly minutes: ReadonlySet<number>;
      readonly hours: ReadonlySet<number>;
      readonly daysOfMonth: ReadonlySet<number>;
      readonly months: ReadonlySet<number>;
      readonly daysOfWeek: ReadonlySet<number>;
      /** Both kinds of day have to fit when one of them is `*`; otherwise one is enough. */
      readonly anyDayOfMonth: boolean;
      readonly anyDayOfWeek: boolean;
    }
  | { readonly type: 'every'; readonly seconds: number };

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

/** What one field names; `star` when it is a plain `*`. */
interface Field {
  readonly values: ReadonlySet<number>;
  readonly star: boolean;
}

const MINUTES: Bounds = { min: 0, max: 59, names: [] };
const HOURS: Bounds = { min: 0, max: 23, names: [] };
const DAYS_OF_MONTH: Bounds = { min: 1, max: 31, names: [] };
const MONTHS: Bounds = { min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] };
const DAYS_OF_WEEK: Bounds = { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };

const FIELDS = 5;
const EVERY = '@every ';
const INTEGER_MAX = 2n ** 63n - 1n;

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * Reads a schedule as upstream's parser does (github.com/robfig/cron v3, `ParseStandard`), with its messages: five fields, or a
 * descriptor. A time zone before it (`TZ=`, `CRON_TZ=`) is passed over: cron jobs name theirs in a field of its own.
 *
 * @throws CronError
 */
export function parseCron(text: string): CronSchedule {
  if (text === '') throw new CronError('empty spec string');
  const schedule = /^(?:CRON_)?TZ=/.test(text) ? text.slice(`${text} `.indexOf(' ')).trim() : text;
  if (schedule.startsWith('@')) return parseDescriptor(schedule);
  const fields = schedule.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== FIELDS) {
    throw new CronError(`expected exactly ${FIELDS} fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = fields;
  const minutes = parseField(minute, MINUTES);
  const hours = parseField(hour, HOURS);
  const daysOfMonth = parseField(dayOfMonth, DAYS_OF_MONTH);
  const months = parseField(month, MONTHS);
  const daysOfWeek = parseField(dayOfWeek, DAYS_OF_WEEK);
  return {
    type: 'fields',
    minutes: minutes.values,
    hours: hours.values,
    daysOfMonth: daysOfMonth.values,
    months: months.values,
    daysOfWeek: daysOfWeek.values,
    anyDayOfMonth: daysOfMonth.star,
    anyDayOfWeek: daysOfWeek.star,
  };
}

function parseDescriptor(text: string): CronSchedule {
  const fields = Object.hasOwn(DESCRIPTORS, text) ? DESCRIPTORS[text] : undefined;
  if (fields !== undefined) return parseCron(fields);
  if (!text.startsWith(EVERY)) throw new CronError(`unrecognized descriptor: ${text}`);
  try {
    const seconds = Number(parseDuration(text.slice(EVERY.length)) / 1_000_000_000n);
    return { type: 'every', seconds: Math.max(1, seconds) };
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    throw new CronError(`failed to parse duration ${text}: ${error.message}`);
  }
}

/** Ranges with commas between them. */
function parseField(text: string, bounds: Bounds): Field {
  const ranges = text.split(',').filter((range) => range !== '');
  const values = new Set<number>();
  let star = false;
  for (const range of ranges) if (addRange(values, range, bounds)) star = true;
  return { values, star };
}

/** `number | number "-" number [ "/" number ]`; tells whether it is a plain `*`. */
function addRange(values: Set<number>, range: string, bounds: Bounds): boolean {
  const [span = '', stepText, ...moreSteps] = range.split('/');
  const { start, end, star, single } = parseSpan(span, range, bounds);
  if (moreSteps.length > 0) throw new CronError(`too many slashes: ${range}`);
  const step = stepText === undefined ? 1 : parseNumber(stepText);
  const last = stepText !== undefined && single ? bounds.max : end;
  if (start < bounds.min) throw new CronError(`beginning of range (${start}) below minimum (${bounds.min}): ${range}`);
  if (last > bounds.max) throw new CronError(`end of range (${last}) above maximum (${bounds.max}): ${range}`);
  if (start > last) throw new CronError(`beginning of range (${start}) beyond end of range (${last}): ${range}`);
  if (step === 0) throw new CronError(`step of range should be a positive number: ${range}`);
  for (let value = start; value <= last; value += step) values.add(value);
  return star && step === 1;
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly star: boolean;
  readonly single: boolean;
}

function parseSpan(span: string, range: string, bounds: Bounds): Span {
  const [low = '', high, ...more] = span.split('-');
  if (low === '*' || low === '?') return { start: bounds.min, end: bounds.max, star: true, single: high === undefined };
  const start = parseNumberOrName(low, bounds);
  if (more.length > 0) throw new CronError(`too many hyphens: ${range}`);
  return high === undefined
    ? { start, end: start, star: false, single: true }
    : { start, end: parseNumberOrName(high, bounds), star: false, single: false };
}

function parseNumberOrName(text: string, { min, names }: Bounds): number {
  const index = names.indexOf(text.toLowerCase());
  return index < 0 ? parseNumber(text) : index + min;
}

/** Go's `strconv.Atoi`, and no negative ones. */
function parseNumber(text: string): number {
  const failed = (why: string) => new CronError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: ${why}`);
  if (!/^[+-]?[0-9]+$/.test(text)) throw failed('invalid syntax');
  const value = BigInt(text.replace('+', ''));
  if (value > INTEGER_MAX || value < -INTEGER_MAX - 1n) throw failed('value out of range');
  if (value < 0n) throw new CronError(`negative number (${value}) not allowed: ${text}`);
  return Number(value);
}
