import type { Service, ServicePort, ServiceSpec } from '../../../../api/index.ts';

const SESSION_SECONDS = 10_800;

/** What a traffic policy can be. */
export const TRAFFIC_POLICIES: readonly string[] = ['Cluster', 'Local'];

export const isExternalName = ({ type }: ServiceSpec): boolean => type === 'ExternalName';
export const needsClusterIp = (spec: ServiceSpec): boolean => !isExternalName(spec);
/** Whether a Service can have node ports: given ones are taken even where none are chosen. */
export const hasNodePorts = ({ type }: ServiceSpec): boolean => type === 'NodePort' || type === 'LoadBalancer';
/** Whether node ports are chosen for a Service. */
export const needsNodePort = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
export const needsHealthCheckPort = ({ type, externalTrafficPolicy }: ServiceSpec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
export const externallyAccessible = ({ type, externalIPs = [] }: ServiceSpec): boolean =>
  type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && externalIPs.length > 0);

/** Upstream: `SetDefaults_Service`. */
export function setServiceDefaults({ spec, status }: Service): void {
  spec.type ||= 'ClusterIP';
  setSessionAffinity(spec);
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (externallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (needsClusterIp(spec)) spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of status.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
}

/**
 * An ExternalName has none, given or left over, though who gave one owns the field. What is no policy is left to be told of. Upstream:
 * `defaultOnReadInternalTrafficPolicy`.
 */
export function dropInternalTrafficPolicy(spec: ServiceSpec): void {
  const { internalTrafficPolicy } = spec;
  if (needsClusterIp(spec) || internalTrafficPolicy === undefined) return;
  if (TRAFFIC_POLICIES.includes(internalTrafficPolicy)) delete spec.internalTrafficPolicy;
}

function setSessionAffinity(spec: ServiceSpec): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== 'ClientIP') return;
  const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? SESSION_SECONDS;
  spec.sessionAffinityConfig = { clientIP: { timeoutSeconds } };
}

/** Keeps what was allocated for a Service when an update does not mention it. Upstream: `patchAllocatedValues`. */
export function keepAllocated({ spec }: Service, { spec: old }: Service): void {
  if (needsClusterIp(old) && needsClusterIp(spec)) {
    spec.clusterIP ||= old.clusterIP;
    if ((spec.clusterIPs?.length ?? 0) === 0) spec.clusterIPs = old.clusterIPs;
  }
  if (needsNodePort(old) && needsNodePort(spec)) keepNodePorts(spec.ports ?? [], old.ports ?? []);
  if (needsHealthCheckPort(old) && needsHealthCheckPort(spec) && !spec.healthCheckNodePort) {
    spec.healthCheckNodePort = old.healthCheckNodePort;
  }
}

function keepNodePorts(ports: readonly ServicePort[], old: readonly ServicePort[]): void {
  const used = new Set(ports.map(({ nodePort }) => nodePort ?? 0));
  const byName = new Map(old.map(({ name = '', nodePort }) => [name, nodePort]));
  for (const port of ports) {
    const kept = byName.get(port.name ?? '');
    if (!port.nodePort && kept !== undefined && !used.has(kept)) port.nodePort = kept;
  }
}

/** Drops what a new type has no use for, unless the update says something new about it. Upstream: `dropTypeDependentFields`. */
export function dropTypeDependent({ spec }: Service, { spec: old }: Service): void {
  const lost = (has: (of: ServiceSpec) => boolean): boolean => has(old) && !has(spec);
  const dropUnchanged = (...fields: (keyof ServiceSpec)[]): void => {
    for (const field of fields) if (same(spec[field], old[field])) delete spec[field];
  };
  if (lost(needsClusterIp)) {
    dropUnchanged('ipFamilies', 'ipFamilyPolicy');
    if (same([spec.clusterIP, spec.clusterIPs], [old.clusterIP, old.clusterIPs])) dropUnchanged('clusterIP', 'clusterIPs');
  }
  // Ports may come and go with the type, as long as no number is new.
  if (lost(hasNodePorts) && nodePorts(spec).every((port) => nodePorts(old).includes(port))) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (lost(needsHealthCheckPort)) dropUnchanged('healthCheckNodePort');
  if (lost(({ type }) => type === 'LoadBalancer')) dropUnchanged('allocateLoadBalancerNodePorts', 'loadBalancerClass');
  if (lost(externallyAccessible)) dropUnchanged('externalTrafficPolicy');
}

const nodePorts = ({ ports = [] }: ServiceSpec) => ports.flatMap(({ nodePort }) => (nodePort ? [nodePort] : []));
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);
