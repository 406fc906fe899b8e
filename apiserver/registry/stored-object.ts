import { type KubeObject, parseOwnJson } from '../../api/index.ts';
import { type AnyMessage, decodeProtobuf, type Message, PROTOBUF_MAGIC } from '../../api/schema.ts';
import { type KeyValue, StoreError } from '../../store/index.ts';
import type { WireForm } from './wire-form.ts';

/** How values begin that are encrypted (k8s.io/apiserver, pkg/server/options/encryptionconfig). */
const SEALED = 'k8s:enc:';

/** Whether a value is encrypted. */
export const isSealed = (value: Buffer): boolean => value.toString('latin1', 0, SEALED.length) === SEALED;

/** A value that cannot be opened; upstream's text. */
export const sealedError = (key: string, why: string): StoreError =>
  new StoreError('Corrupt', `unable to transform key ${JSON.stringify(key)}: ${why}`);

/**
 * The object that another API server stored: as JSON, or as protobuf, which is what kube-apiserver stores unless told otherwise
 * (`--storage-media-type`). It was valid when it was written, and is not looked at again.
 *
 * @throws StoreError `Corrupt` when it cannot be read, also when it was stored in another version than the one that is served.
 */
export function storedObject(
  { key, value }: Pick<KeyValue, 'key' | 'value'>,
  message: AnyMessage | undefined,
  wire: Pick<WireForm, 'apiVersion' | 'kind'>,
): KubeObject {
  // Those who were not told how to open it read as upstream's identity transformer does.
  if (isSealed(value)) throw sealedError(key, 'identity transformer tried to read encrypted data');
  try {
    return read(value, message, wire);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError('Corrupt', `${key} in the store cannot be read: ${why}`, { cause: error });
  }
}

function read(value: Buffer, message: AnyMessage | undefined, { apiVersion, kind }: Pick<WireForm, 'apiVersion' | 'kind'>): KubeObject {
  if (message && value.subarray(0, PROTOBUF_MAGIC.length).equals(PROTOBUF_MAGIC)) {
    const envelope = decodeProtobuf(value);
    if (envelope.apiVersion !== apiVersion || envelope.kind !== kind) {
      throw new Error(`it is stored as ${envelope.kind} of ${envelope.apiVersion}, and ${kind} of ${apiVersion} is served`);
    }
    return envelope.decode(message as Message<KubeObject>);
  }
  return parseOwnJson(value.toString()) as KubeObject;
}
