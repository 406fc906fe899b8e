import type { KubeObject } from '../../api/index.ts';
import type { AnyMessage } from '../../api/schema.ts';
import type { KeyValue } from '../../store/index.ts';
import { storedObject } from './stored-object.ts';
import type { WireForm } from './wire-form.ts';

/**
 * What lies between an object's encoded form ({@link WireForm}) and the bytes in the store. For most kinds there is nothing between them;
 * kinds whose objects are stored in another version, or by another schema, are brought into form.
 */
export interface StoredForm {
  /** What is written for an object, which `encoded` is the encoded form of: the same bytes where there is nothing to convert. */
  store(encoded: Buffer, object: KubeObject): Buffer | Promise<Buffer>;
  /** Whether bytes from the store, whoever wrote them, are an encoded form as they lie. */
  isEncoded(stored: Buffer): boolean;
  /** The encoded form of a pair whose value is none. Only called for what {@link convert} need not be asked about. */
  read(stored: Pick<KeyValue, 'key' | 'value'>): Buffer;
  /** Whether objects are brought into form when they are first looked at. Otherwise at once, so that what cannot be read is known at once. */
  readonly isReadLater?: boolean | undefined;
  /** For forms that somebody else has to be asked for. */
  readonly converter?: StoredConverter | undefined;
}

/** Brings bytes into the encoded form that only somebody else can convert: a conversion webhook. */
export interface StoredConverter {
  /** Whether it is to be asked about these bytes. */
  isNeeded(stored: Buffer): boolean;
  /** The encoded forms of several. Rejects when one of them cannot be had. */
  convert(stored: readonly Buffer[]): Promise<readonly Buffer[]>;
  /** Calls a function when it is worth asking again. */
  later(work: () => void): void;
}

/** The form of kinds that are stored as they are served; another API server may have laid them out differently, or as protobuf. */
export const plainForm = (wire: WireForm, message?: AnyMessage): StoredForm => ({
  store: (encoded) => encoded,
  isEncoded: (stored) => wire.isStored(stored),
  read: (stored) => wire.encode(storedObject(stored, message, wire)),
});
