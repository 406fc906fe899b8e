import type { Node } from './core/v1/node.ts';
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from './core/v1/node-selector.ts';
import type { PodSpec } from './core/v1/pod.ts';
import { parseInt64 } from './label-requirement.ts';

/** Whether a pod's nodeSelector and required node affinity allow a node. Upstream: `component-helpers/scheduling/corev1/nodeaffinity`. */
export function matchesNode(spec: Pick<PodSpec, 'nodeSelector' | 'affinity'>, node: Pick<Node, 'metadata'>): boolean {
  const labels = node.metadata.labels ?? {};
  if (!Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesNodeSelector(required, node);
}

/** A node selector's terms are alternatives; a term without requirements matches nothing. */
export const matchesNodeSelector = (selector: NodeSelector, node: Pick<Node, 'metadata'>): boolean =>
  (selector.nodeSelectorTerms ?? []).some((term) => matchesNodeSelectorTerm(term, node));

/** Whether a node meets all requirements of a term; an empty one is met by none. Of a node without a name only its labels are looked at. */
export function matchesNodeSelectorTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  node: Pick<Node, 'metadata'>,
): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const { name, labels } = node.metadata;
  const fields: Readonly<Record<string, string | undefined>> = { 'metadata.name': name };
  return (
    matchExpressions.every((requirement) => matchesRequirement(requirement, labels?.[requirement.key])) &&
    (!name || matchFields.every((requirement) => matchesRequirement(requirement, fields[requirement.key])))
  );
}

function matchesRequirement({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return compares(value, values, (a, b) => a > b);
    case 'Lt':
      return compares(value, values, (a, b) => a < b);
    default:
      return false;
  }
}

function compares(value: string | undefined, [bound]: readonly string[], holds: (a: bigint, b: bigint) => boolean): boolean {
  const [a, b] = [parseInt64(value), parseInt64(bound)];
  return a !== undefined && b !== undefined && holds(a, b);
}
