import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, int64, item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { podTemplateSpec } from './pod.ts';

export const replicationControllerSpec = message('io.k8s.api.core.v1.ReplicationControllerSpec', '', () => ({
  replicas: int32(1, '', { pointer: true, default: 1 }),
  minReadySeconds: int32(4, ''),
  selector: map(item.string(), 2, '', { mapType: 'atomic' }),
  template: ref(podTemplateSpec, 3, '', { pointer: true }),
}));
export interface ReplicationControllerSpec extends Of<typeof replicationControllerSpec> {}

export const replicationControllerCondition = message('io.k8s.api.core.v1.ReplicationControllerCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastTransitionTime: time(3, ''),
  reason: string(4, ''),
  message: string(5, ''),
}));
export interface ReplicationControllerCondition extends Of<typeof replicationControllerCondition> {}

export const replicationControllerStatus = message('io.k8s.api.core.v1.ReplicationControllerStatus', '', () => ({
  replicas: int32(1, '', { required: true }),
  fullyLabeledReplicas: int32(2, ''),
  readyReplicas: int32(4, ''),
  availableReplicas: int32(5, ''),
  observedGeneration: int64(3, ''),
  conditions: list(of(replicationControllerCondition), 6, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface ReplicationControllerStatus extends Of<typeof replicationControllerStatus> {}

export const replicationController = message('io.k8s.api.core.v1.ReplicationController', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(replicationControllerSpec, 2, '', { present: true }),
  status: ref(replicationControllerStatus, 3, '', { present: true }),
}));
export interface ReplicationController extends Of<typeof replicationController> {}
