// The careful second look at a body: what does not fit, in Go's words and in Go's order, and what is not known.
//
// Go notes the first value of a wrong type and goes on; a text that a type's own reader refuses (a quantity, a time) ends the
// decoding at once, and that error is the one returned.

import { stringifyJson } from '../json.ts';
import { JsonFloat, JsonMembers } from '../json-reader.ts';
import type { FieldInfo, FieldType, ScalarType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';
import { elementTypeOf, goFieldType, structNameOf, structTypeOf } from './go-types.ts';
import { isPlain } from './reader.ts';
import { MISFIT, SCALAR_READERS } from './scalars.ts';

export interface Diagnosis {
  /** Why the body cannot be decoded. */
  readonly error?: string | undefined;
  /** Unknown fields, and repeated ones if the body was read with its members kept; in document order, each once. */
  readonly problems: readonly string[];
}

/** Upstream stops counting here. */
const PROBLEMS_MAX = 100;

/** @param raw JSON, with objects either plain or as {@link JsonMembers}. */
export function diagnose(message: AnyMessage, raw: unknown): Diagnosis {
  const walk = new Walk();
  try {
    walk.struct(message, raw, { type: structTypeOf(message) });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { error: error.message, problems: [] };
  }
  return { error: walk.firstMisfit, problems: [...walk.problems] };
}

/** A type's own reader refused a text. */
class Refused extends Error {}

/** Where a value of a wrong type was found: the Go type it was meant for. */
interface Wanted {
  readonly type: string;
}

class Walk {
  readonly problems = new Set<string>();
  firstMisfit: string | undefined;
  /** Name of the innermost struct, and the fields down to here without indices: what Go calls the error's context. */
  #struct = '';
  readonly #fields: string[] = [];
  /** The path with indices and map keys, for unknown fields. */
  #path = '';

  struct(message: AnyMessage, raw: unknown, wanted: Wanted): void {
    const members = membersOf(raw);
    if (!members) {
      this.#misfit(raw, wanted.type);
      return;
    }
    const outer = this.#struct;
    const path = this.#path;
    const seen = new Set<string>();
    for (const [key, value] of members) {
      const info = message.fields.get(key);
      this.#path = path === '' ? key : `${path}.${key}`;
      if (!info) {
        if (value !== undefined) this.#problem('unknown');
        continue;
      }
      this.#struct = structNameOf(message);
      if (seen.has(key)) this.#problem('duplicate');
      seen.add(key);
      this.#fields.push(key);
      this.#field(message, info, { key, value });
      this.#fields.pop();
    }
    this.#struct = outer;
    this.#path = path;
  }

  #field(message: AnyMessage, info: FieldInfo, member: { readonly key: string; readonly value: unknown }): void {
    this.#value(info.type, member.value, { type: goFieldType(message, member.key, info.type) });
  }

  #value(type: FieldType, raw: unknown, wanted: Wanted): void {
    if (raw === null || raw === undefined) return;
    switch (type.kind) {
      case 'scalar':
        this.#scalar(type.scalar, raw, wanted);
        return;
      case 'message':
        this.struct(type.message, raw, wanted);
        return;
      case 'list':
        this.#list(type.items, raw, wanted);
        return;
      case 'map':
        this.#map(type.values, raw, wanted);
    }
  }

  #list(items: FieldType, raw: unknown, wanted: Wanted): void {
    if (!Array.isArray(raw)) {
      this.#misfit(raw, wanted.type);
      return;
    }
    const path = this.#path;
    const inner: Wanted = { type: elementTypeOf(wanted.type, items) };
    raw.forEach((item: unknown, index) => {
      this.#path = `${path}[${index}]`;
      this.#value(items, item, inner);
    });
    this.#path = path;
  }

  #map(values: FieldType, raw: unknown, wanted: Wanted): void {
    const members = membersOf(raw);
    if (!members) {
      this.#misfit(raw, wanted.type);
      return;
    }
    const path = this.#path;
    const inner: Wanted = { type: elementTypeOf(wanted.type, values) };
    const seen = new Set<string>();
    for (const [key, value] of members) {
      this.#path = `${path}.${key}`;
      if (seen.has(key)) this.#problem('duplicate');
      seen.add(key);
      this.#value(values, value, inner);
    }
    this.#path = path;
  }

  #scalar(scalar: ScalarType, raw: unknown, wanted: Wanted): void {
    if (raw instanceof JsonMembers && isOpen(scalar)) return;
    let value: unknown;
    try {
      value = SCALAR_READERS[scalar](givenTo(scalar, raw));
    } catch (error) {
      throw new Refused(error instanceof Error ? error.message : String(error));
    }
    if (value !== MISFIT) return;
    if (scalar === 'bytes' && typeof raw === 'string') this.#note(corruptBase64(raw));
    else if (OWN_READERS.has(scalar)) throw new Refused(this.#misfitText(raw, OWN_READERS.get(scalar) ?? ''));
    else this.#misfit(raw, wanted.type, scalar === 'int32' || scalar === 'int64');
  }

  #problem(what: 'unknown' | 'duplicate'): void {
    if (this.problems.size < PROBLEMS_MAX) this.problems.add(`${what} field ${JSON.stringify(this.#path)}`);
  }

  #misfit(raw: unknown, type: string, whole = false): void {
    this.#note(this.#misfitText(raw, type, whole));
  }

  #misfitText(raw: unknown, type: string, whole = type === 'int32'): string {
    const where = this.#struct === '' ? 'value' : `struct field ${this.#struct}.${this.#fields.join('.')}`;
    return `json: cannot unmarshal ${describe(raw, whole)} into Go ${where} of type ${type}`;
  }

  #note(text: string): void {
    this.firstMisfit ??= text;
  }
}

