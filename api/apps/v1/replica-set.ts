import { podTemplateSpec } from '../../core/v1/pod.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, int64, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const replicaSetSpec = message('io.k8s.api.apps.v1.ReplicaSetSpec', 'Which pod to run, and how many of it.', () => ({
  replicas: int32(1, 'How many pods; 1 unless given.', { pointer: true }),
  minReadySeconds: int32(4, 'Seconds a new pod must stay ready to count as available; 0 unless given.'),
  selector: ref(labelSelector, 2, "Which pods belong to it; must match the template's labels and cannot be changed.", {
    required: true,
    nullable: true,
  }),
  template: ref(podTemplateSpec, 3, 'The pod to make when too few exist; a change does not touch those that exist.'),
}));
export interface ReplicaSetSpec extends Of<typeof replicaSetSpec> {}

export const replicaSetCondition = message(
  'io.k8s.api.apps.v1.ReplicaSetCondition',
  'One aspect of a replica set; ReplicaFailure is the only one in use.',
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastTransitionTime: time(3, 'When status last went from one value to another.'),
    reason: string(4, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(5, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface ReplicaSetCondition extends Of<typeof replicaSetCondition> {}

export const replicaSetStatus = message(
  'io.k8s.api.apps.v1.ReplicaSetStatus',
  'How many pods a replica set has, and how well they are.',
  () => ({
    replicas: int32(1, 'Pods that exist and are not terminating.', { required: true }),
    fullyLabeledReplicas: int32(2, "Of these, pods that carry all the template's labels."),
    readyReplicas: int32(4, 'Of these, pods that are ready.'),
    availableReplicas: int32(5, 'Of these, pods that have been ready for minReadySeconds.'),
    terminatingReplicas: int32(7, 'Pods that are deleted and have not ended yet; absent if nobody counts them.', { pointer: true }),
    observedGeneration: int64(3, 'The metadata.generation the controller last acted on.'),
    conditions: list(of(replicaSetCondition), 6, 'Aspects of its state, one entry per type.', {
      listType: 'map',
      listMapKeys: ['type'],
      patchMergeKey: 'type',
      patchStrategy: 'merge',
    }),
  }),
);
export interface ReplicaSetStatus extends Of<typeof replicaSetStatus> {}

export const replicaSet = message(
  'io.k8s.api.apps.v1.ReplicaSet',
  'Keeps a number of equal pods running; usually made by a deployment.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Name, namespace and so on; without labels it takes the template's.", { present: true }),
    spec: ref(replicaSetSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(replicaSetStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface ReplicaSet extends Of<typeof replicaSet> {}
