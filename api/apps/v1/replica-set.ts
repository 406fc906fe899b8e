import { podTemplateSpec } from '../../core/v1/pod.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, int64, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const replicaSetSpec = message('io.k8s.api.apps.v1.ReplicaSetSpec', '', () => ({
  replicas: int32(1, '', { pointer: true }),
  minReadySeconds: int32(4, ''),
  selector: ref(labelSelector, 2, '', { required: true, nullable: true }),
  template: ref(podTemplateSpec, 3, ''),
}));
export interface ReplicaSetSpec extends Of<typeof replicaSetSpec> {}

export const replicaSetCondition = message('io.k8s.api.apps.v1.ReplicaSetCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastTransitionTime: time(3, ''),
  reason: string(4, ''),
  message: string(5, ''),
}));
export interface ReplicaSetCondition extends Of<typeof replicaSetCondition> {}

export const replicaSetStatus = message('io.k8s.api.apps.v1.ReplicaSetStatus', '', () => ({
  replicas: int32(1, '', { required: true }),
  fullyLabeledReplicas: int32(2, ''),
  readyReplicas: int32(4, ''),
  availableReplicas: int32(5, ''),
  terminatingReplicas: int32(7, '', { pointer: true }),
  observedGeneration: int64(3, ''),
  conditions: list(of(replicaSetCondition), 6, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface ReplicaSetStatus extends Of<typeof replicaSetStatus> {}

export const replicaSet = message('io.k8s.api.apps.v1.ReplicaSet', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(replicaSetSpec, 2, '', { present: true }),
  status: ref(replicaSetStatus, 3, '', { present: true }),
}));
export interface ReplicaSet extends Of<typeof replicaSet> {}
