import {
  cidrWarnings,
  type FieldError,
  fieldError,
  type IPBlock,
  isValidLegacyCidr,
  isValidPortName,
  isValidPortNum,
  type NetworkPolicy,
  type NetworkPolicyPeer,
  type NetworkPolicyPort,
  type NetworkPolicySpec,
  parseCidr,
} from '../../../api/index.ts';
import { hasEmpties } from '../../../api/schema.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { type Errors, listOf, pushInvalid } from '../../validation/field-errors.ts';
import { checkLabelSelector } from '../../validation/meta.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { selectorCell } from '../apps/cells.ts';
import { ageOf, strategyOf } from '../shared.ts';

const PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP'];
const TYPES: readonly string[] = ['Ingress', 'Egress'];

/** A rule of either direction. */
interface Rule {
  readonly path: string;
  readonly ports: readonly NetworkPolicyPort[];
  readonly peers: readonly NetworkPolicyPeer[];
  readonly peersPath: string;
}

const rulesOf = ({ ingress, egress }: NetworkPolicySpec): readonly Rule[] => [
  ...listOf(ingress).map(({ ports, from }, i) => {
    const path = `spec.ingress[${i}]`;
    return { path, ports: listOf(ports), peers: listOf(from), peersPath: `${path}.from` };
  }),
  ...listOf(egress).map(({ ports, to }, i) => {
    const path = `spec.egress[${i}]`;
    return { path, ports: listOf(ports), peers: listOf(to), peersPath: `${path}.to` };
  }),
];

/** Upstream: `pkg/registry/networking/networkpolicy`, `ValidateNetworkPolicy`. */
export const networkPolicyStrategy = strategyOf<NetworkPolicy>({
  formerNames: ['extensions/v1beta1'],
  metadataLooks: ['whole', 'changes'],
  setDefaults: ({ spec }) => {
    for (const { ports } of rulesOf(spec)) for (const port of ports) port.protocol ??= 'TCP';
    if (listOf(spec.policyTypes).length === 0) spec.policyTypes = listOf(spec.egress).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  prepareForCreate: (_context, { metadata }) => {
    metadata.generation = 1;
  },
  prepareForUpdate: (_context, policy, old) => {
    const { metadata, spec } = policy;
    // Upstream compares by reflection: a list that is given as empty is another one than none.
    if (hasEmpties(policy, 'spec') || !semanticEqual(spec, old.spec)) metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validateCreate: (context, { spec }) => {
    warn(context, spec);
    return specErrors(spec, []);
  },
  validateUpdate: (context, { metadata, spec }, old) => {
    if (metadata.generation !== old.metadata.generation) warn(context, spec);
    const known = blocksOf(old.spec).flatMap(({ block }) => [block.cidr, ...listOf(block.except)]);
    // Upstream's update looks at the whole of it twice, and says so.
    const errors = specErrors(spec, known);
    return [...errors, NEXT_LOOK, ...errors];
  },
  tableRow: ({ metadata, spec }, now) => [metadata.name, selectorCell(spec.podSelector), ageOf(metadata.creationTimestamp, now)],
});

const blocksOf = (spec: NetworkPolicySpec): readonly { readonly path: string; readonly block: IPBlock }[] =>
  rulesOf(spec).flatMap(({ peers, peersPath }) =>
    peers.flatMap(({ ipBlock }, i) => (ipBlock ? [{ path: `${peersPath}[${i}].ipBlock`, block: ipBlock }] : [])),
  );

function warn(context: RequestContext, spec: NetworkPolicySpec): void {
  for (const { path, block } of blocksOf(spec)) {
    for (const text of cidrWarnings(block.cidr)) context.warn(`${path}.cidr: ${text}`);
    listOf(block.except).forEach((cidr, i) => {
      for (const text of cidrWarnings(cidr)) context.warn(`${path}.except[${i}]: ${text}`);
    });
  }
}

/** @param known networks the old policy had, which may be written in ways that are no longer taken. */
function specErrors(spec: NetworkPolicySpec, known: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  checkLabelSelector(errors, 'spec.podSelector', spec.podSelector);
  for (const { path, ports, peers, peersPath } of rulesOf(spec)) {
    ports.forEach((port, i) => {
      checkPort(errors, `${path}.ports[${i}]`, port);
    });
    peers.forEach((peer, i) => {
      checkPeer(errors, `${peersPath}[${i}]`, peer, known);
    });
  }
  const types = listOf(spec.policyTypes);
  if (types.length > TYPES.length) {
    return [...errors, fieldError.invalid('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  }
  types.forEach((type, i) => {
    if (!TYPES.includes(type)) errors.push(fieldError.notSupported(`spec.policyTypes[${i}]`, type, TYPES));
  });
  return errors;
}

function checkPort(errors: Errors, path: string, { protocol, port, endPort }: NetworkPolicyPort): void {
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
    errors.push(fieldError.notSupported(`${path}.protocol`, protocol, PROTOCOLS));
  }
  const refuseEnd = (detail: string): void => {
    if (endPort !== undefined) errors.push(fieldError.invalid(`${path}.endPort`, endPort, detail));
  };
  if (port === undefined) {
    refuseEnd('may not be specified when `port` is not specified');
  } else if (typeof port === 'string') {
    refuseEnd('may not be specified when `port` is non-numeric');
    pushInvalid(errors, `${path}.port`, port, isValidPortName(port));
  } else {
    pushInvalid(errors, `${path}.port`, port, isValidPortNum(port));
    // The value that upstream shows is the port's.
    if (endPort !== undefined && endPort < port) {
      errors.push(fieldError.invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`'));
    }
    if (endPort !== undefined) pushInvalid(errors, `${path}.endPort`, endPort, isValidPortNum(endPort));
  }
}

function checkPeer(
  errors: Errors,
  path: string,
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  known: readonly string[],
): void {
  checkLabelSelector(errors, `${path}.podSelector`, podSelector);
  checkLabelSelector(errors, `${path}.namespaceSelector`, namespaceSelector);
  if (ipBlock) checkBlock(errors, `${path}.ipBlock`, ipBlock, known);
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(fieldError.required(path, 'must specify a peer'));
  else if (ipBlock && (podSelector || namespaceSelector)) {
    errors.push(fieldError.forbidden(path, 'may not specify both ipBlock and another peer'));
  }
}

function checkBlock(errors: Errors, path: string, { cidr, except }: IPBlock, known: readonly string[]): void {
  if (cidr === '') {
    errors.push(fieldError.required(`${path}.cidr`));
    return;
  }
  const check = (field: string, value: string): void => {
    if (!known.includes(value)) pushInvalid(errors, field, value, isValidLegacyCidr(value, false));
  };
  check(`${path}.cidr`, cidr);
  const whole = parseCidr(cidr);
  if (!whole) return;
  listOf(except).forEach((value, i) => {
    check(`${path}.except[${i}]`, value);
    const part = parseCidr(value);
    if (!part) return;
    const size = BigInt((whole.network.family === 4 ? 32 : 128) - whole.length);
    const inside = part.network.family === whole.network.family && part.network.bits >> size === whole.network.bits >> size;
    if (!inside || whole.length >= part.length) {
      errors.push(fieldError.invalid(`${path}.except[${i}]`, value, 'must be a strict subset of `cidr`'));
    }
  });
}
