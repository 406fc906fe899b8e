import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { objectReference } from './references.ts';

export const endpointAddress = message(
  'io.k8s.api.core.v1.EndpointAddress',
  '',
  () => ({
    ip: string(1, '', { required: true }),
    hostname: string(3, ''),
    nodeName: string(4, '', { pointer: true }),
    targetRef: ref(objectReference, 2, '', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface EndpointAddress extends Of<typeof endpointAddress> {}

export const endpointPort = message(
  'io.k8s.api.core.v1.EndpointPort',
  '',
  () => ({
    name: string(1, ''),
    port: int32(2, '', { required: true }),
    protocol: string(3, '', { enum: ['SCTP', 'TCP', 'UDP'] }),
    appProtocol: string(4, '', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface EndpointPort extends Of<typeof endpointPort> {}

export const endpointSubset = message('io.k8s.api.core.v1.EndpointSubset', '', () => ({
  addresses: list(of(endpointAddress), 1, '', { listType: 'atomic' }),
  notReadyAddresses: list(of(endpointAddress), 2, '', { listType: 'atomic' }),
  ports: list(of(endpointPort), 3, '', { listType: 'atomic' }),
}));
export interface EndpointSubset extends Of<typeof endpointSubset> {}

export const endpoints = message('io.k8s.api.core.v1.Endpoints', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  subsets: list(of(endpointSubset), 2, '', { listType: 'atomic' }),
}));
export interface Endpoints extends Of<typeof endpoints> {}
