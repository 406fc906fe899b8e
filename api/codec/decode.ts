import { JsonReader } from '../json-reader.ts';
import { isObject } from '../patch/json-value.ts';
import type { AnyMessage, Message } from '../schema/message.ts';
import { DecodeError } from './decode-error.ts';
import { diagnose } from './diagnosis.ts';
import { noteEmpties } from './given-empties.ts';
import { type ReadState, structReader } from './reader.ts';

export interface Decoded<T> {
  readonly object: T;
  /** The fields that are not in the schema and were dropped, as upstream reports them: `unknown field "spec.foo"`. */
  readonly unknown: readonly string[];
}

/**
 * Decodes parsed JSON into a message's normal form: exactly what upstream would answer for it. Maps and lists of scalars may be shared
 * with the input, which must not be changed afterwards.
 *
 * @param text what it was parsed from, where that is JSON: `80.0` is no integer to Go.
 * @throws DecodeError with the text of Go's decoder.
 */
export function decode<T>(message: Message<T>, raw: unknown, text?: string): Decoded<T> {
  const misfit = text === undefined ? undefined : floatMisfit(message, text);
  if (misfit !== undefined) throw new DecodeError(misfit);
  const reader = structReader(message);
  if (raw === null || raw === undefined) return { object: reader.zero() as T, unknown: [] };
  const state: ReadState = { odd: false };
  const object = readOrExplain(message, raw, state);
  if (state.emptied && isObject(object)) noteEmpties(message, raw, object);
  if (!state.odd) return { object: object as T, unknown: [] };
  const { error, problems } = diagnose(message, raw);
  if (error !== undefined) throw new DecodeError(error);
  return { object: object as T, unknown: problems };
}

/**
 * A number where a value may begin, with a fraction or an exponent. There may be such text within strings too, but not in those that nearly every
 * object has: tags of images and times have no quote before their colons.
 */
const FLOAT = /(?:"\s*:|[,[])\s*-?\d+[.eE]/;

/** What Go's decoder says of a JSON text that has such numbers; undefined when it takes them, or there are none. */
export function floatMisfit(message: AnyMessage, text: string): string | undefined {
  return FLOAT.test(text) ? diagnose(message, new JsonReader(text, { keepMembers: true, keepFloats: true }).read()).error : undefined;
}

/** Readers of quantities and times throw; which of several mistakes is reported is the diagnosis' business. */
function readOrExplain(message: Message, raw: unknown, state: ReadState): unknown {
  try {
    return structReader(message).read(raw, state);
  } catch (cause) {
    const { error } = diagnose(message, raw);
    if (error === undefined) throw cause;
    throw new DecodeError(error, { cause });
  }
}
