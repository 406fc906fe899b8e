// What cluster IPs and IP families must be. Upstream: `ValidateServiceClusterIPsRelatedFields`, `validateUpgradeDowngradeClusterIPs`,
// `validateUpgradeDowngradeIPFamilies` (`pkg/apis/core/validation/validation.go`).
import { type FieldError, familyOf, fieldError, isValidLegacyIp, type ServiceSpec } from '../../../../api/index.ts';
import { listOf } from '../../../validation/field-errors.ts';
import { isExternalName } from './defaults.ts';

const FAMILIES: readonly string[] = ['IPv4', 'IPv6'];
const FAMILY_POLICIES: readonly string[] = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const PATH = 'spec.clusterIPs';
const FOR_GOOD = 'may not change once set';

export const isHeadless = ({ clusterIPs }: ServiceSpec): boolean => clusterIPs?.length === 1 && clusterIPs[0] === 'None';

/** @param old addresses that were there before are taken as they are. */
export function clusterIpErrors(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  if (isExternalName(spec)) return [];
  const ips = listOf(spec.clusterIPs);
  const wrongIps = addressErrors(ips, listOf(old?.clusterIPs));
  const errors = [
    ...firstIpErrors(spec),
    ...familyErrors(spec),
    ...wrongIps,
    ...(ips.length > 2 ? [fieldError.invalid(PATH, ips, 'may only hold up to 2 values')] : []),
  ];
  // What follows would only say it again.
  if (wrongIps.length > 0) return errors;
  const isOfOneFamily = ips.length > 1 && new Set(ips.map(familyOf)).size === 1;
  if (isOfOneFamily) errors.push(fieldError.invalid(PATH, ips, 'may specify no more than one IP for each IP family'));
  return [...errors, ...(isHeadless(spec) ? [] : pairErrors(spec))];
}

function firstIpErrors({ clusterIP = '', clusterIPs }: ServiceSpec): FieldError[] {
  const ips = listOf(clusterIPs);
  if (clusterIP === '') return ips.length > 0 ? [fieldError.invalid(PATH, ips, 'must be empty when `clusterIP` is not specified')] : [];
  if (ips.length === 0) return [fieldError.required(PATH)];
  return ips[0] === clusterIP ? [] : [fieldError.invalid(PATH, ips, 'first value must match `clusterIP`')];
}

function familyErrors({ ipFamilies, ipFamilyPolicy }: ServiceSpec): FieldError[] {
  const families = listOf(ipFamilies);
  const errors = families.flatMap((family, i) => {
    const path = `spec.ipFamilies[${i}]`;
    return [
      ...(FAMILIES.includes(family) ? [] : [fieldError.notSupported(path, family, FAMILIES)]),
      ...(families.indexOf(family) < i ? [fieldError.duplicate(path, family)] : []),
    ];
  });
  if (ipFamilyPolicy !== undefined && !FAMILY_POLICIES.includes(ipFamilyPolicy)) {
    errors.push(fieldError.notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, FAMILY_POLICIES));
  }
  return errors;
}

function addressErrors(ips: readonly string[], old: readonly string[]): FieldError[] {
  return ips.flatMap((ip, i) => {
    if (i === 0 && ip === 'None') {
      return ips.length > 1 ? [fieldError.invalid(PATH, ips, "'None' must be the first and only value")] : [];
    }
    if (old.includes(ip)) return [];
    return isValidLegacyIp(ip, false).map((why) => fieldError.invalid(`${PATH}[${i}]`, ip, why));
  });
}

const pairErrors = ({ clusterIPs, ipFamilies }: ServiceSpec): FieldError[] =>
  listOf(clusterIPs).flatMap((ip, i) => {
    const family = ipFamilies?.[i];
    if (family === undefined || !FAMILIES.includes(family) || familyOf(ip) === family) return [];
    return [fieldError.invalid(`${PATH}[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``)];
  });

/** What an update may do to addresses and families: the second ones come and go. */
export function changedIpErrors(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (isExternalName(spec) || isExternalName(old)) return [];
  return [...changedAddressErrors(spec, old), ...changedFamilyErrors(spec, old)];
}

function changedAddressErrors(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (isHeadless(spec) && isHeadless(old)) return [];
  const [now, before] = [listOf(spec.clusterIPs), listOf(old.clusterIPs)];
  const changed = (i: number) => fieldError.invalid(`${PATH}[${i}]`, now, FOR_GOOD);
  if (now.length === before.length) return before.flatMap((ip, i) => (ip === now[i] ? [] : [changed(i)]));
  const isOther = now.length > 0 && before.length > 0 && now[0] !== before[0];
  if (now.length > before.length) return isOther ? [changed(0)] : [];
  return [
    ...(now.length === 0 ? [fieldError.invalid(`${PATH}[0]`, now, 'primary clusterIP can not be unset')] : []),
    ...(isOther ? [changed(0)] : []),
    ...(now.length === 1 ? releaseErrors(spec, 'clusterIP') : []),
  ];
}

/** Upstream names the first family whichever one it is, and shows the addresses where it means the families. */
function changedFamilyErrors(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (isHeadless(spec) || isHeadless(old)) return [];
  const path = 'spec.ipFamilies[0]';
  const [now, before] = [listOf(spec.ipFamilies), listOf(old.ipFamilies)];
  if (now.length === before.length) {
    return before.flatMap((family, i) => (family === now[i] ? [] : [fieldError.invalid(path, now, FOR_GOOD)]));
  }
  const ips = listOf(spec.clusterIPs);
  const isOther = now.length > 0 && before.length > 0 && now[0] !== before[0];
  const changed = isOther ? [fieldError.invalid(path, ips, FOR_GOOD)] : [];
  if (now.length > before.length) return changed;
  return [
    ...(ips.length === 0 ? [fieldError.invalid(path, now, 'primary ipFamily can not be unset')] : []),
    ...changed,
    ...(now.length === 1 ? releaseErrors(spec, 'ipFamily') : []),
  ];
}

const releaseErrors = ({ ipFamilyPolicy }: ServiceSpec, what: string): FieldError[] =>
  ipFamilyPolicy === 'SingleStack'
    ? []
    : [fieldError.invalid('spec.ipFamilyPolicy', ipFamilyPolicy, `must be set to 'SingleStack' when releasing the secondary ${what}`)];
