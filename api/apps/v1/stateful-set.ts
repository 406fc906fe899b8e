import { persistentVolumeClaim } from '../../core/v1/persistent-volume-claim.ts';
import { podTemplateSpec } from '../../core/v1/pod.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, int64, intOrString, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const rollingUpdateStatefulSetStrategy = message(
  'io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy',
  'Which pods a stateful set replaces, and how many at a time.',
  () => ({
    partition: int32(1, 'Only pods with this ordinal or a higher one are updated; 0 unless given.', { pointer: true }),
    maxUnavailable: intOrString(2, 'Most pods that may be down during an update, number or percentage, rounded up; 1 unless given.', {
      pointer: true,
    }),
  }),
);
export interface RollingUpdateStatefulSetStrategy extends Of<typeof rollingUpdateStatefulSetStrategy> {}

export const statefulSetUpdateStrategy = message(
  'io.k8s.api.apps.v1.StatefulSetUpdateStrategy',
  'How pods are replaced when the template changes.',
  () => ({
    type: string(1, 'RollingUpdate (the default) replaces them from the highest ordinal down; OnDelete waits for their deletion.', {
      enum: ['OnDelete', 'RollingUpdate'],
    }),
    rollingUpdate: ref(rollingUpdateStatefulSetStrategy, 2, 'Details, for RollingUpdate only.', { pointer: true }),
  }),
);
export interface StatefulSetUpdateStrategy extends Of<typeof statefulSetUpdateStrategy> {}

export const statefulSetPersistentVolumeClaimRetentionPolicy = message(
  'io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy',
  'What becomes of the claims made from volumeClaimTemplates.',
  () => ({
    whenDeleted: string(1, 'When the stateful set is deleted: Retain (the default) or Delete the claims.'),
    whenScaled: string(2, 'When it shrinks: Retain (the default) or Delete the claims of the pods beyond.'),
  }),
);
export interface StatefulSetPersistentVolumeClaimRetentionPolicy extends Of<typeof statefulSetPersistentVolumeClaimRetentionPolicy> {}

export const statefulSetOrdinals = message('io.k8s.api.apps.v1.StatefulSetOrdinals', 'How the pods are numbered.', () => ({
  start: int32(1, 'Number of the first pod; 0 unless given.', { always: true }),
}));
export interface StatefulSetOrdinals extends Of<typeof statefulSetOrdinals> {}

export const statefulSetSpec = message(
  'io.k8s.api.apps.v1.StatefulSetSpec',
  'Which pod to run, how many of it, and with which storage and names.',
  () => ({
    replicas: int32(1, 'How many pods; 1 unless given.', { pointer: true }),
    selector: ref(labelSelector, 2, "Which pods belong to it; must match the template's labels and cannot be changed.", {
      required: true,
      nullable: true,
    }),
    template: ref(podTemplateSpec, 3, 'The pod to run, under the names NAME-0, NAME-1 and so on; restartPolicy must be Always.', {
      required: true,
    }),
    volumeClaimTemplates: list(
      of(persistentVolumeClaim),
      4,
      'Claims to make for each pod, kept when the pod is replaced; each backs the volume of its name.',
      { listType: 'atomic' },
    ),
    serviceName: string(5, 'Headless service that gives the pods their DNS names; must be made separately.', { always: true }),
    podManagementPolicy: string(
      6,
      'OrderedReady (the default) starts pods one by one, each when the last is ready; Parallel all at once.',
      { enum: ['OrderedReady', 'Parallel'] },
    ),
    updateStrategy: ref(statefulSetUpdateStrategy, 7, 'How pods are replaced when the template changes.'),
    revisionHistoryLimit: int32(8, 'How many old revisions to keep for rolling back; 10 unless given.', { pointer: true }),
    minReadySeconds: int32(9, 'Seconds a new pod must stay ready to count as available; 0 unless given.'),
    persistentVolumeClaimRetentionPolicy: ref(
      statefulSetPersistentVolumeClaimRetentionPolicy,
      10,
      'What becomes of the claims on deletion and shrinking; kept unless given.',
      { pointer: true },
    ),
    ordinals: ref(statefulSetOrdinals, 11, 'How the pods are numbered; from 0 unless given.', { pointer: true }),
  }),
);
export interface StatefulSetSpec extends Of<typeof statefulSetSpec> {}

export const statefulSetCondition = message('io.k8s.api.apps.v1.StatefulSetCondition', "One aspect of a stateful set's state.", () => ({
  type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
  status: string(2, 'True, False or Unknown.', { required: true }),
  lastTransitionTime: time(3, 'When status last went from one value to another.'),
  reason: string(4, 'One CamelCase word for programs: why the condition last changed.'),
  message: string(5, 'Explanation for people of why the condition last changed.'),
}));
export interface StatefulSetCondition extends Of<typeof statefulSetCondition> {}

export const statefulSetStatus = message(
  'io.k8s.api.apps.v1.StatefulSetStatus',
  'How many pods a stateful set has, and of which revision.',
  () => ({
    observedGeneration: int64(1, 'The metadata.generation the controller last acted on.'),
    replicas: int32(2, 'Pods that exist.', { required: true }),
    readyReplicas: int32(3, 'Pods that are ready.'),
    currentReplicas: int32(4, 'Pods of currentRevision.'),
    updatedReplicas: int32(5, 'Pods of updateRevision.'),
    currentRevision: string(6, 'Revision the pods with the lowest numbers are of.'),
    updateRevision: string(7, 'Revision all pods are on their way to.'),
    collisionCount: int32(9, 'Name clashes met so far; part of the hash that names controller revisions.', { pointer: true }),
    conditions: list(of(statefulSetCondition), 10, 'Aspects of its state, one entry per type.', {
      listType: 'map',
      listMapKeys: ['type'],
      patchMergeKey: 'type',
      patchStrategy: 'merge',
    }),
    availableReplicas: int32(11, 'Pods that have been ready for minReadySeconds.', { always: true }),
  }),
);
export interface StatefulSetStatus extends Of<typeof statefulSetStatus> {}

export const statefulSet = message(
  'io.k8s.api.apps.v1.StatefulSet',
  'Runs pods that each keep a name, a place in the order, and storage of their own.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(statefulSetSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(statefulSetStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface StatefulSet extends Of<typeof statefulSet> {}
