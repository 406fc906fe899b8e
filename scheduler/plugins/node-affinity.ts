import { matchesNode, matchesNodeSelectorTerm, type NodeSelector, type Pod } from '../../api/index.ts';
import { MAX_NODE_SCORE, type Plugin, type PreFilterResult, unresolvable, type Verdict } from '../framework.ts';
import { normalize } from './normalize.ts';

const NAME = 'NodeAffinity';
const REASON = "node(s) didn't match Pod's node affinity/selector";

/** nodeSelector and node affinity, required and preferred. Upstream: `plugins/nodeaffinity`, `component-helpers/scheduling/corev1/nodeaffinity`. */
export const nodeAffinity: Plugin = {
  name: NAME,
  preFilter: (_state, { pod }) => namedNodes(requiredOf(pod)),
  filter: (_state, { pod }, { node }) => (node && matchesNode(pod.spec, node) ? undefined : unresolvable(REASON)),
  preScore: (_state, { pod }) => preferredOf(pod).length > 0,
  score: (_state, { pod }, { node }) =>
    preferredOf(pod).reduce((sum, { weight, preference }) => (node && matchesNodeSelectorTerm(preference, node) ? sum + weight : sum), 0),
  normalize: (scores) => normalize(scores, MAX_NODE_SCORE),
  events: [
    {
      resource: 'Node',
      actions: ['Add', 'Update'],
      hint: ({ pod }, event) => event.resource === 'Node' && matchesNode(pod.spec, event.node),
    },
  ],
};

const requiredOf = (pod: Pod): NodeSelector | undefined => pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
const preferredOf = (pod: Pod) => pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

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
