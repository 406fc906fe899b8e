import {
  type EndpointAddress,
  type EndpointPort,
  type EndpointSubset,
  type Endpoints,
  type FieldError,
  fieldError,
  ipWarnings,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidLegacyIp,
  isValidPortNum,
  parseIp,
} from '../../../api/index.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { ageOf, invalidEach, strategyOf } from '../shared.ts';

const PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];
/** How many addresses the Table shows before it counts the rest. */
const SHOWN_MAX = 3;

/** Upstream: `pkg/registry/core/endpoint`, `ValidateEndpoints`. */
export const endpointsStrategy = strategyOf<Endpoints>({
  allowCreateOnUpdate: true,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  setDefaults: ({ subsets = [] }) => {
    for (const { ports = [] } of subsets) for (const port of ports) port.protocol ||= 'TCP';
  },
  metadataLooks: ['changes', 'whole'],
  validateCreate: (context, { subsets = [] }) => {
    warnOfAddresses(context, subsets);
    return validate(subsets);
  },
  // Subsets from older times may stay as they are.
  validateUpdate: (context, { subsets = [] }, old) => {
    warnOfAddresses(context, subsets);
    return semanticEqual(subsets, old.subsets ?? []) ? [] : validate(subsets);
  },
  tableRow: (endpoints, now) => [
    endpoints.metadata.name,
    format(endpoints.subsets ?? []),
    ageOf(endpoints.metadata.creationTimestamp, now),
  ],
});

function validate(subsets: readonly EndpointSubset[]): FieldError[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, i) => {
    const path = `subsets[${i}]`;
    return [
      ...(addresses.length + notReadyAddresses.length === 0
        ? [fieldError.required(path, 'must specify `addresses` or `notReadyAddresses`')]
        : []),
      ...addresses.flatMap((address, j) => addressErrors(address, `${path}.addresses[${j}]`)),
      ...notReadyAddresses.flatMap((address, j) => addressErrors(address, `${path}.notReadyAddresses[${j}]`)),
      ...ports.flatMap((port, j) => portErrors(port, `${path}.ports[${j}]`, ports.length > 1)),
    ];
  });
}

function addressErrors({ ip, hostname, nodeName }: EndpointAddress, path: string): FieldError[] {
  return [
    ...invalidEach(`${path}.ip`, ip, isValidLegacyIp(ip, false)),
    ...(hostname ? invalidEach(`${path}.hostname`, hostname, isDns1123Label(hostname)) : []),
    ...(nodeName === undefined ? [] : invalidEach(`${path}.nodeName`, nodeName, isDns1123Subdomain(nodeName))),
    ...nonSpecialIp(ip, `${path}.ip`),
  ];
}

function warnOfAddresses(context: RequestContext, subsets: readonly EndpointSubset[]): void {
  subsets.forEach((subset, i) => {
    for (const list of ['addresses', 'notReadyAddresses'] as const) {
      (subset[list] ?? []).forEach(({ ip }, j) => {
        for (const text of ipWarnings(ip)) context.warn(`subsets[${i}].${list}[${j}].ip: ${text}`);
      });
    }
  });
}

/** Addresses that no endpoint can have, however they are written. Upstream: `ValidateNonSpecialIP`. */
export function nonSpecialIp(ip: string, path: string): FieldError[] {
  const address = parseIp(ip);
  if (!address) return [fieldError.invalid(path, ip, 'must be a valid IP address')];
  return SPECIAL.filter(([v4, v6]) => (address.family === 4 ? v4 : v6)(address.bits)).map(([, , detail]) =>
    fieldError.invalid(path, ip, detail === UNSPECIFIED ? `${detail} (${ip})` : detail),
  );
}

type Test = (bits: bigint) => boolean;

const UNSPECIFIED = 'may not be unspecified';
const SPECIAL: readonly (readonly [v4: Test, v6: Test, detail: string])[] = [
  [(bits) => bits === 0n, (bits) => bits === 0n, UNSPECIFIED],
  [(bits) => bits >> 24n === 127n, (bits) => bits === 1n, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [
    (bits) => bits >> 16n === 0xa9_fen,
    (bits) => bits >> 118n === 0xfe80n >> 6n,
    'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
  ],
  [
    (bits) => bits >> 8n === 0xe0_00_00n,
    // As Go has it: the flags of a multicast address may be any.
    (bits) => ((bits >> 112n) & 0xff0fn) === 0xff02n,
    'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
  ],
];

function portErrors({ name = '', port, protocol = '', appProtocol }: EndpointPort, path: string, needsName: boolean): FieldError[] {
  return [
    ...(name === '' ? (needsName ? [fieldError.required(`${path}.name`)] : []) : invalidEach(`${path}.name`, name, isDns1123Label(name))),
    ...invalidEach(`${path}.port`, port, isValidPortNum(port)),
    ...(PROTOCOLS.includes(protocol) ? [] : [fieldError.notSupported(`${path}.protocol`, protocol, PROTOCOLS)]),
    ...(appProtocol === undefined ? [] : invalidEach(`${path}.appProtocol`, appProtocol, isQualifiedName(appProtocol))),
  ];
}

/** `10.0.0.1:80,10.0.0.2:80 + 3 more...`; `<none>` for no subsets, nothing when none is ready. */
function format(subsets: readonly EndpointSubset[]): string {
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`)),
  );
  const shown = all.slice(0, SHOWN_MAX).join(',');
  return all.length > SHOWN_MAX ? `${shown} + ${all.length - SHOWN_MAX} more...` : shown;
}
