// Times as text, read and written as Go's `time` package does, and durations for people and for flags.

const NANOS = { ns: 1n, us: 1_000n, µs: 1_000n, μs: 1_000n, ms: 1_000_000n, s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n };
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

export const TIME_LAYOUT = '2006-01-02T15:04:05Z07:00';
export const MICRO_TIME_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';

/** What a time text cannot be read as; the message is Go's. */
export class TimeError extends Error {
  override readonly name = 'TimeError';
}

/** `metav1.Time`: RFC 3339, whole seconds, UTC. */
export const toTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** `metav1.MicroTime`: RFC 3339 with six digits of fraction, UTC. */
export function toMicroTime(ms: number): string {
  const micros = Math.floor((ms - Math.floor(ms)) * 1_000);
  return `${new Date(Math.floor(ms)).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`;
}

/** Milliseconds since 1970 of an RFC 3339 text, with any fraction. Throws TimeError. */
export function parseTime(text: string): number {
  const { seconds, nanos } = parseGoTime(text, TIME_LAYOUT);
  return seconds * SECOND_MS + nanos / 1_000_000;
}

/** As {@link parseTime}; undefined where that throws. */
export function timeIn(text: string): number | undefined {
  try {
    return parseTime(text);
  } catch (error) {
    if (error instanceof TimeError) return undefined;
    throw error;
  }
}

/** A moment: seconds since 1970 and nanoseconds of the second. */
export interface Instant {
  readonly seconds: number;
  readonly nanos: number;
}

/** The seconds of Go's zero time, which is written as `null`. */
export const ZERO_TIME_SECONDS = -62_135_596_800;

/** Reads a time by one of the two layouts, as strictly as Go. Throws TimeError. */
export function parseGoTime(text: string, layout: typeof TIME_LAYOUT | typeof MICRO_TIME_LAYOUT): Instant {
  return new TimeReader(text, layout).read();
}

/** Reads one element of the layout after the other; what fails names the element and the rest of the text. */
class TimeReader {
  readonly #text: string;
  readonly #layout: string;
  #at = 0;

  constructor(text: string, layout: string) {
    this.#text = text;
    this.#layout = layout;
  }

  read(): Instant {
    const year = this.#digits(4, '2006');
    this.#literal('-');
    const month = this.#inRange(this.#digits(2, '01'), 1, 12, 'month');
    this.#literal('-');
    const day = this.#digits(2, '02');
    this.#literal('T');
    const hour = this.#inRange(this.#hour(), 0, 23, 'hour');
    this.#literal(':');
    const minute = this.#inRange(this.#digits(2, '04'), 0, 59, 'minute');
    this.#literal(':');
    const second = this.#inRange(this.#digits(2, '05'), 0, 59, 'second');
    const nanos = this.#layout === MICRO_TIME_LAYOUT ? this.#micros() : this.#anyFraction();
    const offset = this.#zone();
    if (this.#at < this.#text.length) throw this.#error(`: extra text: ${quote(this.#text.slice(this.#at))}`);
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    if (day < 1 || date.getUTCDate() !== day) throw this.#error(': day out of range');
    return { seconds: date.getTime() / SECOND_MS + hour * 3_600 + minute * 60 + second - offset, nanos };
  }

  #digits(count: number, element: string): number {
    const part = this.#text.slice(this.#at, this.#at + count);
    if (part.length < count || !/^\d+$/.test(part)) throw this.#cannot(element);
    this.#at += count;
    return Number(part);
  }

