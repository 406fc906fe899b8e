import { podTemplateSpec } from '../../core/v1/pod.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { bool, int32, int64, intOrString, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const rollingUpdateDeployment = message(
  'io.k8s.api.apps.v1.RollingUpdateDeployment',
  'How far a deployment may stray from its replicas during an update.',
  () => ({
    maxUnavailable: intOrString(1, 'Most pods that may be missing, number or percentage, rounded down; 25% unless given.', {
      pointer: true,
    }),
    maxSurge: intOrString(2, 'Most pods there may be too many, number or percentage, rounded up; 25% unless given.', { pointer: true }),
  }),
);
export interface RollingUpdateDeployment extends Of<typeof rollingUpdateDeployment> {}

export const deploymentStrategy = message('io.k8s.api.apps.v1.DeploymentStrategy', 'How old pods give way to new ones.', () => ({
  type: string(1, 'RollingUpdate (the default) goes bit by bit; Recreate first stops all the old ones.', {
    enum: ['Recreate', 'RollingUpdate'],
  }),
  rollingUpdate: ref(rollingUpdateDeployment, 2, 'Details, for RollingUpdate only.', { pointer: true }),
}));
export interface DeploymentStrategy extends Of<typeof deploymentStrategy> {}

export const deploymentSpec = message(
  'io.k8s.api.apps.v1.DeploymentSpec',
  'Which pod to run, how many of it, and how to roll out changes.',
  () => ({
    replicas: int32(1, 'How many pods; 1 unless given.', { pointer: true }),
    selector: ref(labelSelector, 2, "Which pods belong to it; must match the template's labels and cannot be changed.", {
      required: true,
      nullable: true,
    }),
    template: ref(podTemplateSpec, 3, 'The pod to run; a change of it starts a rollout. restartPolicy must be Always.', { required: true }),
    strategy: ref(deploymentStrategy, 4, 'How old pods give way to new ones.', { patchStrategy: 'retainKeys' }),
    minReadySeconds: int32(5, 'Seconds a new pod must stay ready to count as available; 0 unless given.'),
    revisionHistoryLimit: int32(6, 'How many old replica sets to keep for rolling back; 10 unless given.', { pointer: true }),
    paused: bool(7, 'True holds back rollouts of template changes until it is false again; scaling still works.'),
    progressDeadlineSeconds: int32(9, 'Seconds without progress until a rollout is reported as failed; 600 unless given.', {
      pointer: true,
    }),
  }),
);
export interface DeploymentSpec extends Of<typeof deploymentSpec> {}

export const deploymentCondition = message(
  'io.k8s.api.apps.v1.DeploymentCondition',
  'One aspect of a deployment: Available, Progressing or ReplicaFailure.',
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastUpdateTime: time(6, 'When it was last updated, whether or not status changed.'),
    lastTransitionTime: time(7, 'When status last went from one value to another.'),
    reason: string(4, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(5, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface DeploymentCondition extends Of<typeof deploymentCondition> {}

export const deploymentStatus = message('io.k8s.api.apps.v1.DeploymentStatus', 'How far along a rollout is.', () => ({
  observedGeneration: int64(1, 'The metadata.generation the controller last acted on.'),
  replicas: int32(2, 'Pods that exist and are not terminating, old and new.'),
  updatedReplicas: int32(3, 'Pods of the newest template that are not terminating.'),
  readyReplicas: int32(7, 'Pods that are ready and not terminating.'),
  availableReplicas: int32(4, 'Pods that have been ready for minReadySeconds and are not terminating.'),
  unavailableReplicas: int32(5, 'Pods still missing until all are available: not running yet, or not ready.'),
  terminatingReplicas: int32(9, 'Pods that are deleted and have not ended yet; absent if nobody counts them.', { pointer: true }),
  conditions: list(of(deploymentCondition), 6, 'Available, Progressing and ReplicaFailure, as they apply.', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
  collisionCount: int32(8, 'Name clashes met so far; part of the hash that names replica sets.', { pointer: true }),
}));
export interface DeploymentStatus extends Of<typeof deploymentStatus> {}

export const deployment = message(
  'io.k8s.api.apps.v1.Deployment',
  'Runs equal pods, and rolls out changes to them through replica sets.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(deploymentSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(deploymentStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface Deployment extends Of<typeof deployment> {}
