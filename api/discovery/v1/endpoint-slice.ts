import { objectReference } from '../../core/v1/references.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const endpointConditions = message('io.k8s.api.discovery.v1.EndpointConditions', '', () => ({
  ready: bool(1, '', { pointer: true }),
  serving: bool(2, '', { pointer: true }),
  terminating: bool(3, '', { pointer: true }),
}));
export interface EndpointConditions extends Of<typeof endpointConditions> {}

export const forZone = message('io.k8s.api.discovery.v1.ForZone', '', () => ({
  name: string(1, '', { required: true }),
}));
export interface ForZone extends Of<typeof forZone> {}

export const forNode = message('io.k8s.api.discovery.v1.ForNode', '', () => ({
  name: string(1, '', { required: true }),
}));
export interface ForNode extends Of<typeof forNode> {}

export const endpointHints = message('io.k8s.api.discovery.v1.EndpointHints', '', () => ({
  forZones: list(of(forZone), 1, '', { listType: 'atomic' }),
  forNodes: list(of(forNode), 2, '', { listType: 'atomic' }),
}));
export interface EndpointHints extends Of<typeof endpointHints> {}

export const endpoint = message('io.k8s.api.discovery.v1.Endpoint', '', () => ({
  addresses: list(item.string(), 1, '', { required: true, listType: 'set' }),
  conditions: ref(endpointConditions, 2, ''),
  hostname: string(3, '', { pointer: true }),
  targetRef: ref(objectReference, 4, '', { pointer: true }),
  deprecatedTopology: map(item.string(), 5, ''),
  nodeName: string(6, '', { pointer: true }),
  zone: string(7, '', { pointer: true }),
  hints: ref(endpointHints, 8, '', { pointer: true }),
}));
export interface Endpoint extends Of<typeof endpoint> {}

export const endpointPort = message(
  'io.k8s.api.discovery.v1.EndpointPort',
  '',
  () => ({
    name: string(1, '', { pointer: true }),
    protocol: string(2, '', { pointer: true, enum: ['SCTP', 'TCP', 'UDP'] }),
    port: int32(3, '', { pointer: true }),
    appProtocol: string(4, '', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface EndpointPort extends Of<typeof endpointPort> {}

export const endpointSlice = message('io.k8s.api.discovery.v1.EndpointSlice', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  addressType: string(4, '', { required: true, enum: ['FQDN', 'IPv4', 'IPv6'] }),
  endpoints: list(of(endpoint), 2, '', { required: true, listType: 'atomic' }),
  ports: list(of(endpointPort), 3, '', { always: true, listType: 'atomic' }),
}));
export interface EndpointSlice extends Of<typeof endpointSlice> {}
