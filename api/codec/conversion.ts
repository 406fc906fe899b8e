// What does not fit, in the words of the converter that upstream uses where there is no JSON text but a map: after a strategic merge patch
// (apimachinery, `pkg/runtime/converter.go`). It goes by the fields of the struct, and stops at the first misfit.
import { goFormat, goTypeName, setMember } from '../patch/json-value.ts';
import type { FieldType, ScalarType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';
import { DecodeError } from './decode-error.ts';
import { corruptBase64, OWN_READERS } from './diagnosis.ts';
import { elementTypeOf, goFieldType } from './go-types.ts';
import type { ObjectType } from './object-type.ts';
import { isPlain } from './reader.ts';
import { MISFIT, SCALAR_READERS } from './scalars.ts';

/** The Go kinds of scalars that are plain values. */
const KINDS: ReadonlyMap<ScalarType, string> = new Map<ScalarType, string>([
  ['string', 'string'],
  ['int32', 'int32'],
  ['int64', 'int64'],
  ['double', 'float64'],
  ['bool', 'bool'],
]);

/** @returns why a map is not an object of this type, as upstream's converter says it; undefined if it is one. */
function conversionMisfit(message: AnyMessage, raw: unknown): string | undefined {
  if (!isPlain(raw)) return `cannot restore struct from: ${goKind(raw)}`;
  for (const [name, { type }] of message.fields) {
    const misfit = valueMisfit(type, raw[name], goFieldType(message, name, type));
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

function valueMisfit(type: FieldType, raw: unknown, goType: string): string | undefined {
  if (raw === null || raw === undefined) return undefined;
  if (type.kind === 'scalar') return scalarMisfit(type.scalar, raw, goType);
  if (type.kind === 'message') return conversionMisfit(type.message, raw);
  if (type.kind === 'list') {
    if (!Array.isArray(raw)) return `cannot restore slice from ${goKind(raw)}`;
    return firstMisfit(type.items, raw, goType);
  }
  if (!isPlain(raw)) return `cannot restore map from ${goKind(raw)}`;
  return firstMisfit(type.values, Object.values(raw), goType);
}

function firstMisfit(type: FieldType, values: readonly unknown[], goType: string): string | undefined {
  const inner = elementTypeOf(goType, type);
  for (const value of values) {
    const misfit = valueMisfit(type, value, inner);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

/**
 * An object of a map, as upstream's converter makes it: what does not fit is told in its words, and whole numbers that are too large for their
 * fields are others then.
 *
 * @throws DecodeError
 */
export function convertMap<T>(type: ObjectType<T>, raw: unknown): ReturnType<ObjectType<T>['decode']> {
  if (type.takeOver) return type.takeOver(raw);
  try {
    return type.decode(raw);
  } catch (error) {
    const { message } = type;
    if (!(error instanceof DecodeError) || !message) throw error;
    const why = conversionMisfit(message, raw);
    if (why !== undefined) throw new DecodeError(why, { cause: error });
    return type.decode(wrapIntegers({ kind: 'message', message }, raw));
  }
}

/** A map in which whole numbers have as many bits as their fields: Go's conversion drops the others. */
function wrapIntegers(type: FieldType, raw: unknown): unknown {
  if (type.kind === 'scalar') return wrapInteger(type.scalar, raw);
  if (type.kind === 'list') return Array.isArray(raw) ? raw.map((item) => wrapIntegers(type.items, item)) : raw;
  if (!isPlain(raw)) return raw;
  const typeOf = (name: string) => (type.kind === 'map' ? type.values : type.message.fields.get(name)?.type);
  const wrapped: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    const inner = typeOf(name);
    setMember(wrapped, name, inner ? wrapIntegers(inner, value) : value);
  }
  return wrapped;
}

function wrapInteger(scalar: ScalarType, raw: unknown): unknown {
  if (scalar === 'int32' && isWide(raw)) return Number(BigInt.asIntN(32, BigInt(raw)));
  if (!isHuge(raw)) return raw;
  // A float that no integer can hold is the lowest one of 64 bits on amd64.
  return scalar === 'int32' ? 0 : scalar === 'int64' ? LOWEST : raw;
}

const LOWEST = -(2n ** 63n);

/** Whether a value is a whole number that takes more than 64 bits, which Go has as a float. */
const isHuge = (raw: unknown): raw is number | bigint =>
  typeof raw === 'bigint' ? BigInt.asIntN(64, raw) !== raw : typeof raw === 'number' && Number.isInteger(raw) && Math.abs(raw) >= 2 ** 63;

/** Whether a value is a whole number of 64 bits. */
const isWide = (raw: unknown): raw is number | bigint =>
  typeof raw === 'bigint' ? BigInt.asIntN(64, raw) === raw : typeof raw === 'number' && Number.isInteger(raw) && Math.abs(raw) < 2 ** 63;

/** Whether a whole number is taken for a field that is too small for it. */
const isWrapped = (scalar: ScalarType, raw: unknown): boolean => wrapInteger(scalar, raw) !== raw || (scalar === 'int32' && isWide(raw));

function scalarMisfit(scalar: ScalarType, raw: unknown, goType: string): string | undefined {
  if (isWrapped(scalar, raw)) return undefined;
  try {
    if (SCALAR_READERS[scalar](raw) !== MISFIT) return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const own = OWN_READERS.get(scalar);
  if (own !== undefined) return `json: cannot unmarshal ${ownKind(raw, own)} into Go value of type ${own}`;
  if (scalar === 'bytes') {
    return typeof raw === 'string' ? `error decoding from json: ${corruptBase64(raw)}` : `cannot restore slice from ${goKind(raw)}`;
  }
  const kind = KINDS.get(scalar) ?? '';
  return isNumber(raw) && isConvertible(raw, kind) ? `cannot convert ${goKind(raw)} to ${goType}` : `unrecognized type: ${kind}`;
}

const isNumber = (raw: unknown): boolean => typeof raw === 'number' || typeof raw === 'bigint';

/** To Go a whole number can be a text (of one letter), but none can be a bool. */
const isConvertible = (raw: unknown, kind: string): boolean => (kind === 'string' ? goKind(raw) === 'int64' : kind !== 'bool');

/** Go's kind of what JSON is decoded into. */
function goKind(raw: unknown): string {
  if (Array.isArray(raw)) return 'slice';
  return isPlain(raw) ? 'map' : goTypeName(raw);
}

/** The same for what reads itself: of a number that is to be a whole one, all is told. */
const ownKind = (raw: unknown, own: string): string => (own === 'int32' && isNumber(raw) ? `number ${goFormat(raw)}` : jsonKind(raw));

/** What Go's decoder calls it. */
function jsonKind(raw: unknown): string {
  if (isNumber(raw)) return 'number';
  if (Array.isArray(raw)) return 'array';
  return isPlain(raw) ? 'object' : goTypeName(raw);
}
