import { podTemplateSpec } from '../../core/v1/pod.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, int64, intOrString, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const rollingUpdateDaemonSet = message(
  'io.k8s.api.apps.v1.RollingUpdateDaemonSet',
  'How many pods a daemon set replaces at a time.',
  () => ({
    maxUnavailable: intOrString(1, 'Most pods that may be down during an update, number or percentage, rounded up; 1 unless given.', {
      pointer: true,
    }),
    maxSurge: intOrString(2, 'Most nodes that may run old and new pod side by side, number or percentage, rounded up; 0 unless given.', {
      pointer: true,
    }),
  }),
);
export interface RollingUpdateDaemonSet extends Of<typeof rollingUpdateDaemonSet> {}

export const daemonSetUpdateStrategy = message(
  'io.k8s.api.apps.v1.DaemonSetUpdateStrategy',
  'How pods are replaced when the template changes.',
  () => ({
    type: string(1, 'RollingUpdate (the default) replaces them bit by bit; OnDelete waits for somebody to delete them.', {
      enum: ['OnDelete', 'RollingUpdate'],
    }),
    rollingUpdate: ref(rollingUpdateDaemonSet, 2, 'Details, for RollingUpdate only.', { pointer: true }),
  }),
);
export interface DaemonSetUpdateStrategy extends Of<typeof daemonSetUpdateStrategy> {}

export const daemonSetSpec = message('io.k8s.api.apps.v1.DaemonSetSpec', 'Which pod to run on every node, and how to replace it.', () => ({
  selector: ref(labelSelector, 1, "Which pods belong to it; must match the template's labels and cannot be changed.", {
    required: true,
    nullable: true,
  }),
  template: ref(podTemplateSpec, 2, 'The pod for each node that its node selector and affinity allow; restartPolicy must be Always.', {
    required: true,
  }),
  updateStrategy: ref(daemonSetUpdateStrategy, 3, 'How pods are replaced when the template changes.'),
  minReadySeconds: int32(4, 'Seconds a new pod must stay ready to count as available; 0 unless given.'),
  revisionHistoryLimit: int32(6, 'How many old revisions to keep for rolling back; 10 unless given.', { pointer: true }),
}));
export interface DaemonSetSpec extends Of<typeof daemonSetSpec> {}

export const daemonSetCondition = message('io.k8s.api.apps.v1.DaemonSetCondition', "One aspect of a daemon set's state.", () => ({
  type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
  status: string(2, 'True, False or Unknown.', { required: true }),
  lastTransitionTime: time(3, 'When status last went from one value to another.'),
  reason: string(4, 'One CamelCase word for programs: why the condition last changed.'),
  message: string(5, 'Explanation for people of why the condition last changed.'),
}));
export interface DaemonSetCondition extends Of<typeof daemonSetCondition> {}

export const daemonSetStatus = message(
  'io.k8s.api.apps.v1.DaemonSetStatus',
  "How many nodes run a daemon set's pod, and how well.",
  () => ({
    currentNumberScheduled: int32(1, 'Nodes that run the pod and should.', { required: true }),
    numberMisscheduled: int32(2, 'Nodes that run the pod and should not.', { required: true }),
    desiredNumberScheduled: int32(3, 'Nodes that should run the pod.', { required: true }),
    numberReady: int32(4, 'Nodes that should run the pod and have one that is ready.', { required: true }),
    observedGeneration: int64(5, 'The metadata.generation the controller last acted on.'),
    updatedNumberScheduled: int32(6, 'Nodes whose pod is of the newest template.'),
    numberAvailable: int32(7, 'Nodes whose pod has been ready for minReadySeconds.'),
    numberUnavailable: int32(8, 'Nodes that should have an available pod and have none.'),
    collisionCount: int32(9, 'Name clashes met so far; part of the hash that names controller revisions.', { pointer: true }),
    conditions: list(of(daemonSetCondition), 10, 'Aspects of its state, one entry per type.', {
      listType: 'map',
      listMapKeys: ['type'],
      patchMergeKey: 'type',
      patchStrategy: 'merge',
    }),
  }),
);
export interface DaemonSetStatus extends Of<typeof daemonSetStatus> {}

export const daemonSet = message(
  'io.k8s.api.apps.v1.DaemonSet',
  'Runs one copy of a pod on every node, or on every node that fits.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(daemonSetSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(daemonSetStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface DaemonSet extends Of<typeof daemonSet> {}
