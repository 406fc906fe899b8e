import { type IPAddress, type IpPrefix, type Live, parseCidr, parseIp, type ServiceCIDR } from '../../api/index.ts';

/** Keeps a range until no address of it is in use. */
export const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';
/** A range that is to go is kept for so long at least: by then no API server gives out addresses of it. */
export const GRACE_MS = 10_000;
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by';
const ALLOCATOR = 'ipallocator.k8s.io';

/** What is to be said of a range. */
export interface Readiness {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export const READY: Readiness = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' };
export const IN_USE: Readiness = {
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
};

/** Whether a range says this of itself already. */
export const says = ({ status }: ServiceCIDR, wanted: Readiness): boolean =>
  status?.conditions?.some(
    ({ type, ...found }) =>
      type === 'Ready' && found.status === wanted.status && (found.reason ?? '') === wanted.reason && found.message === wanted.message,
  ) ?? false;

const cidrsOf = ({ spec }: ServiceCIDR): IpPrefix[] => (spec.cidrs ?? []).flatMap((text) => parseCidr(text) ?? []);

/** Whether one prefix holds all addresses of another. */
function contains(outer: IpPrefix, inner: IpPrefix): boolean {
  const bits = outer.network.family === 4 ? 32 : 128;
  const shift = BigInt(bits - outer.length);
  const isSame = outer.network.family === inner.network.family && outer.length <= inner.length;
  return isSame && outer.network.bits >> shift === inner.network.bits >> shift;
}

/**
 * Whether a range has an address that a Service can be given: neither the network's own, nor the last one of IPv4. Upstream:
 * `PrefixContainsIP`, `pkg/api/servicecidr`.
 */
function gives(range: IpPrefix, ip: IpPrefix['address']): boolean {
  const bits = ip.family === 4 ? 32 : 128;
  if (!contains(range, { address: ip, network: ip, length: bits }) || ip.bits === range.network.bits) return false;
  return ip.family === 6 || ip.bits !== range.network.bits + (1n << BigInt(bits - range.length)) - 1n;
}

/**
 * Whether a range may go: when another holds all of it, or none of its addresses is a Service's that no other range holds (upstream
 * `canDeleteCIDR`, `pkg/controller/servicecidrs/servicecidrs_controller.go`).
 */
export function mayGo(cidr: Live<ServiceCIDR>, all: readonly Live<ServiceCIDR>[], addresses: readonly IPAddress[]): boolean {
  const others = all.filter(({ metadata }) => metadata.name !== cidr.metadata.name).flatMap(cidrsOf);
  const own = cidrsOf(cidr);
  if (own.every((prefix) => others.some((other) => contains(other, prefix)))) return true;
  return addresses.every(({ metadata: { name = '', labels } }) => {
    const ip = labels?.[MANAGED_BY] === ALLOCATOR ? parseIp(name) : undefined;
    if (!ip) return true;
    return !own.some((prefix) => gives(prefix, ip)) || others.some((prefix) => gives(prefix, ip));
  });
}
