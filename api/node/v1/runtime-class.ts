import { toleration } from '../../core/v1/pod-affinity.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const overhead = message('io.k8s.api.node.v1.Overhead', '', () => ({
  podFixed: map(item.quantity(), 1, ''),
}));
export interface Overhead extends Of<typeof overhead> {}

export const scheduling = message('io.k8s.api.node.v1.Scheduling', '', () => ({
  nodeSelector: map(item.string(), 1, '', { mapType: 'atomic' }),
  tolerations: list(of(toleration), 2, '', { listType: 'atomic' }),
}));
export interface Scheduling extends Of<typeof scheduling> {}

export const runtimeClass = message('io.k8s.api.node.v1.RuntimeClass', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  handler: string(2, '', { required: true }),
  overhead: ref(overhead, 3, '', { pointer: true }),
  scheduling: ref(scheduling, 4, '', { pointer: true }),
}));
export interface RuntimeClass extends Of<typeof runtimeClass> {}
