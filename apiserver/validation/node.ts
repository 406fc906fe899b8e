// What a Node must be: `ValidateNode` and `ValidateNodeUpdate` of upstream's `pkg/apis/core/validation`.
import {
  coreKinds,
  fieldError,
  goQuote,
  isValidLabelValue,
  isValidLegacyCidr,
  type Node,
  type NodeAddress,
  parseCidr,
  type Taint,
} from '../../api/index.ts';
import { type Errors, keysOf, listOf } from './field-errors.ts';
import { goPart } from './go-struct.ts';
import { checkLabelName } from './meta.ts';
import { checkNodeAnnotations } from './node-annotations.ts';
import { checkAmount } from './resources.ts';
import { semanticEqual } from './semantic-equal.ts';
import { checkTaintEffect } from './tolerations.ts';

const POD_CIDRS = 'spec.podCIDRs';
const CIDRS_MAX = 2;

export function checkNode(errors: Errors, node: Node): void {
  checkNodeAnnotations(errors, node.metadata.annotations, checkTaints);
  checkTaints(errors, listOf(node.spec.taints));
  checkNodeResources(errors, node);
  checkPodCidrs(errors, listOf(node.spec.podCIDRs));
}

/** What a change may not do, and once more what a node must be: nodes change their status and spec through either endpoint. */
export function checkNodeUpdate(errors: Errors, node: Node, old: Node): void {
  checkNodeAnnotations(errors, node.metadata.annotations, checkTaints);
  checkNodeResources(errors, node);
  checkAddresses(errors, listOf(node.status.addresses));
  checkKeptCidrs(errors, listOf(node.spec.podCIDRs), listOf(old.spec.podCIDRs));
  if (old.spec.providerID && node.spec.providerID !== old.spec.providerID) {
    errors.push(fieldError.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  checkTaints(errors, listOf(node.spec.taints));
  if ((node.spec.externalID ?? '') !== (old.spec.externalID ?? '')) {
    errors.push(fieldError.forbidden('spec.externalID', 'may not be updated'));
  }
}

/** Errors speak of the metadata, as upstream's. */
function checkTaints(errors: Errors, taints: readonly Partial<Taint>[], list = 'metadata.taints'): void {
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    const path = `${list}[${i}]`;
    const { key = '', value = '', effect } = taint;
    checkLabelName(errors, `${path}.key`, key);
    const wrong = isValidLabelValue(value);
    if (wrong.length > 0) errors.push(fieldError.invalid(`${path}.value`, value, wrong.join(';')));
    checkTaintEffect(errors, `${path}.effect`, effect);
    const id = `${key}\0${effect}`;
    if (seen.has(id)) {
      const twice = fieldError.duplicate(path, goPart(coreKinds.nodes, ['spec', 'taints'], taint));
      errors.push({ ...twice, body: `${twice.body}: taints must be unique by key and effect pair` });
    }
    seen.add(id);
  });
}

function checkNodeResources(errors: Errors, { status }: Node): void {
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const name of keysOf(status[list])) checkAmount(errors, `status.${list}.${name}`, name, status[list]?.[name] ?? '0');
  }
}

function checkAddresses(errors: Errors, addresses: readonly NodeAddress[]): void {
  const seen = new Set<string>();
  addresses.forEach((address, i) => {
    const id = `${address.type}\0${address.address}`;
    if (seen.has(id)) errors.push(fieldError.duplicate(`status.addresses[${i}]`, { Type: address.type, Address: address.address }));
    seen.add(id);
  });
}

function checkPodCidrs(errors: Errors, cidrs: readonly string[]): void {
  cidrs.forEach((cidr, i) => {
    for (const message of isValidLegacyCidr(cidr, false)) errors.push(fieldError.invalid(`${POD_CIDRS}[${i}]`, cidr, message));
  });
  if (cidrs.length < CIDRS_MAX) return;
  const families = cidrs.map((cidr) => parseCidr(cidr)?.address.family);
  const unread = families.indexOf(undefined);
  if (unread >= 0) {
    const cidr = cidrs[unread] ?? '';
    const why = `failed to parse cidr value:${goQuote(cidr)} with error:invalid CIDR address: ${cidr}`;
    errors.push(fieldError.internal(POD_CIDRS, `invalid PodCIDRs. failed to check with dual stack with error:${why}`));
  }
  if (unread >= 0 || cidrs.length > CIDRS_MAX || families[0] === families[1]) {
    errors.push(fieldError.invalid(POD_CIDRS, cidrs, 'may specify no more than one CIDR for each IP family'));
  }
}

/** Pod ranges are given once. */
function checkKeptCidrs(errors: Errors, cidrs: readonly string[], old: readonly string[]): void {
  if (old.length === 0 || semanticEqual(cidrs, old)) return;
  const changed = cidrs.length === old.length ? old.filter((cidr, i) => cidr !== cidrs[i]) : [''];
  for (const _ of changed) errors.push(fieldError.forbidden(POD_CIDRS, 'node updates may not change podCIDR except from "" to valid'));
}
