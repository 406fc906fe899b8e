import { item, map, ref } from '../../schema/fields.ts';
import { otherVersion } from '../../schema/other-version.ts';
import {
  endpointHints,
  type Endpoint as PresentEndpoint,
  type EndpointSlice as PresentSlice,
  endpointSlice as present,
} from '../v1/endpoint-slice.ts';

/** Zone and node were keys of a topology. */
export const endpointSlice = otherVersion<EndpointSlice>(present, {
  from: 'io.k8s.api.discovery.v1.',
  to: 'io.k8s.api.discovery.v1beta1.',
  fields: {
    Endpoint: {
      deprecatedTopology: undefined,
      zone: undefined,
      topology: map(item.string(), 5, 'Where it is: node, zone and region, by the names of node labels.'),
      hints: ref(endpointHints, 7, 'From where it is best used.', { pointer: true }),
    },
  },
});

export type Endpoint = Omit<PresentEndpoint, 'deprecatedTopology' | 'zone'> & { topology?: Record<string, string> | undefined };
export type EndpointSlice = Omit<PresentSlice, 'endpoints'> & { endpoints: Endpoint[] };