  /** Go takes one digit for the hour as well. */
  #hour(): number {
    return this.#digits(/^\d\d/.test(this.#text.slice(this.#at)) ? 2 : 1, '15');
  }

  #literal(c: string): void {
    if (this.#text[this.#at] !== c) throw this.#cannot(c);
    this.#at++;
  }

  #micros(): number {
    const part = this.#text.slice(this.#at, this.#at + 7);
    if (!/^[.,]\d{6}$/.test(part)) throw this.#cannot('.000000');
    this.#at += 7;
    return Number(part.slice(1)) * 1_000;
  }

  #anyFraction(): number {
    const match = /^[.,](\d+)/.exec(this.#text.slice(this.#at));
    if (!match) return 0;
    this.#at += match[0].length;
    return Number((match[1] ?? '').slice(0, 9).padEnd(9, '0'));
  }

  /** Seconds east of UTC. */
  #zone(): number {
    if (this.#text[this.#at] === 'Z') {
      this.#at++;
      return 0;
    }
    const match = /^([+-])(\d\d):(\d\d)/.exec(this.#text.slice(this.#at));
    if (!match) throw this.#cannot('Z07:00');
    const [all, sign, hours, minutes] = match;
    if (Number(hours) > 24) throw this.#error(': time zone offset hour out of range');
    if (Number(minutes) > 60) throw this.#error(': time zone offset minute out of range');
    this.#at += all.length;
    return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60);
  }

  #inRange(value: number, min: number, max: number, what: string): number {
    if (value < min || value > max) throw this.#error(`: ${what} out of range`);
    return value;
  }

  #cannot(element: string): TimeError {
    return this.#error(` as ${quote(this.#layout)}: cannot parse ${quote(this.#text.slice(this.#at))} as ${quote(element)}`);
  }

  #error(rest: string): TimeError {
    return new TimeError(`parsing time ${quote(this.#text)}${rest}`);
  }
}

/** As Go's `time` package quotes: everything outside printable ASCII as the bytes of its UTF-8 form. */
function quote(text: string): string {
  let quoted = '';
  for (const c of text) {
    const code = c.codePointAt(0) ?? 0;
    if (c === '"' || c === '\\') quoted += `\\${c}`;
    else if (code >= 0x20 && code < 0x80) quoted += c;
    else quoted += [...Buffer.from(c)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  }
  return `"${quoted}"`;
}

/** Reads Go's duration text, e.g. `1h15m30.918s`, into nanoseconds. Throws TimeError. */
export function parseDuration(text: string): bigint {
  const sign = text.startsWith('-') ? -1n : 1n;
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0n;
  if (rest === '') throw new TimeError(`time: invalid duration ${quote(text)}`);
  let total = 0n;
  while (rest !== '') {
    const [all = '', whole = '', fraction = '', unit = ''] = /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest) ?? [];
    if (whole === '' && fraction === '') throw new TimeError(`time: invalid duration ${quote(text)}`);
    const nanos = unitOf(unit, text);
    total += BigInt(whole || '0') * nanos + (BigInt(fraction || '0') * nanos) / 10n ** BigInt(fraction.length);
    rest = rest.slice(all.length);
  }
  return sign * total;
}

function unitOf(unit: string, text: string): bigint {
  if (unit === '') throw new TimeError(`time: missing unit in duration ${quote(text)}`);
  if (!Object.hasOwn(NANOS, unit)) throw new TimeError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
  return NANOS[unit as keyof typeof NANOS];
}

/** Writes milliseconds as Go's duration text. */
export const formatMilliseconds = (ms: number): string => formatDuration(BigInt(Math.round(ms * 1_000_000)));

/** Writes nanoseconds as Go's duration text, e.g. `1h15m30s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const n = nanos < 0n ? -nanos : nanos;
  if (n < NANOS.us) return `${sign}${n}ns`;
  if (n < NANOS.ms) return `${sign}${decimal(n, NANOS.us)}µs`;
  if (n < NANOS.s) return `${sign}${decimal(n, NANOS.ms)}ms`;
  const hours = n / NANOS.h;
  const minutes = (n % NANOS.h) / NANOS.m;
  const seconds = `${decimal(n % NANOS.m, NANOS.s)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

function decimal(n: bigint, unit: bigint): string {
  const digits = String(unit).length - 1;
  const fraction = String(n % unit)
    .padStart(digits, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(n / unit) : `${n / unit}.${fraction}`;
}

/** How kubectl shows an age: `45s`, `2m30s`, `3h`, `2d4h`, `1y20d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND_MS);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(ms / MINUTE_MS);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(ms / HOUR_MS);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(ms / DAY_MS);
  if (hours < 192) return two(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.trunc(ms / YEAR_MS);
  return days < 365 * 8 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

const two = (a: number, unitA: string, b: number, unitB: string): string => (b === 0 ? `${a}${unitA}` : `${a}${unitA}${b}${unitB}`);
