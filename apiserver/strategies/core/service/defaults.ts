import type { Service, ServicePort, ServiceSpec } from '../../../../api/index.ts';

const SESSION_SECONDS = 10_800;

export const isExternalName = ({ type }: ServiceSpec): boolean => type === 'ExternalName';
export const needsClusterIp = (spec: ServiceSpec): boolean => !isExternalName(spec);
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
  if (needsClusterIp(spec)) spec.internalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of status.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
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
    if ((spec.clusterIPs?.length ?? 0) === 0 && spec.clusterIP === old.clusterIP) spec.clusterIPs = old.clusterIPs;
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
    dropUnchanged('ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy');
    if (same([spec.clusterIP, spec.clusterIPs], [old.clusterIP, old.clusterIPs])) dropUnchanged('clusterIP', 'clusterIPs');
  }
  if (lost(needsNodePort) && same(nodePorts(spec), nodePorts(old))) for (const port of spec.ports ?? []) delete port.nodePort;
  if (lost(needsHealthCheckPort)) dropUnchanged('healthCheckNodePort');
  if (lost(({ type }) => type === 'LoadBalancer')) dropUnchanged('allocateLoadBalancerNodePorts', 'loadBalancerClass');
  if (lost(externallyAccessible)) dropUnchanged('externalTrafficPolicy');
}

const nodePorts = ({ ports = [] }: ServiceSpec) => ports.map(({ nodePort }) => nodePort ?? 0);
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);
