import { toleration } from '../../core/v1/pod-affinity.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const overhead = message('io.k8s.api.node.v1.Overhead', 'What running a pod costs on top of its containers.', () => ({
  podFixed: map(item.quantity(), 1, 'Cost by resource, added to what the pod requests.'),
}));
export interface Overhead extends Of<typeof overhead> {}

export const scheduling = message('io.k8s.api.node.v1.Scheduling', 'Which nodes support a runtime class.', () => ({
  nodeSelector: map(item.string(), 1, "Labels those nodes have; added to the pod's own selector.", { mapType: 'atomic' }),
  tolerations: list(of(toleration), 2, 'Taints those nodes have; added to what the pod tolerates.', { listType: 'atomic' }),
}));
export interface Scheduling extends Of<typeof scheduling> {}

export const runtimeClass = message('io.k8s.api.node.v1.RuntimeClass', 'A way of running containers that pods can ask for.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  handler: string(2, "Name of the runtime's configuration on the node, such as runc; cannot be changed.", { required: true }),
  overhead: ref(overhead, 3, 'What running a pod this way costs on top.', { pointer: true }),
  scheduling: ref(scheduling, 4, 'Which nodes support it; all unless given.', { pointer: true }),
}));
export interface RuntimeClass extends Of<typeof runtimeClass> {}
