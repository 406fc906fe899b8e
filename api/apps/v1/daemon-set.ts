import { podTemplateSpec } from '../../core/v1/pod.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, int64, intOrString, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const rollingUpdateDaemonSet = message('io.k8s.api.apps.v1.RollingUpdateDaemonSet', '', () => ({
  maxUnavailable: intOrString(1, '', { pointer: true }),
  maxSurge: intOrString(2, '', { pointer: true }),
}));
export interface RollingUpdateDaemonSet extends Of<typeof rollingUpdateDaemonSet> {}

export const daemonSetUpdateStrategy = message('io.k8s.api.apps.v1.DaemonSetUpdateStrategy', '', () => ({
  type: string(1, '', { enum: ['OnDelete', 'RollingUpdate'] }),
  rollingUpdate: ref(rollingUpdateDaemonSet, 2, '', { pointer: true }),
}));
export interface DaemonSetUpdateStrategy extends Of<typeof daemonSetUpdateStrategy> {}

export const daemonSetSpec = message('io.k8s.api.apps.v1.DaemonSetSpec', '', () => ({
  selector: ref(labelSelector, 1, '', { required: true, nullable: true }),
  template: ref(podTemplateSpec, 2, '', { required: true }),
  updateStrategy: ref(daemonSetUpdateStrategy, 3, ''),
  minReadySeconds: int32(4, ''),
  revisionHistoryLimit: int32(6, '', { pointer: true }),
}));
export interface DaemonSetSpec extends Of<typeof daemonSetSpec> {}

export const daemonSetCondition = message('io.k8s.api.apps.v1.DaemonSetCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastTransitionTime: time(3, ''),
  reason: string(4, ''),
  message: string(5, ''),
}));
export interface DaemonSetCondition extends Of<typeof daemonSetCondition> {}

export const daemonSetStatus = message('io.k8s.api.apps.v1.DaemonSetStatus', '', () => ({
  currentNumberScheduled: int32(1, '', { required: true }),
  numberMisscheduled: int32(2, '', { required: true }),
  desiredNumberScheduled: int32(3, '', { required: true }),
  numberReady: int32(4, '', { required: true }),
  observedGeneration: int64(5, ''),
  updatedNumberScheduled: int32(6, ''),
  numberAvailable: int32(7, ''),
  numberUnavailable: int32(8, ''),
  collisionCount: int32(9, '', { pointer: true }),
  conditions: list(of(daemonSetCondition), 10, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface DaemonSetStatus extends Of<typeof daemonSetStatus> {}

export const daemonSet = message('io.k8s.api.apps.v1.DaemonSet', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(daemonSetSpec, 2, '', { present: true }),
  status: ref(daemonSetStatus, 3, '', { present: true }),
}));
export interface DaemonSet extends Of<typeof daemonSet> {}
