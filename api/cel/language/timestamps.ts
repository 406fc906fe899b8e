// Reading and writing times, and the parts of them (cel-go, `common/types/timestamp.go`, `duration.go`).
import { parseDuration, parseGoTime, TIME_LAYOUT, TimeError } from '../../time.ts';
import { duration, timestamp } from './arithmetic.ts';
import type { FunctionDeclaration, Result } from './declarations.ts';
import { define, method, signature } from './define.ts';
import { formatPlainDouble } from './go-number.ts';
import { DURATION, INT, STRING, TIMESTAMP } from './types.ts';
import { CelError, type CelValue, Duration, noSuchOverload, Timestamp } from './values.ts';

const SECOND = 1_000_000_000n;
const MILLISECOND = 1_000_000n;
const DAY_MS = 86_400_000;

/** Reads RFC 3339; nothing if it is none. */
export function readTimestamp(text: string): Result | undefined {
  try {
    const { seconds, nanos } = parseGoTime(text, TIME_LAYOUT);
    const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
    const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60;
    return timestamp(BigInt(seconds) * SECOND + BigInt(nanos), sign === '-' ? -offset : offset);
  } catch (error) {
    if (error instanceof TimeError) return undefined;
    throw error;
  }
}

/** Reads `1h30m`; nothing if it is no duration. */
export function readDuration(text: string): Result | undefined {
  try {
    const read = duration(parseDuration(text));
    return read instanceof CelError ? undefined : read;
  } catch (error) {
    if (error instanceof TimeError) return undefined;
    throw error;
  }
}

/** RFC 3339 with as many digits of fraction as there are. */
export function formatTimestamp({ nanos, offsetSeconds }: Timestamp): string {
  const seconds = floorDivide(nanos, SECOND);
  const local = new Date((Number(seconds) + offsetSeconds) * 1_000).toISOString().replace(/\.\d+Z$/, '');
  const fraction = String(nanos - seconds * SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${local}${fraction === '' ? '' : `.${fraction}`}${formatOffset(offsetSeconds)}`;
}

function formatOffset(seconds: number): string {
  if (seconds === 0) return 'Z';
  const minutes = Math.abs(seconds) / 60;
  const two = (n: number) => String(Math.trunc(n)).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** Seconds, with an `s`. */
export const formatDuration = ({ nanos }: Duration): string => `${formatPlainDouble(Number(nanos) / 1e9)}s`;

export const unixSeconds = ({ nanos }: Timestamp): bigint => floorDivide(nanos, SECOND);

function floorDivide(a: bigint, b: bigint): bigint {
  return a >= 0n || a % b === 0n ? a / b : a / b - 1n;
}

/** A part of a time, given as a date whose UTC fields are those of the zone. */
type Part = (date: Date) => number;

function part(get: Part): (value?: CelValue, zone?: CelValue) => Result {
  return (value = null, zone = 'UTC') => {
    if (!(value instanceof Timestamp) || typeof zone !== 'string') return noSuchOverload();
    const seconds = Number(unixSeconds(value));
    const offset = zoneOffset(zone, seconds);
    if (offset instanceof CelError) return offset;
    const milliseconds = Number((value.nanos - BigInt(seconds) * SECOND) / MILLISECOND);
    return BigInt(get(new Date((seconds + offset) * 1_000 + milliseconds)));
  };
}

/** Seconds east of UTC, of `Area/City` or `+01:30`. */
function zoneOffset(zone: string, seconds: number): number | CelError {
  if (zone === 'UTC' || zone === '' || zone === 'Local') return 0;
  if (!zone.includes(':')) return namedOffset(zone, seconds);
  const [hours = '', minutes = ''] = [zone.slice(0, zone.indexOf(':')), zone.slice(zone.indexOf(':') + 1)];
  for (const digits of [hours, minutes]) {
    if (!/^[+-]?\d+$/.test(digits)) return new CelError(`strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`);
  }
  return (Number(hours) * 60 + (zone.startsWith('-') ? -1 : 1) * Number(minutes)) * 60;
}

function namedOffset(zone: string, seconds: number): number | CelError {
  const format = formatter(zone);
  if (!format) return new CelError(`unknown time zone ${zone}`);
  const fields = new Map(format.formatToParts(new Date(seconds * 1_000)).map(({ type, value }) => [type, Number(value)]));
  const field = (name: Intl.DateTimeFormatPartTypes) => fields.get(name) ?? 0;
  const local = Date.UTC(field('year'), field('month') - 1, field('day'), field('hour'), field('minute'), field('second'));
  return local / 1_000 - seconds;
}

const formatters = new Map<string, Intl.DateTimeFormat | undefined>();
const FORMATTERS_MAX = 100;

function formatter(zone: string): Intl.DateTimeFormat | undefined {
  if (!formatters.has(zone)) {
    if (formatters.size >= FORMATTERS_MAX) formatters.clear();
    formatters.set(zone, makeFormatter(zone));
  }
  return formatters.get(zone);
}

function makeFormatter(timeZone: string): Intl.DateTimeFormat | undefined {
  const two = '2-digit';
  try {
    const fields = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const;
    return new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...fields });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start) / DAY_MS);
}

const ofDuration =
  (unit: bigint) =>
  (value: CelValue = null): Result =>
    value instanceof Duration ? value.nanos / unit : noSuchOverload();

const getter = (name: string, id: string, get: Part, zoned = `${id}_with_tz`) =>
  define(name, method(id, signature([TIMESTAMP], INT), part(get)), method(zoned, signature([TIMESTAMP, STRING], INT), part(get)));

const timeOrDuration = (base: FunctionDeclaration, id: string, unit: bigint): FunctionDeclaration => ({
  ...base,
  overloads: [...base.overloads, method(id, signature([DURATION], INT), ofDuration(unit))],
});

export const TIMES: readonly FunctionDeclaration[] = [
  getter('getFullYear', 'timestamp_to_year', (date) => date.getUTCFullYear()),
  getter('getMonth', 'timestamp_to_month', (date) => date.getUTCMonth()),
  getter('getDayOfYear', 'timestamp_to_day_of_year', dayOfYear),
  getter('getDayOfMonth', 'timestamp_to_day_of_month', (date) => date.getUTCDate() - 1),
  getter('getDate', 'timestamp_to_day_of_month_1_based', (date) => date.getUTCDate()),
  getter('getDayOfWeek', 'timestamp_to_day_of_week', (date) => date.getUTCDay()),
  timeOrDuration(
    getter('getHours', 'timestamp_to_hours', (date) => date.getUTCHours()),
    'duration_to_hours',
    3_600n * SECOND,
  ),
  timeOrDuration(
    getter('getMinutes', 'timestamp_to_minutes', (date) => date.getUTCMinutes()),
    'duration_to_minutes',
    60n * SECOND,
  ),
  timeOrDuration(
    getter('getSeconds', 'timestamp_to_seconds', (date) => date.getUTCSeconds(), 'timestamp_to_seconds_tz'),
    'duration_to_seconds',
    SECOND,
  ),
  timeOrDuration(
    getter('getMilliseconds', 'timestamp_to_milliseconds', (date) => date.getUTCMilliseconds()),
    'duration_to_milliseconds',
    MILLISECOND,
  ),
];
