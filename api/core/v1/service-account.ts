import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { localObjectReference, objectReference } from './references.ts';

export const serviceAccount = message('io.k8s.api.core.v1.ServiceAccount', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  secrets: list(of(objectReference), 2, '', { listType: 'map', listMapKeys: ['name'], patchMergeKey: 'name', patchStrategy: 'merge' }),
  imagePullSecrets: list(of(localObjectReference), 3, '', { listType: 'atomic' }),
  automountServiceAccountToken: bool(4, '', { pointer: true }),
}));
export interface ServiceAccount extends Of<typeof serviceAccount> {}
