// What a plain YAML scalar means: YAML 1.1 as Go's yaml.v2 has it, not as the specification does (`12:30` is a text, `0777` is octal).
import { DecodeError } from '../decode-error.ts';

const TRUE: ReadonlySet<string> = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const FALSE: ReadonlySet<string> = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);
const NULL: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

const INTEGER = /^([-+]?)(?:(0[bB])([01]+)|(0[xX])([0-9a-fA-F]+)|(0[oO]?)([0-7]+)|(0|[1-9]\d*))$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/** The value of a plain scalar. It may be a number that JSON cannot carry. */
export function resolvePlain(text: string): string | number | bigint | boolean | null {
  if (NULL.has(text)) return null;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  if (NOT_FINITE.test(text)) return Number.NaN;
  return /^[-+.\d]/.test(text) ? (resolveNumber(text) ?? text) : text;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The text that a scalar marked `!!binary` carries. @throws DecodeError */
export function resolveBinary(text: string): string {
  const encoded = text.replaceAll(/[\r\n]/g, '');
  if (!BASE64.test(encoded)) throw new DecodeError('!!binary value contains invalid base64 data');
  return Buffer.from(encoded, 'base64').toString();
}

function resolveNumber(text: string): number | bigint | undefined {
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  return resolveInteger(plain) ?? (FLOAT.test(plain) ? finite(Number(plain)) : undefined);
}

/** What no 64 bits can hold is a text. */
const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);

function resolveInteger(text: string): number | bigint | undefined {
  const match = INTEGER.exec(text);
  if (!match) return undefined;
  const [, sign, , binary, , hex, , octal, decimal] = match;
  const digits =
    binary !== undefined ? `0b${binary}` : hex !== undefined ? `0x${hex}` : octal !== undefined ? `0o${octal}` : (decimal ?? '0');
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  if (value < INT64_MIN || value > UINT64_MAX) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Whether a text, written plainly, would be read as something else; here or by older libraries, which know numbers to the base of 60. */
export const needsQuotes = (text: string): boolean =>
  resolvePlain(text) !== text || /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/.test(text) || isTimestamp(text);

const TIMESTAMP =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(?:Z|[-+](\d\d):(\d\d)))|(?: (\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?))?$/;

function isTimestamp(text: string): boolean {
  const [matched, year, month, day, ...rest] = (TIMESTAMP.exec(text) ?? []).map(Number);
  if (matched === undefined) return false;
  const [hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0, ...plain] = rest.map((part) => part || 0);
  const [hourOnly = 0, minuteOnly = 0, secondOnly = 0] = plain;
  const isTime = hour + hourOnly < 24 && minute + minuteOnly < 60 && second + secondOnly < 60 && zoneHour <= 24 && zoneMinute < 60;
  return isTime && isDay(year ?? 0, month ?? 0, day ?? 0);
}

function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= (month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);
}
