// Each scalar from what JSON gives to its normal form. Shared by the reader (which only asks whether it fits) and by the
// diagnosis (which says why it does not).
import { canonicalQuantity } from '../quantity.ts';
import type { ScalarType } from '../schema/field.ts';
import { formatDuration, MICRO_TIME_LAYOUT, parseDuration, parseGoTime, TIME_LAYOUT, ZERO_TIME_SECONDS } from '../time.ts';

/** Says that a value does not fit its type; nothing else is thrown for it on the hot path. */
export const MISFIT: unique symbol = Symbol('misfit');

export type ScalarReader = (raw: unknown) => unknown;

const INT32_MAX = 2_147_483_647;
const INT64_MAX = 2n ** 63n - 1n;

const string: ScalarReader = (raw) => (typeof raw === 'string' ? raw : MISFIT);
const bool: ScalarReader = (raw) => (typeof raw === 'boolean' ? raw : MISFIT);
const int32: ScalarReader = (raw) =>
  typeof raw === 'number' && Number.isInteger(raw) && raw <= INT32_MAX && raw >= -INT32_MAX - 1 ? raw : MISFIT;
const double: ScalarReader = (raw) => (typeof raw === 'number' ? raw : typeof raw === 'bigint' ? Number(raw) : MISFIT);

function int64(raw: unknown): unknown {
  if (typeof raw === 'number') return Number.isSafeInteger(raw) ? raw : MISFIT;
  return typeof raw === 'bigint' && raw <= INT64_MAX && raw >= -INT64_MAX - 1n ? raw : MISFIT;
}

const isByte = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function bytes(raw: unknown): unknown {
  if (Array.isArray(raw) && raw.every(isByte)) return Buffer.from(raw).toString('base64');
  if (typeof raw !== 'string') return MISFIT;
  const plain = raw.includes('\n') || raw.includes('\r') ? raw.replace(/[\r\n]/g, '') : raw;
  return plain.length % 4 === 0 && BASE64.test(plain) ? plain : MISFIT;
}

/** As upstream, a quantity may be a bare number too. Throws QuantityError. */
function quantity(raw: unknown): unknown {
  if (typeof raw === 'string') return canonicalQuantity(raw.trim());
  return canonicalQuantity(typeof raw === 'number' || typeof raw === 'bigint' ? String(raw) : JSON.stringify(raw));
}

const intOrString: ScalarReader = (raw) => (typeof raw === 'string' ? raw : int32(raw));

/** Times that need no look at the calendar: the 29th to the 31st are left to the careful reader. */
const PLAIN_TIME = /^[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
const PLAIN_MICRO_TIME = /^[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/;

/** Throws TimeError. Go's zero time is written as null. */
function time(raw: unknown): unknown {
  if (typeof raw !== 'string') return MISFIT;
  if (PLAIN_TIME.test(raw)) return raw;
  const { seconds } = parseGoTime(raw, TIME_LAYOUT);
  return seconds === ZERO_TIME_SECONDS ? null : `${new Date(seconds * 1_000).toISOString().slice(0, -5)}Z`;
}

function microTime(raw: unknown): unknown {
  if (typeof raw !== 'string') return MISFIT;
  if (PLAIN_MICRO_TIME.test(raw)) return raw;
  const { seconds, nanos } = parseGoTime(raw, MICRO_TIME_LAYOUT);
  if (seconds === ZERO_TIME_SECONDS && nanos === 0) return null;
  const micros = String(Math.floor(nanos / 1_000)).padStart(6, '0');
  return `${new Date(seconds * 1_000).toISOString().slice(0, -5)}.${micros}Z`;
}

const duration: ScalarReader = (raw) => (typeof raw === 'string' ? formatDuration(parseDuration(raw)) : MISFIT);
const anything: ScalarReader = (raw) => raw;

/** The readers; those of quantities, times and durations throw an error that says what is wrong with a text. */
export const SCALAR_READERS: Readonly<Record<ScalarType, ScalarReader>> = {
  string,
  int32,
  int64,
  double,
  bool,
  bytes,
  quantity,
  intOrString,
  time,
  microTime,
  duration,
  rawExtension: anything,
  fieldsV1: anything,
  json: anything,
};

/** What Go has where nothing was given, as it is written in JSON. */
export const SCALAR_ZEROS: Readonly<Record<ScalarType, unknown>> = {
  string: '',
  int32: 0,
  int64: 0,
  double: 0,
  bool: false,
  bytes: null,
  quantity: '0',
  intOrString: 0,
  time: null,
  microTime: null,
  duration: '0s',
  rawExtension: null,
  fieldsV1: null,
  json: null,
};
