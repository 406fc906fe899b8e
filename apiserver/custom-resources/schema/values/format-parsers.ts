// Texts that Go's standard library parses: what it takes, and what not.
import { GoUrlError, parseGoRequestUri } from '../../../validation/go-url.ts';

const FULL_DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** A date such as 2006-01-02. */
export function isDate(text: string): boolean {
  const [, year, month, day] = (FULL_DATE.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined || month < 1 || month > 12 || day < 1) return false;
  return day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

const TIME = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/;

/** A date and a time such as 2014-12-15T19:30:20.000Z. */
export function isDateTime(text: string): boolean {
  const [date = '', time] = text.toLowerCase().split('t');
  if (time === undefined || !isDate(date)) return false;
  const [, hours = '', minutes = '', seconds = ''] = TIME.exec(time) ?? [];
  return hours !== '' && hours <= '23' && minutes <= '59' && seconds <= '59';
}

const GO_DURATION = /^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const UNIT_NANOSECONDS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };
const INT64_MAX = 2 ** 63;

function isGoDuration(text: string): boolean {
  if (!GO_DURATION.test(text)) return false;
  let nanoseconds = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    nanoseconds += Number(amount) * (UNIT_NANOSECONDS[unit] ?? 0);
  }
  return nanoseconds < INT64_MAX;
}

/** Units of a length of time, as Scala has them: the last of each line may go on, as in `days`. */
const UNITS: readonly (readonly string[])[] = [
  ['ns', 'nano'],
  ['us', 'µs', 'micro'],
  ['ms', 'milli'],
  ['s', 'sec'],
  ['m', 'min'],
  ['h', 'hr', 'hour'],
  ['d', 'day'],
  ['w', 'wk', 'week'],
];

const isUnit = (unit: string): boolean => UNITS.some((names) => names.includes(unit) || unit.startsWith(names.at(-1) ?? ''));

/** A length of time: Go's `1h30m`, or `22 ns` and `3 days`. */
export function isDuration(text: string): boolean {
  if (isGoDuration(text)) return true;
  const parts = [...text.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)];
  if (parts.some(([, amount]) => Number(amount) >= INT64_MAX)) return false;
  return parts.some(([, , unit = '']) => isUnit(unit.toLowerCase()));
}

/** A MAC address of 6, 8 or 20 bytes, in pairs (`-` or `:`) or in fours (`.`). */
export function isMac(text: string): boolean {
  for (const [separator, width] of [
    [':', 2],
    ['-', 2],
    ['.', 4],
  ] as const) {
    if (text[width] !== separator) continue;
    const groups = text.split(separator);
    if (![6, 8, 20].includes((groups.length * width) / 2)) return false;
    return groups.every((group) => group.length === width && /^[0-9a-fA-F]+$/.test(group));
  }
  return false;
}

const ATOM = "[-A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\uffff]+";
const QUOTED = '"(?:[^"\\\\\\u0000-\\u001f\\u007f]|\\\\[\\u0020-\\u007e])*"';
const LOCAL = `(?:${ATOM}(?:\\.${ATOM})*|${QUOTED})`;
const DOMAIN = `(?:${ATOM}(?:\\.${ATOM})*|\\[[^\\[\\]\\\\\\s]+\\])`;
const ADDRESS = `[ \\t]*${LOCAL}[ \\t]*@[ \\t]*${DOMAIN}[ \\t]*`;
const COMMENT = '(?:\\([^()]*\\)[ \\t]*)?';
const PLAIN_EMAIL = new RegExp(`^${ADDRESS}${COMMENT}$`);
const NAMED_EMAIL = new RegExp(`^(?<name>[^<>]*)<${ADDRESS}>[ \\t]*${COMMENT}$`);
const DISPLAY_NAME = new RegExp(`^[ \\t]*(?:(?:(?:${ATOM}|\\.)+|${QUOTED})[ \\t]*)*$`);

/** Longer addresses are none; patterns look at no more than this. */
const EMAIL_CHARS_MAX = 1_000;

/** An address as Go's `mail.ParseAddress` takes it: `a@b.c`, or `Name <a@b.c>`. */
export function isEmail(text: string): boolean {
  if (text.length > EMAIL_CHARS_MAX) return false;
  if (PLAIN_EMAIL.test(text)) return true;
  const name = NAMED_EMAIL.exec(text)?.groups?.name;
  return name !== undefined && DISPLAY_NAME.test(name);
}

/** An absolute URI or an absolute path, as Go's `url.ParseRequestURI` takes it. */
export function isRequestUri(text: string): boolean {
  try {
    parseGoRequestUri(text);
    return true;
  } catch (error) {
    if (error instanceof GoUrlError) return false;
    throw error;
  }
}
