// EndpointSlices as discovery.k8s.io/v1beta1 has them: where an endpoint is, is said in a map. Upstream: `pkg/apis/discovery/v1beta1/conversion.go`.
import { type DiscoveryV1beta1EndpointSlice, discoveryKinds, type EndpointSlice, type KubeObject } from '../../../api/index.ts';
import { olderKinds } from '../../../api/schema.ts';
import { rulesOfView, type VersionRules, type VersionView } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { normalForm } from '../normal-form.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOSTNAME = 'kubernetes.io/hostname';

type Endpoint = EndpointSlice['endpoints'][number];
type BetaEndpoint = DiscoveryV1beta1EndpointSlice['endpoints'][number];

/** The rules of the version are given with the strategy: it lets the map be written. */
export const endpointSliceV1beta1 = (rules: VersionRules<EndpointSlice>): VersionView => ({
  toStored: (object: KubeObject) => {
    const slice = object as DiscoveryV1beta1EndpointSlice;
    const endpoints = slice.endpoints && listOf(slice.endpoints).map(toStored);
    return normalForm<EndpointSlice>(discoveryKinds.endpointslices, { ...slice, endpoints });
  },
  fromStored: (object: KubeObject) => {
    const slice = object as EndpointSlice;
    const endpoints = slice.endpoints && listOf(slice.endpoints).map(fromStored);
    return normalForm(olderKinds.endpointslicesV1beta1, { ...slice, endpoints });
  },
  rules: rulesOfView(rules),
});

function toStored({ topology, ...same }: BetaEndpoint): Endpoint {
  if (!topology) return same;
  const { [ZONE]: zone, ...deprecated } = topology;
  const hostname = deprecated[HOSTNAME];
  const nodeName = same.nodeName ?? hostname;
  if (hostname === nodeName) delete deprecated[HOSTNAME];
  const deprecatedTopology = Object.keys(deprecated).length > 0 ? deprecated : undefined;
  return { ...same, nodeName, zone, deprecatedTopology };
}

function fromStored({ deprecatedTopology, zone, ...same }: Endpoint): BetaEndpoint {
  const { nodeName } = same;
  if (deprecatedTopology === undefined && zone === undefined && nodeName === undefined) return same;
  const topology = { ...deprecatedTopology };
  if (zone !== undefined) topology[ZONE] = zone;
  if (nodeName !== undefined) topology[HOSTNAME] ||= nodeName;
  return { ...same, topology };
}
