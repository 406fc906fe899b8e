import {
  fromLabelSelector,
  type NetworkPolicy,
  type NetworkPolicyPeer,
  type NetworkPolicyPort,
  parseCidr,
  parseIp,
} from '../../../../api/index.ts';

/** One end of a connection, as policies see it. */
export interface PolicyEnd {
  readonly ip: string;
  readonly namespace: string;
  /** Absent for what is no pod: a node, or the world outside. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Ports that its containers name. */
  readonly namedPorts?: ReadonlyMap<string, number> | undefined;
}

export interface Traffic {
  readonly from: PolicyEnd;
  readonly to: PolicyEnd;
  readonly port: number;
  readonly protocol: string;
}

/**
 * Whether policies let traffic pass in a direction: they govern the pod at its far end for `Ingress`, at its near end for `Egress`. A pod
 * that none of them selects may have all; else one rule that fits is enough, and an empty list of rules lets nothing through.
 */
export function allows(policies: readonly NetworkPolicy[], direction: 'Ingress' | 'Egress', traffic: Traffic): boolean {
  const own = direction === 'Ingress' ? traffic.to : traffic.from;
  const peer = direction === 'Ingress' ? traffic.from : traffic.to;
  const governing = policies.filter((policy) => governs(policy, direction, own));
  if (governing.length === 0) return true;
  return governing.some((policy) =>
    rulesOf(policy, direction).some(
      ({ peers, ports }) =>
        (peers.length === 0 || peers.some((one) => isPeer(one, own.namespace, peer))) &&
        (ports.length === 0 || ports.some((port) => isPort(port, traffic))),
    ),
  );
}

function governs({ metadata, spec }: NetworkPolicy, direction: string, own: PolicyEnd): boolean {
  const types = spec.policyTypes?.length ? spec.policyTypes : spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  return (
    metadata.namespace === own.namespace &&
    own.labels !== undefined &&
    types.includes(direction) &&
    fromLabelSelector(spec.podSelector ?? {}).matches(own.labels)
  );
}

interface Rule {
  readonly peers: readonly NetworkPolicyPeer[];
  readonly ports: readonly NetworkPolicyPort[];
}

const rulesOf = ({ spec }: NetworkPolicy, direction: 'Ingress' | 'Egress'): Rule[] =>
  direction === 'Ingress'
    ? (spec.ingress ?? []).map(({ from = [], ports = [] }) => ({ peers: from, ports }))
    : (spec.egress ?? []).map(({ to = [], ports = [] }) => ({ peers: to, ports }));

function isPeer({ ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer, ownNamespace: string, peer: PolicyEnd): boolean {
  if (ipBlock) return isWithin(peer.ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr) => isWithin(peer.ip, cidr));
  if (peer.labels === undefined) return false;
  const inNamespace = namespaceSelector
    ? fromLabelSelector(namespaceSelector).matches(peer.namespaceLabels)
    : peer.namespace === ownNamespace;
  return inNamespace && (!podSelector || fromLabelSelector(podSelector).matches(peer.labels));
}

/** Whether an address is one of a prefix. */
export function isWithin(ip: string, cidr: string): boolean {
  const address = parseIp(ip);
  const prefix = parseCidr(cidr);
  if (!address || !prefix || address.family !== prefix.network.family) return false;
  const shift = BigInt((address.family === 4 ? 32 : 128) - prefix.length);
  return address.bits >> shift === prefix.network.bits >> shift;
}

function isPort({ protocol = 'TCP', port, endPort }: NetworkPolicyPort, traffic: Traffic): boolean {
  if (protocol !== traffic.protocol) return false;
  if (port === undefined || port === null) return true;
  if (typeof port === 'string') return traffic.to.namedPorts?.get(port) === traffic.port;
  return traffic.port >= port && traffic.port <= (endPort ?? port);
}