/** Scalars whose Go types read their own JSON, and the type they read it into. */
export const OWN_READERS: ReadonlyMap<ScalarType, string> = new Map<ScalarType, string>([
  ['intOrString', 'int32'],
  ['time', 'string'],
  ['microTime', 'string'],
  ['duration', 'string'],
]);

/** Scalars that Go reads integers for, by what is written: `80.0` is none. */
const WHOLE: ReadonlySet<ScalarType> = new Set<ScalarType>(['int32', 'int64', 'intOrString']);

/** A value as the reader of a scalar takes it. */
function givenTo(scalar: ScalarType, raw: unknown): unknown {
  if (raw instanceof JsonMembers) return {};
  return raw instanceof JsonFloat && !WHOLE.has(scalar) ? raw.value : raw;
}

const isOpen = (scalar: ScalarType): boolean => scalar === 'rawExtension' || scalar === 'fieldsV1' || scalar === 'json';

function membersOf(raw: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (raw instanceof JsonMembers) return raw.entries;
  return isPlain(raw) && !(raw instanceof JsonFloat) ? Object.entries(raw) : undefined;
}

function describe(raw: unknown, whole: boolean): string {
  if (raw instanceof JsonFloat) return whole ? `number ${raw.text}` : 'number';
  if (typeof raw === 'number' || typeof raw === 'bigint') return whole ? `number ${stringifyJson(raw)}` : 'number';
  if (typeof raw === 'boolean') return 'bool';
  if (typeof raw === 'string') return 'string';
  return Array.isArray(raw) ? 'array' : 'object';
}

/** What Go says of text that is no base64: where its decoder stops (`encoding/base64`, `decodeQuantum`). */
export const corruptBase64 = (text: string): string => `illegal base64 data at input byte ${whereBase64Ends(text)}`;

/** Digits come in groups of four, with line breaks anywhere; only the last group may be padded. */
function whereBase64Ends(text: string): number {
  const other = text.search(/[^A-Za-z0-9+/\r\n]/);
  const at = other < 0 ? text.length : other;
  const inGroup = text.slice(0, at).replace(/[\r\n]/g, '').length % 4;
  if (other < 0) return text.length - inGroup;
  if (text[at] !== '=' || inGroup < 2) return at;
  const next = afterLineBreaks(text, at + 1);
  if (inGroup === 3) return next; // what stands behind the padding
  if (next >= text.length) return text.length;
  return text[next] === '=' ? afterLineBreaks(text, next + 1) : next - 1;
}

function afterLineBreaks(text: string, from: number): number {
  let at = from;
  while (text[at] === '\r' || text[at] === '\n') at++;
  return at;
}
