import { podTemplateSpec } from '../../core/v1/pod.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { bool, int32, int64, intOrString, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const rollingUpdateDeployment = message('io.k8s.api.apps.v1.RollingUpdateDeployment', '', () => ({
  maxUnavailable: intOrString(1, '', { pointer: true }),
  maxSurge: intOrString(2, '', { pointer: true }),
}));
export interface RollingUpdateDeployment extends Of<typeof rollingUpdateDeployment> {}

export const deploymentStrategy = message('io.k8s.api.apps.v1.DeploymentStrategy', '', () => ({
  type: string(1, '', { enum: ['Recreate', 'RollingUpdate'] }),
  rollingUpdate: ref(rollingUpdateDeployment, 2, '', { pointer: true }),
}));
export interface DeploymentStrategy extends Of<typeof deploymentStrategy> {}

export const deploymentSpec = message('io.k8s.api.apps.v1.DeploymentSpec', '', () => ({
  replicas: int32(1, '', { pointer: true }),
  selector: ref(labelSelector, 2, '', { required: true, nullable: true }),
  template: ref(podTemplateSpec, 3, '', { required: true }),
  strategy: ref(deploymentStrategy, 4, '', { patchStrategy: 'retainKeys' }),
  minReadySeconds: int32(5, ''),
  revisionHistoryLimit: int32(6, '', { pointer: true }),
  paused: bool(7, ''),
  progressDeadlineSeconds: int32(9, '', { pointer: true }),
}));
export interface DeploymentSpec extends Of<typeof deploymentSpec> {}

export const deploymentCondition = message('io.k8s.api.apps.v1.DeploymentCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastUpdateTime: time(6, ''),
  lastTransitionTime: time(7, ''),
  reason: string(4, ''),
  message: string(5, ''),
}));
export interface DeploymentCondition extends Of<typeof deploymentCondition> {}

export const deploymentStatus = message('io.k8s.api.apps.v1.DeploymentStatus', '', () => ({
  observedGeneration: int64(1, ''),
  replicas: int32(2, ''),
  updatedReplicas: int32(3, ''),
  readyReplicas: int32(7, ''),
  availableReplicas: int32(4, ''),
  unavailableReplicas: int32(5, ''),
  terminatingReplicas: int32(9, '', { pointer: true }),
  conditions: list(of(deploymentCondition), 6, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
  collisionCount: int32(8, '', { pointer: true }),
}));
export interface DeploymentStatus extends Of<typeof deploymentStatus> {}

export const deployment = message('io.k8s.api.apps.v1.Deployment', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(deploymentSpec, 2, '', { present: true }),
  status: ref(deploymentStatus, 3, '', { present: true }),
}));
export interface Deployment extends Of<typeof deployment> {}
