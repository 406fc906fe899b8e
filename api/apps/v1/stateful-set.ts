import { persistentVolumeClaim } from '../../core/v1/persistent-volume-claim.ts';
import { podTemplateSpec } from '../../core/v1/pod.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, int64, intOrString, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const rollingUpdateStatefulSetStrategy = message('io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy', '', () => ({
  partition: int32(1, '', { pointer: true }),
  maxUnavailable: intOrString(2, '', { pointer: true }),
}));
export interface RollingUpdateStatefulSetStrategy extends Of<typeof rollingUpdateStatefulSetStrategy> {}

export const statefulSetUpdateStrategy = message('io.k8s.api.apps.v1.StatefulSetUpdateStrategy', '', () => ({
  type: string(1, '', { enum: ['OnDelete', 'RollingUpdate'] }),
  rollingUpdate: ref(rollingUpdateStatefulSetStrategy, 2, '', { pointer: true }),
}));
export interface StatefulSetUpdateStrategy extends Of<typeof statefulSetUpdateStrategy> {}

export const statefulSetPersistentVolumeClaimRetentionPolicy = message(
  'io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy',
  '',
  () => ({
    whenDeleted: string(1, ''),
    whenScaled: string(2, ''),
  }),
);
export interface StatefulSetPersistentVolumeClaimRetentionPolicy extends Of<typeof statefulSetPersistentVolumeClaimRetentionPolicy> {}

export const statefulSetOrdinals = message('io.k8s.api.apps.v1.StatefulSetOrdinals', '', () => ({
  start: int32(1, '', { always: true }),
}));
export interface StatefulSetOrdinals extends Of<typeof statefulSetOrdinals> {}

export const statefulSetSpec = message('io.k8s.api.apps.v1.StatefulSetSpec', '', () => ({
  replicas: int32(1, '', { pointer: true }),
  selector: ref(labelSelector, 2, '', { required: true, nullable: true }),
  template: ref(podTemplateSpec, 3, '', { required: true }),
  volumeClaimTemplates: list(of(persistentVolumeClaim), 4, '', { listType: 'atomic' }),
  serviceName: string(5, '', { always: true }),
  podManagementPolicy: string(6, '', { enum: ['OrderedReady', 'Parallel'] }),
  updateStrategy: ref(statefulSetUpdateStrategy, 7, ''),
  revisionHistoryLimit: int32(8, '', { pointer: true }),
  minReadySeconds: int32(9, ''),
  persistentVolumeClaimRetentionPolicy: ref(statefulSetPersistentVolumeClaimRetentionPolicy, 10, '', { pointer: true }),
  ordinals: ref(statefulSetOrdinals, 11, '', { pointer: true }),
}));
export interface StatefulSetSpec extends Of<typeof statefulSetSpec> {}

export const statefulSetCondition = message('io.k8s.api.apps.v1.StatefulSetCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastTransitionTime: time(3, ''),
  reason: string(4, ''),
  message: string(5, ''),
}));
export interface StatefulSetCondition extends Of<typeof statefulSetCondition> {}

export const statefulSetStatus = message('io.k8s.api.apps.v1.StatefulSetStatus', '', () => ({
  observedGeneration: int64(1, ''),
  replicas: int32(2, '', { required: true }),
  readyReplicas: int32(3, ''),
  currentReplicas: int32(4, ''),
  updatedReplicas: int32(5, ''),
  currentRevision: string(6, ''),
  updateRevision: string(7, ''),
  collisionCount: int32(9, '', { pointer: true }),
  conditions: list(of(statefulSetCondition), 10, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
  availableReplicas: int32(11, '', { always: true }),
}));
export interface StatefulSetStatus extends Of<typeof statefulSetStatus> {}

export const statefulSet = message('io.k8s.api.apps.v1.StatefulSet', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(statefulSetSpec, 2, '', { present: true }),
  status: ref(statefulSetStatus, 3, '', { present: true }),
}));
export interface StatefulSet extends Of<typeof statefulSet> {}
