import {
  type FieldError,
  fieldError,
  type IPAddress,
  isDns1123Subdomain,
  isPathSegmentName,
  isValidCidr,
  isValidIp,
  networkingKinds,
  type ParentReference,
  parseCidr,
  type ServiceCIDR,
} from '../../../api/index.ts';
import { olderKinds } from '../../../api/schema.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import { IMMUTABLE_MESSAGE, listOf, pushInvalid } from '../../validation/field-errors.ts';
import { goPart } from '../../validation/go-struct.ts';
import { checkSegment } from '../../validation/ingress.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { sameFields } from '../same-fields.ts';
import { ageOf, keepMetadata, strategyOf, updateOf } from '../shared.ts';

const SAME_FAMILY = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';

/** Upstream: `pkg/registry/networking/ipaddress`, `ValidateIPAddress`, `ValidateIPAddressUpdate`. */
export const ipAddressStrategy = strategyOf<IPAddress>({
  metadataLooks: ['whole', 'changes'],
  views: { 'networking.k8s.io/v1beta1': sameFields(networkingKinds.ipaddresses, olderKinds.ipaddressesV1beta1) },
  keepsGivenName: true,
  validateName: (name) => isValidIp(name),
  validateCreate: (_context, address) => addressErrors(address),
  validateUpdate: (_context, address, old) => {
    const { parentRef } = address.spec;
    if (semanticEqual(parentRef, old.spec.parentRef)) return [...addressErrors(address), NEXT_LOOK];
    const value = parentRef && goPart(networkingKinds.ipaddresses, ['spec', 'parentRef'], parentRef);
    return [...addressErrors(address), NEXT_LOOK, fieldError.invalid('spec.parentRef', value, IMMUTABLE_MESSAGE)];
  },
  // As upstream: the age has no column.
  tableRow: ({ metadata, spec: { parentRef } }, now) => [
    metadata.name,
    parentRef ? parentCell(parentRef) : '<none>',
    ageOf(metadata.creationTimestamp, now),
  ],
});

const parentCell = ({ group = '', resource = '', namespace = '', name = '' }: ParentReference): string =>
  [(group === '' ? resource : `${resource}.${group}`).toLowerCase(), namespace, name].filter((part) => part !== '').join('/');

function addressErrors({ spec: { parentRef } }: IPAddress): FieldError[] {
  if (!parentRef) return [fieldError.required('spec.parentRef')];
  const errors: FieldError[] = [];
  const { group = '', resource = '', name = '', namespace = '' } = parentRef;
  if (group !== '') pushInvalid(errors, 'spec.parentRef.group', group, isDns1123Subdomain(group));
  checkSegment(errors, 'spec.parentRef.resource', resource);
  checkSegment(errors, 'spec.parentRef.name', name);
  pushInvalid(errors, 'spec.parentRef.namespace', namespace, isPathSegmentName(namespace));
  return errors;
}

/**
 * Upstream: `pkg/registry/networking/servicecidr`, `ValidateServiceCIDR`, `ValidateServiceCIDRUpdate`. Unlike most kinds it keeps a status
 * that comes with the object itself, and who writes that owns it.
 */
export const serviceCidrStrategy = strategyOf<ServiceCIDR>({
  resetFields: [],
  views: { 'networking.k8s.io/v1beta1': sameFields(networkingKinds.servicecidrs, olderKinds.servicecidrsV1beta1) },
  validateCreate: (_context, { spec }) => cidrsErrors(listOf(spec.cidrs)),
  validateUpdate: (_context, { spec }, old) => cidrsChanges(listOf(spec.cidrs), listOf(old.spec.cidrs)),
  tableRow: ({ metadata, spec }, now) => [metadata.name, listOf(spec.cidrs).join(','), ageOf(metadata.creationTimestamp, now)],
  subresources: {
    status: updateOf<ServiceCIDR>({
      resetFields: [],
      prepareForUpdate: (_context, cidr, old) => {
        cidr.spec = old.spec;
        keepMetadata(cidr, old);
      },
    }),
  },
});

function cidrsErrors(cidrs: readonly string[]): FieldError[] {
  if (cidrs.length === 0) return [fieldError.required('spec.cidrs', 'at least one CIDR required')];
  if (cidrs.length > 2) return [fieldError.invalid('spec.cidrs', { CIDRs: cidrs }, 'may only hold up to 2 values')];
  const errors: FieldError[] = [];
  cidrs.forEach((cidr, i) => {
    pushInvalid(errors, `spec.cidrs[${i}]`, cidr, isValidCidr(cidr));
  });
  const [first, second] = cidrs.map((cidr) => parseCidr(cidr)?.network.family);
  if (cidrs.length === 2 && first !== undefined && first === second) errors.push(fieldError.invalid('spec.cidrs', cidrs, SAME_FAMILY));
  return errors;
}

/** Nothing changes, but a second family may come. */
function cidrsChanges(cidrs: readonly string[], old: readonly string[]): FieldError[] {
  const grows = old.length === 1 && cidrs.length === 2;
  if (cidrs.length !== old.length && !grows)
    return [fieldError.invalid('spec.cidrs', cidrs.length === 0 ? null : cidrs, IMMUTABLE_MESSAGE)];
  const errors = old.flatMap((cidr, i) => (cidr === cidrs[i] ? [] : [fieldError.invalid(`spec.cidrs[${i}]`, cidrs[i], IMMUTABLE_MESSAGE)]));
  return grows ? [...errors, ...cidrsErrors(cidrs)] : errors;
}
