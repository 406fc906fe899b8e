import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../../api/index.ts';
import { MAX_NODE_SCORE, type Plugin, type PreFilterResult, unresolvable, type Verdict } from '../framework.ts';
import { normalize } from './normalize.ts';

const NAME = 'NodeAffinity';
const REASON = "node(s) didn't match Pod's node affinity/selector";

/** nodeSelector and node affinity, required and preferred. Upstream: `plugins/nodeaffinity`, `component-helpers/scheduling/corev1/nodeaffinity`. */
export const nodeAffinity: Plugin = {
  name: NAME,
  preFilter: (_state, { pod }) => namedNodes(requiredOf(pod)),
  filter: (_state, { pod }, { node }) => (node && matchesNode(pod, node) ? undefined : unresolvable(REASON)),
  preScore: (_state, { pod }) => preferredOf(pod).length > 0,
  score: (_state, { pod }, { node }) =>
    preferredOf(pod).reduce((sum, { weight, preference }) => (node && matchesTerm(preference, node) ? sum + weight : sum), 0),
  normalize: (scores) => normalize(scores, MAX_NODE_SCORE),
  events: [
    {
      resource: 'Node',
      actions: ['Add', 'Update'],
      hint: ({ pod }, event) => event.resource === 'Node' && matchesNode(pod, event.node),
    },
  ],
};

const requiredOf = (pod: Pod): NodeSelector | undefined => pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
const preferredOf = (pod: Pod) => pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

/** Whether a node has what a pod's nodeSelector and required node affinity ask for. */
export function matchesNode(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const required = requiredOf(pod);
  return selected && (required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node)));
}

/** A term holds when all its requirements do; an empty one holds for no node. */
function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((requirement) => meets(requirement, node.metadata.labels?.[requirement.key])) &&
    matchFields.every((requirement) => meets(requirement, requirement.key === 'metadata.name' ? node.metadata.name : undefined))
  );
}

function meets({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
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
      return compare(value, values[0]) > 0;
    case 'Lt':
      return compare(value, values[0]) < 0;
    default:
      return false;
  }
}

/** Integers compared; NaN, which is neither greater nor less, when either is none. */
function compare(value: string | undefined, bound: string | undefined): number {
  const integer = (text: string | undefined) => (text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN);
  return integer(value) - integer(bound);
}

/** When every term names nodes by `metadata.name`, only those need to be looked at. */
function namedNodes(required: NodeSelector | undefined): Verdict | PreFilterResult {
  if (!required || required.nodeSelectorTerms.length === 0) return undefined;
  const names = new Set<string>();
  for (const { matchFields = [] } of required.nodeSelectorTerms) {
    const named = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In').map(({ values = [] }) => values);
    const [first] = named;
    if (!first) return undefined;
    for (const name of first.filter((candidate) => named.every((values) => values.includes(candidate)))) names.add(name);
  }
  return names.size === 0 ? unresolvable('pod affinity terms conflict') : { nodeNames: names };
}
