import { isIP } from 'node:net';
import {
  type EndpointAddress,
  type EndpointPort,
  type EndpointSubset,
  type Endpoints,
  type FieldError,
  fieldError,
  isDns1123Label,
  isValidPortNum,
} from '../../../api/index.ts';
import { ageOf, invalidEach, strategyOf } from '../shared.ts';

const PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];
/** How many addresses the Table shows before it counts the rest. */
const SHOWN_MAX = 3;
const IP_ERROR = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

/** Upstream: `pkg/registry/core/endpoint`, `ValidateEndpoints`. */
export const endpointsStrategy = strategyOf<Endpoints>({
  allowCreateOnUpdate: true,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  setDefaults: ({ subsets = [] }) => {
    for (const { ports = [] } of subsets) for (const port of ports) port.protocol ||= 'TCP';
  },
  validateCreate: (_context, { subsets = [] }) => validate(subsets),
  validateUpdate: (_context, { subsets = [] }) => validate(subsets),
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

function addressErrors({ ip, hostname }: EndpointAddress, path: string): FieldError[] {
  return [
    ...(isIP(ip) === 0 ? [fieldError.invalid(`${path}.ip`, ip, IP_ERROR)] : nonSpecialIp(ip, `${path}.ip`)),
    ...(hostname ? invalidEach(`${path}.hostname`, hostname, isDns1123Label(hostname)) : []),
  ];
}

/** Addresses that no endpoint can have. Upstream: `ValidateNonSpecialIP`. */
export function nonSpecialIp(ip: string, path: string): FieldError[] {
  const refused: readonly (readonly [RegExp, string])[] = [
    [/^(?:0\.0\.0\.0|::)$/, `may not be unspecified (${ip})`],
    [/^(?:127\.|::1$)/, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    [/^(?:169\.254\.|fe[89ab])/i, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    [/^(?:224\.0\.0\.|ff02:)/i, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ];
  return refused.filter(([pattern]) => pattern.test(ip)).map(([, detail]) => fieldError.invalid(path, ip, detail));
}

function portErrors({ name = '', port, protocol = '' }: EndpointPort, path: string, needsName: boolean): FieldError[] {
  return [
    ...(name === '' ? (needsName ? [fieldError.required(`${path}.name`)] : []) : invalidEach(`${path}.name`, name, isDns1123Label(name))),
    ...invalidEach(`${path}.port`, port, isValidPortNum(port)),
    ...(PROTOCOLS.includes(protocol) ? [] : [fieldError.notSupported(`${path}.protocol`, protocol, PROTOCOLS)]),
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
