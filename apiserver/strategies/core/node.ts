import { type FieldError, fieldError, isQualifiedName, isValidLabelValue, type Node, type Taint } from '../../../api/index.ts';
import { ageOf, sameJson, strategyOf, updateOf } from '../shared.ts';

const EFFECTS: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE_LABEL = 'kubernetes.io/role';

/** Upstream: `pkg/registry/core/node`, `ValidateNode`, `ValidateNodeUpdate`. */
export const nodeStrategy = strategyOf<Node>({
  metadataLooks: ['whole', 'changes'],
  setDefaults: ({ status }) => {
    if (status.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
  },
  validateCreate: (_context, node) => validate(node),
  prepareForUpdate: (_context, node, old) => {
    node.status = old.status;
  },
  validateUpdate: (_context, node, old) => [...validate(node), ...cidrErrors(node, old)],
  fieldSelectors: { 'spec.unschedulable': ({ spec }) => String(spec.unschedulable ?? false) },
  tableRow: nodeRow,
  subresources: {
    status: updateOf<Node>({
      prepareForUpdate: (_context, node, old) => {
        node.spec = old.spec;
      },
      validateUpdate: (_context, node) => addressErrors(node),
    }),
  },
});

function validate(node: Node): FieldError[] {
  return [...taintErrors(node.spec.taints ?? []), ...addressErrors(node)];
}

function taintErrors(taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, i) => {
    const path = `metadata.taints[${i}]`;
    const { key, value = '', effect } = taint;
    const errors = [
      ...isQualifiedName(key).map((detail) => fieldError.invalid(`${path}.key`, key, detail)),
      ...isValidLabelValue(value).map((detail) => fieldError.invalid(`${path}.value`, value, detail)),
      ...effectErrors(`${path}.effect`, effect),
    ];
    const id = `${key}\0${effect}`;
    if (seen.has(id)) {
      errors.push({
        ...fieldError.duplicate(path, taint),
        body: `${fieldError.duplicate(path, taint).body}: taints must be unique by key and effect pair`,
      });
    }
    seen.add(id);
    return errors;
  });
}

function effectErrors(path: string, effect: string): FieldError[] {
  if (effect === '') return [fieldError.required(path)];
  return EFFECTS.includes(effect) ? [] : [fieldError.notSupported(path, effect, EFFECTS)];
}

function addressErrors({ status }: Node): FieldError[] {
  const seen = new Set<string>();
  return (status.addresses ?? []).flatMap((address, i) => {
    const id = `${address.type}\0${address.address}`;
    const twice = seen.has(id);
    seen.add(id);
    return twice ? [fieldError.duplicate(`status.addresses[${i}]`, address)] : [];
  });
}

/** Pod ranges are given once. */
function cidrErrors(node: Node, old: Node): FieldError[] {
  const given = old.spec.podCIDRs ?? [];
  if (given.length === 0 || sameJson(given, node.spec.podCIDRs)) return [];
  return [fieldError.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')];
}

function nodeRow(node: Node, now: number): unknown[] {
  const { conditions = [], addresses = [], nodeInfo } = node.status;
  const ready = conditions.find(({ type }) => type === 'Ready');
  const state = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  const address = (type: string) => addresses.find((candidate) => candidate.type === type)?.address ?? '<none>';
  return [
    node.metadata.name,
    node.spec.unschedulable ? `${state},SchedulingDisabled` : state,
    rolesOf(node).join(',') || '<none>',
    ageOf(node.metadata.creationTimestamp, now),
    nodeInfo?.kubeletVersion ?? '',
    address('InternalIP'),
    address('ExternalIP'),
    nodeInfo?.osImage || '<unknown>',
    nodeInfo?.kernelVersion || '<unknown>',
    nodeInfo?.containerRuntimeVersion || '<unknown>',
  ];
}

function rolesOf({ metadata }: Node): string[] {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === ROLE_LABEL && value !== '') roles.add(value);
  }
  return [...roles].sort();
}
