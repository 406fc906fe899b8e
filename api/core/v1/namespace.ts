import { objectMeta } from '../../meta/v1/object-meta.ts';
import { item, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const namespaceSpec = message('io.k8s.api.core.v1.NamespaceSpec', '', () => ({
  finalizers: list(item.string(), 1, '', { listType: 'atomic' }),
}));
export interface NamespaceSpec extends Of<typeof namespaceSpec> {}

export const namespaceCondition = message('io.k8s.api.core.v1.NamespaceCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastTransitionTime: time(4, ''),
  reason: string(5, ''),
  message: string(6, ''),
}));
export interface NamespaceCondition extends Of<typeof namespaceCondition> {}

export const namespaceStatus = message('io.k8s.api.core.v1.NamespaceStatus', '', () => ({
  phase: string(1, '', { enum: ['Active', 'Terminating'] }),
  conditions: list(of(namespaceCondition), 2, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface NamespaceStatus extends Of<typeof namespaceStatus> {}

export const namespace = message('io.k8s.api.core.v1.Namespace', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(namespaceSpec, 2, '', { present: true }),
  status: ref(namespaceStatus, 3, '', { present: true }),
}));
export interface Namespace extends Of<typeof namespace> {}
