import type { KubeObject } from '../../api/index.ts';
import { listMeta, objectMeta } from '../../api/meta/v1/object-meta.ts';
import { list, of, ref, string } from '../../api/schema/fields.ts';
import { message } from '../../api/schema/message.ts';
import type { AnyMessage, Message } from '../../api/schema.ts';

const lists = new WeakMap<AnyMessage, AnyMessage>();

/** The message of a list of a kind: every list has the same two fields. */
export function listMessage(item: Message<KubeObject>): AnyMessage {
  let made = lists.get(item);
  if (!made) {
    made = message(`${item.name}List`, '', () => ({
      apiVersion: string(undefined, ''),
      kind: string(undefined, ''),
      metadata: ref(listMeta, 1, ''),
      items: list(of(item), 2, '', { required: true }),
    }));
    lists.set(item, made);
  }
  return made;
}

/** PartialObjectMetadata, for protobuf. */
export const partialMessage = message('io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
}));
