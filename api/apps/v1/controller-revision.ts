import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int64, rawExtension, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const controllerRevision = message(
  'io.k8s.api.apps.v1.ControllerRevision',
  'One past state of a stateful set or daemon set, kept to roll back to; never changed.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    data: rawExtension(2, 'The state itself, as the controller serialised it.'),
    revision: int64(3, 'Number of the state; higher is newer.', { required: true }),
  }),
);
export interface ControllerRevision extends Of<typeof controllerRevision> {}
