import {
  type DiscoveryV1EndpointPort,
  type Endpoint,
  type EndpointSlice,
  type FieldError,
  fieldError,
  ipWarnings,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidIp,
  isValidLabelValue,
  isValidLegacyIp,
  parseIp,
} from '../../../api/index.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { domainNameErrors } from '../../validation/domain-name.ts';
import { type Errors, IMMUTABLE_MESSAGE, listOf, pushInvalid } from '../../validation/field-errors.ts';
import { checkLabels } from '../../validation/meta.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { nonSpecialIp } from '../core/endpoints.ts';
import { ageOf, strategyOf } from '../shared.ts';
import { endpointSliceV1beta1 } from './v1beta1-view.ts';

const ADDRESS_TYPES: readonly string[] = ['FQDN', 'IPv4', 'IPv6'];
const PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];
const ENDPOINTS_MAX = 1000;
const ADDRESSES_MAX = 100;
const PORTS_MAX = 20_000;
const HINTS_MAX = 8;
const TOPOLOGY_MAX = 16;
/** How many ports and addresses the Table shows before it counts the rest. */
const SHOWN_MAX = 3;

/** Upstream: `pkg/registry/discovery/endpointslice`, `ValidateEndpointSlice`. */
export const endpointSliceStrategy = strategyOf<EndpointSlice>({
  metadataLooks: ['whole'],
  setDefaults: ({ ports }) => {
    for (const port of listOf(ports)) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  prepareForCreate: (_context, slice) => {
    dropTopology(slice.endpoints);
    begin(slice);
  },
  prepareForUpdate: (_context, slice, old) => {
    count(slice, old); // what is dropped afterwards counts
    if (!semanticEqual(slice.endpoints, old.endpoints)) dropTopology(slice.endpoints);
  },
  views: {
    'discovery.k8s.io/v1beta1': endpointSliceV1beta1({
      prepareForCreate: (_context, slice) => begin(slice),
      prepareForUpdate: (_context, slice, old) => count(slice, old),
    }),
  },
  validateCreate: (context, slice) => {
    if (slice.addressType === 'FQDN') context.warn('spec.addressType: FQDN endpoints are deprecated');
    warnOfAddresses(context, slice);
    return sliceErrors(slice);
  },
  validateUpdate: (context, slice, old) => {
    warnOfAddresses(context, slice);
    return [
      ...sliceErrors(slice, old),
      ...(slice.addressType === old.addressType ? [] : [fieldError.invalid('addressType', slice.addressType, IMMUTABLE_MESSAGE)]),
    ];
  },
  tableRow: ({ metadata, addressType, ports, endpoints }, now) => [
    metadata.name,
    addressType,
    listCell(listOf(ports).map(({ port, name }) => String(port ?? name ?? '*'))),
    listCell(listOf(endpoints).flatMap(({ addresses }) => addresses)),
    ageOf(metadata.creationTimestamp, now),
  ],
});

function warnOfAddresses(context: RequestContext, { addressType, endpoints }: EndpointSlice): void {
  if (addressType === 'FQDN') return;
  listOf(endpoints).forEach(({ addresses }, i) => {
    listOf(addresses).forEach((address, j) => {
      for (const text of ipWarnings(address)) context.warn(`endpoints[${i}].addresses[${j}]: ${text}`);
    });
  });
}

/** `a,b,c + 2 more...`; `<unset>` for nothing. */
function listCell(texts: readonly string[]): string {
  const shown = texts.slice(0, SHOWN_MAX).join(',');
  if (texts.length > SHOWN_MAX) return `${shown} + ${texts.length - SHOWN_MAX} more...`;
  return shown || '<unset>';
}

function begin({ metadata }: EndpointSlice): void {
  metadata.generation = 1;
}

function count({ metadata, ...slice }: EndpointSlice, old: EndpointSlice): void {
  if (countedChange({ metadata, ...slice }, old)) metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** The labels of the beta version are not taken from writers of this one (`dropTopologyOnV1`). */
function dropTopology(endpoints: readonly Endpoint[] | null | undefined): void {
  for (const endpoint of listOf(endpoints)) delete endpoint.deprecatedTopology;
}

/** Labels count too, annotations do not. */
const countedChange = (slice: EndpointSlice, old: EndpointSlice): boolean =>
  !semanticEqual(slice.ports, old.ports) ||
  !semanticEqual(slice.endpoints, old.endpoints) ||
  !semanticEqual(slice.metadata.labels, old.metadata.labels);

/** @param old what it was: endpoints that stay as they were may be of a form that is no longer taken. */
function sliceErrors({ addressType, endpoints, ports }: EndpointSlice, old?: EndpointSlice): FieldError[] {
  const errors: FieldError[] = [];
  if (addressType === '') errors.push(fieldError.required('addressType'));
  else if (!ADDRESS_TYPES.includes(addressType)) errors.push(fieldError.notSupported('addressType', addressType, ADDRESS_TYPES));
  checkPorts(errors, listOf(ports));
  if (old && semanticEqual(endpoints, old.endpoints)) return errors;
  if (listOf(endpoints).length > ENDPOINTS_MAX) errors.push(fieldError.tooMany('endpoints', listOf(endpoints).length, ENDPOINTS_MAX));
  else {
    listOf(endpoints).forEach((endpoint, i) => {
      checkEndpoint(errors, `endpoints[${i}]`, endpoint, (path, address) => addressErrors(path, address, addressType));
    });
  }
  return errors;
}

type AddressCheck = (path: string, address: string) => readonly FieldError[];

function checkEndpoint(errors: Errors, path: string, endpoint: Endpoint, check: AddressCheck): void {
  const addresses = listOf(endpoint.addresses);
  if (addresses.length === 0) errors.push(fieldError.required(`${path}.addresses`, 'must contain at least 1 address'));
  if (addresses.length > ADDRESSES_MAX) errors.push(fieldError.tooMany(`${path}.addresses`, addresses.length, ADDRESSES_MAX));
  addresses.forEach((address, i) => {
    errors.push(...check(`${path}.addresses[${i}]`, address));
  });
  if (endpoint.nodeName !== undefined) {
    pushInvalid(errors, `${path}.nodeName`, endpoint.nodeName, isDns1123Subdomain(endpoint.nodeName));
  }
  const topology = endpoint.deprecatedTopology ?? {};
  const labels = Object.keys(topology).length;
  if (labels > TOPOLOGY_MAX) errors.push(fieldError.tooMany(`${path}.deprecatedTopology`, labels, TOPOLOGY_MAX));
  checkLabels(errors, `${path}.deprecatedTopology`, topology);
  if (endpoint.hostname !== undefined) pushInvalid(errors, `${path}.hostname`, endpoint.hostname, isDns1123Label(endpoint.hostname));
  // Too many of one end it.
  const goesOn = checkHints(errors, `${path}.hints.forZones`, listOf(endpoint.hints?.forZones), isValidLabelValue);
  if (goesOn) checkHints(errors, `${path}.hints.forNodes`, listOf(endpoint.hints?.forNodes), isDns1123Subdomain);
}

type Hints = readonly { readonly name: string }[];

function checkHints(errors: Errors, path: string, hints: Hints, wrongIn: (name: string) => string[]): boolean {
  if (hints.length > HINTS_MAX) {
    errors.push(fieldError.tooMany(path, hints.length, HINTS_MAX));
    return false;
  }
  const seen = new Set<string>();
  hints.forEach(({ name }, i) => {
    if (seen.has(name)) errors.push(fieldError.duplicate(`${path}[${i}].name`, name));
    seen.add(name);
    pushInvalid(errors, `${path}[${i}].name`, name, wrongIn(name));
  });
  return true;
}

function addressErrors(path: string, address: string, addressType: string): FieldError[] {
  if (addressType === 'FQDN') return domainNameErrors(path, address);
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return [];
  const wrong = (addressType === 'IPv6' ? isValidIp(address) : isValidLegacyIp(address, false)).map((detail) =>
    fieldError.invalid(path, address, detail),
  );
  if (wrong.length > 0) return wrong;
  const fits = `IPv${parseIp(address)?.family}` === addressType;
  // Upstream does not say which of the addresses it is that is of the other family.
  const addresses = path.slice(0, path.lastIndexOf('['));
  return [...(fits ? [] : [fieldError.invalid(addresses, address, `must be an ${addressType} address`)]), ...nonSpecialIp(address, path)];
}

function checkPorts(errors: Errors, ports: readonly DiscoveryV1EndpointPort[]): void {
  if (ports.length > PORTS_MAX) {
    errors.push(fieldError.tooMany('ports', ports.length, PORTS_MAX));
    return;
  }
  const names = new Set<string>();
  ports.forEach(({ name = '', protocol = '', appProtocol }, i) => {
    const path = `ports[${i}]`;
    if (name !== '') pushInvalid(errors, `${path}.name`, name, isDns1123Label(name));
    if (names.has(name)) errors.push(fieldError.duplicate(`${path}.name`, name));
    names.add(name);
    if (!PROTOCOLS.includes(protocol)) errors.push(fieldError.notSupported(`${path}.protocol`, protocol, PROTOCOLS));
    if (appProtocol !== undefined) pushInvalid(errors, `${path}.appProtocol`, appProtocol, isQualifiedName(appProtocol));
  });
}
