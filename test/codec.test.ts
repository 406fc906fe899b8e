// Every kind through every encoding, with arbitrary objects: the codec has no code per kind, so that a declaration is all it can stumble on.
import { describe, expect, it } from 'vitest';
import { parseJson, stringifyJson } from '../api/index.ts';
import { zodOf } from '../api/schema/zod.ts';
import { type AnyMessage, BUILT_IN_KINDS, decode, decodeProtobuf, decodeText, encodeProtobuf } from '../api/schema.ts';
import { seededRandom } from '../runtime/index.ts';
import { arbitraryObject } from './support/arbitrary.ts';

const SAMPLES = 15;
const SEED = 20_240_101;

const kinds = BUILT_IN_KINDS.map(({ info, message }): [string, AnyMessage] => [`${info.group}/${info.version} ${info.kind}`, message]);

function samples(message: AnyMessage): unknown[] {
  const random = seededRandom(SEED);
  return Array.from({ length: SAMPLES }, () => parseJson(stringifyJson(arbitraryObject(message, random))));
}

/** Where JSON tells an empty list from none, protobuf cannot, and has none. */
function withoutEmptyLists(message: AnyMessage, object: unknown): unknown {
  if (typeof object !== 'object' || object === null) return object;
  const entries = Object.entries(object).map(([name, value]: [string, unknown]) => {
    const field = message.fields.get(name);
    if (field?.keepsEmpty && Array.isArray(value) && value.length === 0) return [name, null];
    return [name, field?.type.kind === 'message' ? withoutEmptyLists(field.type.message, value) : value];
  });
  return Object.fromEntries(entries);
}

describe(`every kind, seed ${SEED}`, () => {
  it.each(kinds)('%s: what is decoded conforms to its zod schema', (_, message) => {
    for (const sample of samples(message)) {
      const { object, unknown } = decode(message, sample);
      expect(unknown).toEqual([]);
      expect(zodOf(message).safeParse(object).error?.issues ?? []).toEqual([]);
    }
  });

  it.each(kinds)('%s: decoding what was decoded changes nothing', (_, message) => {
    for (const sample of samples(message)) {
      const text = stringifyJson(decode(message, sample).object);
      expect(stringifyJson(decode(message, parseJson(text)).object)).toBe(text);
    }
  });

  it.each(kinds)('%s: protobuf carries all of it', (_, message) => {
    for (const sample of samples(message)) {
      const { object } = decode(message, sample);
      const back = decodeProtobuf(encodeProtobuf(message, object, { apiVersion: '', kind: '' })).decode(message);
      expect(stringifyJson(back)).toBe(stringifyJson(withoutEmptyLists(message, object)));
    }
  });

  it.each(kinds)('%s: one field too many is told with its path, wherever it is', (_, message) => {
    for (const sample of samples(message).slice(0, 3)) {
      const spoiled = { ...(sample as object), nobodyKnows: { this: 1 } };
      const { unknown } = decode(message, spoiled);
      expect(unknown).toEqual(['unknown field "nobodyKnows"']);
      expect(decodeText(message, spoiled, stringifyJson(spoiled)).unknown).toEqual(unknown);
    }
  });
});
