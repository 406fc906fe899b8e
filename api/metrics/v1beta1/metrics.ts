import { objectMeta } from '../../meta/v1/object-meta.ts';
import { duration, item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const nodeMetrics = message('io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics', 'What a node uses of its resources.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  timestamp: time(2, 'End of the time in which the use was measured.', { required: true }),
  window: duration(3, 'How long it was measured.', { required: true }),
  usage: map(item.quantity(), 4, 'What is used, by resource.', { required: true }),
}));
export interface NodeMetrics extends Of<typeof nodeMetrics> {}

export const containerMetrics = message(
  'io.k8s.metrics.pkg.apis.metrics.v1beta1.ContainerMetrics',
  'What a container uses of the resources of its node.',
  () => ({
    name: string(1, 'Name of the container in its pod.', { required: true }),
    usage: map(item.quantity(), 2, 'What is used, by resource.', { required: true }),
  }),
);
export interface ContainerMetrics extends Of<typeof containerMetrics> {}

export const podMetrics = message('io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics', 'What the containers of a pod use.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  timestamp: time(2, 'End of the time in which the use was measured.', { required: true }),
  window: duration(3, 'How long it was measured.', { required: true }),
  containers: list(of(containerMetrics), 4, 'The use of each container.', { required: true, listType: 'atomic' }),
}));
export interface PodMetrics extends Of<typeof podMetrics> {}
