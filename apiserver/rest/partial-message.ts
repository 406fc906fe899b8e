import { objectMeta } from '../../api/meta/v1/object-meta.ts';
import { ref, string } from '../../api/schema/fields.ts';
import { message } from '../../api/schema/message.ts';

/** PartialObjectMetadata, for protobuf. */
export const partialMessage = message('io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
}));
