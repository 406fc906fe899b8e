// Which addresses the load balancer of a Service has. Upstream: `staging/src/k8s.io/cloud-provider/controllers/service`, with a cloud
// that has nothing but addresses.
import { formatIp, type Live, type LoadBalancerIngress, parseIp, type Service } from '../../api/index.ts';
import type { AddressPool } from './pool.ts';

/** Holds a Service until its load balancer is gone. */
export const CLEANUP = 'service.kubernetes.io/load-balancer-cleanup';

/** Whether this controller is to give the Service a load balancer: with a class it is another's. */
export const wantsLoadBalancer = ({ spec }: Service): boolean => spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined;

/** What is to be done for a Service. */
export type BalancerPlan =
  | { readonly action: 'none' }
  | { readonly action: 'ensure'; readonly ingress: LoadBalancerIngress[] }
  | { readonly action: 'remove' }
  | { readonly action: 'fail'; readonly message: string };

/**
 * Decides on a Service's load balancer.
 *
 * @param ownerOf the key of the Service that has an address.
 */
export function planBalancer(
  key: string,
  service: Live<Service>,
  pool: AddressPool,
  ownerOf: (ip: string) => string | undefined,
): BalancerPlan {
  const hasFinalizer = service.metadata.finalizers?.includes(CLEANUP) === true;
  if (service.metadata.deletionTimestamp !== undefined || !wantsLoadBalancer(service)) {
    return { action: hasFinalizer ? 'remove' : 'none' };
  }
  const isFree = (ip: string) => (ownerOf(ip) ?? key) === key;
  const wanted = wantedIngress(service, pool, isFree);
  if (typeof wanted === 'string') return { action: 'fail', message: wanted };
  const same = JSON.stringify(wanted.map(({ ip }) => ip)) === JSON.stringify(addressesOf(service));
  return same && hasFinalizer ? { action: 'none' } : { action: 'ensure', ingress: wanted };
}

/** The addresses that a Service's status says its load balancer has. */
export const addressesOf = ({ status }: Service): string[] => (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);

/** An address for each family; a text when there cannot be any. */
function wantedIngress(service: Live<Service>, pool: AddressPool, isFree: (ip: string) => boolean): LoadBalancerIngress[] | string {
  const ingress: LoadBalancerIngress[] = [];
  for (const family of (service.spec.ipFamilies ?? ['IPv4']).map((name) => (name === 'IPv6' ? 6 : 4))) {
    const found = addressFor(service, family, pool, isFree);
    if (found?.error !== undefined) return found.error;
    if (found?.ip !== undefined) ingress.push({ ip: found.ip, ipMode: 'VIP' });
  }
  return ingress.length > 0 ? ingress : 'the pool of load balancers has no addresses of the families of the Service';
}

interface Found {
  readonly ip?: string | undefined;
  readonly error?: string | undefined;
}

/** The address that is asked for, else the one that it has, else the next; undefined when the pool is not of the family. */
function addressFor(service: Live<Service>, family: 4 | 6, pool: AddressPool, isFree: (ip: string) => boolean): Found | undefined {
  const asked = service.spec.loadBalancerIP ? parseIp(service.spec.loadBalancerIP) : undefined;
  if (asked?.family === family) {
    const ip = formatIp(asked);
    if (!pool.includes(ip)) return { error: `the requested loadBalancerIP ${ip} is not in the pool of load balancers` };
    return isFree(ip) ? { ip } : { error: `the requested loadBalancerIP ${ip} is another Service's` };
  }
  if (!pool.has(family)) return undefined;
  const ip = kept(service, family, pool, isFree) ?? pool.free(family, (candidate) => !isFree(candidate));
  return ip === undefined ? { error: `no IPv${family} address of the pool of load balancers is left` } : { ip };
}

const kept = (service: Live<Service>, family: 4 | 6, pool: AddressPool, isFree: (ip: string) => boolean): string | undefined =>
  addressesOf(service).find((ip) => parseIp(ip)?.family === family && pool.includes(ip) && isFree(ip));

/** What a change of a Service is called in its events; undefined for one that does not matter to its load balancer. Upstream: `needsUpdate`. */
export function changeEvent(before: Live<Service>, after: Live<Service>): { reason: string; message: string } | undefined {
  if (!wantsLoadBalancer(before) && !wantsLoadBalancer(after)) return undefined;
  const [was, is] = [before.spec, after.spec];
  if (wantsLoadBalancer(before) !== wantsLoadBalancer(after)) return { reason: 'Type', message: `${was.type} -> ${is.type}` };
  const ranges = ({ loadBalancerSourceRanges = [] }: Service['spec']) => `[${loadBalancerSourceRanges.join(' ')}]`;
  if (ranges(was) !== ranges(is)) return { reason: 'LoadBalancerSourceRanges', message: `${ranges(was)} -> ${ranges(is)}` };
  if (was.loadBalancerIP !== is.loadBalancerIP) {
    return { reason: 'LoadbalancerIP', message: `${was.loadBalancerIP ?? ''} -> ${is.loadBalancerIP ?? ''}` };
  }
  if (was.externalTrafficPolicy !== is.externalTrafficPolicy) {
    return { reason: 'ExternalTrafficPolicy', message: `${was.externalTrafficPolicy} -> ${is.externalTrafficPolicy}` };
  }
  return undefined;
}
