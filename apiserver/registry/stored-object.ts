import { type KubeObject, parseJson } from '../../api/index.ts';
import { DecodeError, decodeProtobuf, type Message, PROTOBUF_MAGIC } from '../../api/schema.ts';
import type { WireForm } from './wire-form.ts';

/**
 * The object that another API server stored: as JSON, or as protobuf, which is what kube-apiserver stores unless told otherwise
 * (k8s.io/apiserver's `--storage-media-type`). What it was stored as is not looked at closely: it was valid when it was written.
 *
 * @throws Error when it cannot be read, or was stored in another version than the one that is served.
 */
export function storedObject(stored: Buffer, message: Message<KubeObject>, wire: Pick<WireForm, 'apiVersion' | 'kind'>): KubeObject {
  if (!stored.subarray(0, PROTOBUF_MAGIC.length).equals(PROTOBUF_MAGIC)) return parseJson(stored.toString()) as KubeObject;
  const envelope = decodeProtobuf(stored);
  if (envelope.apiVersion !== wire.apiVersion || envelope.kind !== wire.kind) {
    throw new DecodeError(
      `an object is stored as ${envelope.kind} of ${envelope.apiVersion}, and ${wire.kind} of ${wire.apiVersion} is what can be read`,
    );
  }
  return envelope.decode(message);
}
