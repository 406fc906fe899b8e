import { objectReference } from '../../core/v1/references.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const endpointConditions = message('io.k8s.api.discovery.v1.EndpointConditions', 'Whether an endpoint can take traffic.', () => ({
  ready: bool(1, 'True when it should get traffic: it serves and is not terminating. Absent counts as true.', { pointer: true }),
  serving: bool(2, 'True when it can serve, even while terminating; absent counts as true.', { pointer: true }),
  terminating: bool(3, 'True when it is shutting down; absent counts as false.', { pointer: true }),
}));
export interface EndpointConditions extends Of<typeof endpointConditions> {}

export const forZone = message('io.k8s.api.discovery.v1.ForZone', 'A zone that an endpoint is best used from.', () => ({
  name: string(1, 'Name of the zone.', { required: true }),
}));
export interface ForZone extends Of<typeof forZone> {}

export const forNode = message('io.k8s.api.discovery.v1.ForNode', 'A node that an endpoint is best used from.', () => ({
  name: string(1, 'Name of the node.', { required: true }),
}));
export interface ForNode extends Of<typeof forNode> {}

export const endpointHints = message('io.k8s.api.discovery.v1.EndpointHints', 'From where an endpoint is best used.', () => ({
  forZones: list(of(forZone), 1, 'Zones it should serve; at most 8.', { listType: 'atomic' }),
  forNodes: list(of(forNode), 2, 'Nodes it should serve; at most 8.', { listType: 'atomic' }),
}));
export interface EndpointHints extends Of<typeof endpointHints> {}

export const endpoint = message('io.k8s.api.discovery.v1.Endpoint', 'One pod, or other server, behind a service.', () => ({
  addresses: list(item.string(), 1, 'Its addresses, 1 to 100, all standing for the same server; proxies use the first.', {
    required: true,
    listType: 'set',
  }),
  conditions: ref(endpointConditions, 2, 'Whether it can take traffic.'),
  hostname: string(3, 'Host name, which gets a DNS name of its own; a DNS label.', { pointer: true }),
  targetRef: ref(objectReference, 4, 'The pod, or other object, it is the address of.', { pointer: true }),
  deprecatedTopology: map(item.string(), 5, 'Labels left over from the beta version; nobody writes them now.'),
  nodeName: string(6, 'Node it runs on.', { pointer: true }),
  zone: string(7, 'Zone it is in.', { pointer: true }),
  hints: ref(endpointHints, 8, 'From where it is best used.', { pointer: true }),
}));
export interface Endpoint extends Of<typeof endpoint> {}

export const endpointPort = message(
  'io.k8s.api.discovery.v1.EndpointPort',
  "A port on which a slice's endpoints serve.",
  () => ({
    name: string(1, "Name of the service's port; unique in the slice, empty if there is just one.", { pointer: true }),
    protocol: string(2, 'TCP, UDP or SCTP; TCP unless given.', { pointer: true, enum: ['SCTP', 'TCP', 'UDP'] }),
    port: int32(3, 'Port number; if absent, the meaning is up to the consumer.', { pointer: true }),
    appProtocol: string(4, 'Protocol spoken on top, as in the service.', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface EndpointPort extends Of<typeof endpointPort> {}

export const endpointSlice = message(
  'io.k8s.api.discovery.v1.EndpointSlice',
  'Part of the addresses behind a service; a label names the service.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    addressType: string(4, 'IPv4, IPv6 or FQDN; all its addresses are of this type, which cannot be changed.', {
      required: true,
      enum: ['FQDN', 'IPv4', 'IPv6'],
    }),
    endpoints: list(of(endpoint), 2, 'The endpoints; at most 1000.', { required: true, listType: 'atomic' }),
    ports: list(of(endpointPort), 3, 'Ports at which every one of them serves; at most 100.', { always: true, listType: 'atomic' }),
  }),
);
export interface EndpointSlice extends Of<typeof endpointSlice> {}
