import { bodies, fields, message } from '../../api/schema.ts';

/** PartialObjectMetadata, for protobuf. */
export const partialMessage = message('io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata', '', () => ({
  apiVersion: fields.string(undefined, ''),
  kind: fields.string(undefined, ''),
  metadata: fields.ref(bodies.objectMeta, 1, '', { present: true }),
}));
