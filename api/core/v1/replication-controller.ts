import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, int64, item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { podTemplateSpec } from './pod.ts';

export const replicationControllerSpec = message(
  'io.k8s.api.core.v1.ReplicationControllerSpec',
  'Which pod to run, and how many of it.',
  () => ({
    replicas: int32(1, 'How many pods; 1 unless given.', { pointer: true, default: 1 }),
    minReadySeconds: int32(4, 'Seconds a new pod must stay ready to count as available; 0 unless given.', { default: 0 }),
    selector: map(item.string(), 2, "Labels of the pods that belong to it; the template's labels unless given.", { mapType: 'atomic' }),
    template: ref(podTemplateSpec, 3, 'The pod to make when too few exist; restartPolicy must be Always.', { pointer: true }),
  }),
);
export interface ReplicationControllerSpec extends Of<typeof replicationControllerSpec> {}

export const replicationControllerCondition = message(
  'io.k8s.api.core.v1.ReplicationControllerCondition',
  'One aspect of a replication controller; ReplicaFailure is the only one in use.',
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastTransitionTime: time(3, 'When status last went from one value to another.'),
    reason: string(4, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(5, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface ReplicationControllerCondition extends Of<typeof replicationControllerCondition> {}

export const replicationControllerStatus = message(
  'io.k8s.api.core.v1.ReplicationControllerStatus',
  'How many pods a replication controller has, and how well they are.',
  () => ({
    replicas: int32(1, 'Pods that exist.', { required: true }),
    fullyLabeledReplicas: int32(2, "Of these, pods that carry all the template's labels."),
    readyReplicas: int32(4, 'Of these, pods that are ready.'),
    availableReplicas: int32(5, 'Of these, pods that have been ready for minReadySeconds.'),
    observedGeneration: int64(3, 'The metadata.generation the controller last acted on.'),
    conditions: list(of(replicationControllerCondition), 6, 'Aspects of its state, one entry per type.', {
      listType: 'map',
      listMapKeys: ['type'],
      patchMergeKey: 'type',
      patchStrategy: 'merge',
    }),
  }),
);
export interface ReplicationControllerStatus extends Of<typeof replicationControllerStatus> {}

export const replicationController = message(
  'io.k8s.api.core.v1.ReplicationController',
  'Keeps a number of equal pods running; deployments have taken its place.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Name, namespace and so on; without labels it takes the template's.", { present: true }),
    spec: ref(replicationControllerSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(replicationControllerStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface ReplicationController extends Of<typeof replicationController> {}
