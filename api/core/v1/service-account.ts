import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { localObjectReference, objectReference } from './references.ts';

export const serviceAccount = message('io.k8s.api.core.v1.ServiceAccount', 'An identity for the programs that run in pods.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  secrets: list(of(objectReference), 2, 'Secrets pods under it may use; deprecated, and nothing adds tokens here any more.', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  imagePullSecrets: list(of(localObjectReference), 3, 'Secrets with registry credentials, copied to pods that name none.', {
    listType: 'atomic',
  }),
  automountServiceAccountToken: bool(4, 'False keeps tokens out of its pods, unless a pod asks for one; true unless given.', {
    pointer: true,
  }),
}));
export interface ServiceAccount extends Of<typeof serviceAccount> {}
