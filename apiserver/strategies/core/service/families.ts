// Which IP families a Service has. Upstream: `initIPFamilyFields` (`pkg/registry/core/service/storage/alloc.go`).
import { apiError, type FieldError, familyOf, fieldError, type IpFamily, type Service, type ServiceSpec } from '../../../../api/index.ts';
import { clusterIpErrors } from './cluster-ips.ts';
import { isExternalName } from './defaults.ts';

const POLICY = 'spec.ipFamilyPolicy';

/**
 * Gives a Service a family policy and families, where it does not say what it wants.
 *
 * @param configured the families of the cluster, the default one first.
 * @throws ApiError (422)
 */
export function setFamilies(service: Service, old: Service | undefined, configured: readonly IpFamily[]): void {
  const { spec } = service;
  if (isExternalName(spec) || (old && keepsPreferred(spec, old.spec))) return;
  spec.ipFamilyPolicy ??= defaultPolicy(spec, old?.spec);
  refuse(service, clusterIpErrors(spec, old?.spec));
  refuse(service, [...changeErrors(spec, old?.spec), ...amountErrors(spec), ...inferFamilies(spec, configured)]);
  const families = listOf(spec.ipFamilies);
  if (isOpenHeadless(spec)) {
    // Its endpoints are anybody's: it may have families that the cluster has not.
    spec.ipFamilies = withOther(families.length > 0 ? families : configured.slice(0, 1), spec);
    return;
  }
  refuse(service, clusterErrors(spec, configured));
  const own = families.length > 0 ? families : configured.slice(0, 1);
  spec.ipFamilies = configured.length > 1 ? withOther(own, spec) : [...own];
}

/** Upstream: `isMatchingPreferDualStackClusterIPFields`. Such a Service does not follow the cluster when that gets, or loses, a family. */
export function keepsPreferred(spec: ServiceSpec, old: ServiceSpec): boolean {
  if (spec.ipFamilyPolicy === undefined || old.type !== spec.type || isExternalName(spec)) return false;
  const prefers = ({ ipFamilyPolicy }: ServiceSpec) => ipFamilyPolicy === undefined || ipFamilyPolicy === 'PreferDualStack';
  return prefers(spec) && prefers(old) && same(spec.clusterIPs, old.clusterIPs) && same(spec.ipFamilies, old.ipFamilies);
}

/**
 * Gives a Service that was stored before they were known its addresses and families.
 *
 * @param primary the default family of the cluster.
 */
export function settleStored({ spec }: Service, primary: IpFamily): void {
  if (spec.clusterIP && listOf(spec.clusterIPs).length === 0) spec.clusterIPs = [spec.clusterIP];
  if (isExternalName(spec) || listOf(spec.ipFamilies).length > 0) return;
  spec.ipFamilyPolicy = isOpenHeadless(spec) || listOf(spec.clusterIPs).length > 1 ? 'RequireDualStack' : 'SingleStack';
  spec.ipFamilies = spec.clusterIP === 'None' ? withOther([primary], spec) : listOf(spec.clusterIPs).map(familyOf);
}

const isOpenHeadless = ({ clusterIP, selector }: ServiceSpec): boolean => clusterIP === 'None' && Object.keys(selector ?? {}).length === 0;

function defaultPolicy(spec: ServiceSpec, old: ServiceSpec | undefined): string {
  if (old?.ipFamilyPolicy !== undefined) return old.ipFamilyPolicy;
  return isOpenHeadless(spec) ? 'RequireDualStack' : 'SingleStack';
}

/** What an update takes away must be meant: then what it does not mention goes too. */
function changeErrors(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  if (!old) return [];
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (same(spec.clusterIPs, old.clusterIPs)) spec.clusterIPs = firstOf(spec.clusterIPs);
    if (same(spec.ipFamilies, old.ipFamilies)) spec.ipFamilies = firstOf(spec.ipFamilies);
    return [];
  }
  const isReduced = (now: readonly string[], before: readonly string[]) => now.length > 0 && now.length < before.length;
  const release = (what: string) =>
    fieldError.invalid(POLICY, spec.ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`);
  return [
    ...(isReduced(listOf(spec.clusterIPs), listOf(old.clusterIPs)) ? [release('cluster IP')] : []),
    ...(isReduced(listOf(spec.ipFamilies), listOf(old.ipFamilies)) ? [release('IP family')] : []),
  ];
}

function amountErrors({ ipFamilyPolicy, clusterIPs, ipFamilies }: ServiceSpec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return [];
  const many = (what: string) =>
    fieldError.invalid(POLICY, ipFamilyPolicy, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`);
  return [
    ...(listOf(clusterIPs).length === 2 ? [many('cluster IPs')] : []),
    ...(listOf(ipFamilies).length === 2 ? [many('IP families')] : []),
  ];
}

/** Addresses say which families are meant. */
function inferFamilies(spec: ServiceSpec, configured: readonly IpFamily[]): FieldError[] {
  const errors: FieldError[] = [];
  const ips = listOf(spec.clusterIPs);
  const families = [...listOf(spec.ipFamilies)];
  for (const [i, ip] of ips.entries()) {
    if (ip === 'None') break;
    if (i < families.length) continue;
    const family = familyOf(ip);
    if (configured.includes(family)) families.push(family);
    else errors.push(fieldError.invalid(`spec.clusterIPs[${i}]`, ips, `${family} is not configured on this cluster`));
  }
  if (families.length > 0) spec.ipFamilies = families;
  return errors;
}

function clusterErrors({ ipFamilyPolicy, ipFamilies }: ServiceSpec, configured: readonly string[]): FieldError[] {
  return [
    ...(ipFamilyPolicy === 'RequireDualStack' && configured.length < 2
      ? [fieldError.invalid(POLICY, ipFamilyPolicy, 'this cluster is not configured for dual-stack services')]
      : []),
    ...listOf(ipFamilies).flatMap((family, i) =>
      configured.includes(family) ? [] : [fieldError.invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster')],
    ),
  ];
}

/** With the family that is missing, unless one is all that is asked for. */
function withOther(families: readonly string[], { ipFamilyPolicy }: ServiceSpec): string[] {
  if (ipFamilyPolicy === 'SingleStack' || families.length !== 1) return [...families];
  return [...families, families[0] === 'IPv4' ? 'IPv6' : 'IPv4'];
}

const listOf = (list: readonly string[] | undefined): readonly string[] => list ?? [];
const firstOf = (list: readonly string[] | undefined): string[] | undefined => list?.slice(0, 1);
const same = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  listOf(a).length === listOf(b).length && listOf(a).every((text, i) => text === b?.[i]);

/** @throws ApiError (422) when there are errors. */
function refuse({ metadata }: Service, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw apiError.invalid({ group: '', resource: 'Service' }, metadata.name ?? '', errors);
}
