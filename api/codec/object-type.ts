import { type ApplyType, applyTypeOf } from '../apply/apply-type.ts';
import type { KubeObject } from '../object.ts';
import type { AnyMessage, Message } from '../schema/message.ts';
import { type Decoded, decode } from './decode.ts';
import { decodeText } from './duplicates.ts';

/**
 * How objects of a kind are read, and what they are made of: all that shared code has to know of a kind's schema, be it declared in this
 * package or by a custom resource.
 */
export interface ObjectType<T = KubeObject> {
  /**
   * Brings parsed JSON into the kind's normal form.
   *
   * @param text what it was parsed from, where that is JSON.
   * @throws DecodeError
   */
  decode(raw: unknown, text?: string): Decoded<T>;
  /**
   * Takes over an object that was merged, of what is stored and what was applied: where Go does not convert it, it is not brought into form again.
   * As {@link decode} unless given.
   *
   * @throws DecodeError
   */
  takeOver?(raw: unknown): Decoded<T>;
  /** Everything strict decoding says of a JSON text: `raw` is what it was parsed into, `unknown` what {@link decode} found in that. */
  strictProblems(text: string, raw: unknown, unknown: readonly string[]): readonly string[];
  /** How server-side apply sees an object. */
  readonly applyType: ApplyType;
  /** The struct that objects are in Go; kinds without one have neither protobuf nor strategic merge patch. */
  readonly message: AnyMessage | undefined;
  /** Whether it is not what it once was: stored objects may not fit it. */
  readonly hasChanged?: boolean | undefined;
  /** Whether a body may leave out its kind and apiVersion. */
  readonly typeMetaOptional: boolean;
}

const types = new WeakMap<AnyMessage, ObjectType<unknown>>();

/** The type of the objects that a message declares. */
export function typeOfMessage<T>(message: Message<T>): ObjectType<T> {
  let type = types.get(message);
  if (!type) {
    type = {
      decode: (raw, text) => (text === undefined ? decode(message, raw) : decodeText(message, raw, text)),
      strictProblems: (_text, _raw, unknown) => unknown,
      get applyType() {
        return applyTypeOf(message);
      },
      message,
      typeMetaOptional: true,
    };
    types.set(message, type);
  }
  return type as ObjectType<T>; // what was kept for this message
}
