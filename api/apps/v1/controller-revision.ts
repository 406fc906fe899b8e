import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int64, rawExtension, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const controllerRevision = message('io.k8s.api.apps.v1.ControllerRevision', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  data: rawExtension(2, ''),
  revision: int64(3, '', { required: true }),
}));
export interface ControllerRevision extends Of<typeof controllerRevision> {}
