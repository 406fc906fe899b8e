import { type KubeObject, parseJson } from '../../api/index.ts';
import { type AnyMessage, decodeProtobuf, type Message, PROTOBUF_MAGIC } from '../../api/schema.ts';
import { type KeyValue, StoreError } from '../../store/index.ts';
import type { WireForm } from './wire-form.ts';

/** How values begin that kube-apiserver encrypted (k8s.io/apiserver, pkg/server/options/encryptionconfig). */
const ENCRYPTED = 'k8s:enc:';

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
  if (value.toString('latin1', 0, ENCRYPTED.length) === ENCRYPTED) throw new Error('it is encrypted');
  return parseJson(value.toString()) as KubeObject;
}
