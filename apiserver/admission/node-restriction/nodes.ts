import { goQuote, type Node } from '../../../api/index.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import type { NodeRequest, Problem } from './plugin.ts';

type Labels = Readonly<Record<string, string>> | undefined;

const RESTRICTED = 'node-restriction.kubernetes.io';
/** Labels of Kubernetes that kubelets set (`kubelet/pkg/apis/well_known_labels.go`). */
const KUBELET_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);
const KUBELET_DOMAINS: readonly string[] = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const KUBERNETES_DOMAINS: readonly string[] = ['kubernetes.io', 'k8s.io'];

/** A node changes itself alone, and nothing by which pods are sent to it or kept from it. */
export function nodeProblem({ node, attributes: { operation, name, object, old } }: NodeRequest): Problem {
  if (name !== node) return `node ${goQuote(node)} is not allowed to modify node ${goQuote(name)}`;
  // The objects of a nodes request are nodes: they were decoded as such.
  if (operation === 'CREATE') return creationProblem(node, object as Node);
  return operation === 'UPDATE' ? updateProblem(node, object as Node, old as Node) : undefined;
}

function creationProblem(node: string, { metadata, spec }: Node): Problem {
  if (spec.configSource) return `node ${goQuote(node)} is not allowed to create pods with a non-nil configSource`;
  const labels = forbidden(metadata.labels, undefined);
  return labels.length > 0 ? `node ${goQuote(node)} is not allowed to set the following labels: ${labels.join(', ')}` : undefined;
}

function updateProblem(node: string, { metadata, spec }: Node, old: Node): Problem {
  if (spec.configSource && !semanticEqual(spec.configSource, old.spec.configSource)) {
    return `node ${goQuote(node)} is not allowed to update configSource to a new non-nil configSource`;
  }
  if (!semanticEqual(spec.taints, old.spec.taints)) return `node ${goQuote(node)} is not allowed to modify taints`;
  if (!semanticEqual(metadata.ownerReferences, old.metadata.ownerReferences)) {
    return `node ${goQuote(node)} is not allowed to modify ownerReferences`;
  }
  const labels = forbidden(metadata.labels, old.metadata.labels);
  return labels.length > 0 ? `is not allowed to modify labels: ${labels.join(', ')}` : undefined;
}

/** Labels that differ and are not the node's to set. */
function forbidden(next: Labels = {}, before: Labels = {}): string[] {
  const keys = new Set([...Object.keys(next), ...Object.keys(before)]);
  return [...keys].filter((key) => next[key] !== before[key] && !isOwn(key)).sort();
}

function isOwn(key: string): boolean {
  const slash = key.indexOf('/');
  const domain = slash < 0 ? '' : key.slice(0, slash);
  const isIn = (parent: string) => domain === parent || domain.endsWith(`.${parent}`);
  if (isIn(RESTRICTED)) return false;
  return !KUBERNETES_DOMAINS.some(isIn) || KUBELET_LABELS.has(key) || KUBELET_DOMAINS.some(isIn);
}
