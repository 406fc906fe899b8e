import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { objectReference } from './references.ts';

export const endpointAddress = message(
  'io.k8s.api.core.v1.EndpointAddress',
  'The address of one pod, or other server, behind a service.',
  () => ({
    ip: string(1, 'IP address; neither loopback nor link-local.', { required: true }),
    hostname: string(3, 'Host name of the pod, which gets a DNS name of its own.'),
    nodeName: string(4, 'Node it runs on.', { pointer: true }),
    targetRef: ref(objectReference, 2, 'The pod, or other object, it is the address of.', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface EndpointAddress extends Of<typeof endpointAddress> {}

export const endpointPort = message(
  'io.k8s.api.core.v1.EndpointPort',
  "A port on which a subset's addresses serve.",
  () => ({
    name: string(1, "Name of the service's port; required if there are several."),
    port: int32(2, 'Port number.', { required: true }),
    protocol: string(3, 'TCP, UDP or SCTP; TCP unless given.', { enum: ['SCTP', 'TCP', 'UDP'] }),
    appProtocol: string(4, 'Protocol spoken on top, as in the service.', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface EndpointPort extends Of<typeof endpointPort> {}

export const endpointSubset = message('io.k8s.api.core.v1.EndpointSubset', 'Addresses that share the same ports.', () => ({
  addresses: list(of(endpointAddress), 1, 'Addresses that are ready for traffic.', { listType: 'atomic' }),
  notReadyAddresses: list(of(endpointAddress), 2, 'Addresses that are not ready: starting, or failing their readiness probe.', {
    listType: 'atomic',
  }),
  ports: list(of(endpointPort), 3, 'Ports at which they serve.', { listType: 'atomic' }),
}));
export interface EndpointSubset extends Of<typeof endpointSubset> {}

export const endpoints = message(
  'io.k8s.api.core.v1.Endpoints',
  'All the addresses behind a service; deprecated in favour of endpoint slices.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    subsets: list(of(endpointSubset), 2, 'The addresses, grouped by the ports they share.', { listType: 'atomic' }),
  }),
);
export interface Endpoints extends Of<typeof endpoints> {}
