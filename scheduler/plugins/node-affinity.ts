import {
  matchesNode,
  matchesNodeSelector,
  matchesNodeSelectorTerm,
  type Node,
  type NodeAffinity,
  type NodeSelector,
  type Pod,
} from '../../api/index.ts';
import { readObject } from '../config/field-reader.ts';
import { on } from '../framework/events.ts';
import type { PluginDefinition, PreFilterResult } from '../framework/plugin.ts';
import { MAX_NODE_SCORE, type Rejection, SKIP, unresolvable } from '../framework/status.ts';
import { argsOf, nodeAffinityErrors, readNodeAffinity } from './args.ts';
import { normalize } from './normalize.ts';

const NAME = 'NodeAffinity';
const REJECTION = unresolvable("node(s) didn't match Pod's node affinity/selector");
const ENFORCED = unresolvable("node(s) didn't match scheduler-enforced node affinity");
const CONFLICT = unresolvable('pod affinity terms conflict');

export interface NodeAffinityArgs {
  /** What every pod of the profile must match and prefers, on top of its own. */
  readonly addedAffinity?: NodeAffinity | undefined;
}

/** nodeSelector and node affinity, required and preferred. Upstream: `plugins/nodeaffinity`, `component-helpers/scheduling/corev1/nodeaffinity`. */
export const nodeAffinity: PluginDefinition<NodeAffinityArgs> = {
  name: NAME,
  readArgs: (args, path) =>
    argsOf((problems) =>
      readObject(args, path, problems, (reader) => {
        const addedAffinity = reader.object('addedAffinity', readNodeAffinity);
        problems.push(...nodeAffinityErrors(addedAffinity, reader.pathOf('addedAffinity')));
        return { addedAffinity };
      }),
    ),
  create: ({ addedAffinity }) => {
    const added = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const addedPreferred = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const suits = (pod: Pod, node: Node) => (!added || matchesNodeSelector(added, node)) && matchesNode(pod.spec, node);
    return {
      name: NAME,
      nodeLocal: true,
      preFilter: (_state, { pod }) => {
        const required = requiredOf(pod);
        if (!required && !added && !pod.spec.nodeSelector) return SKIP;
        return namedNodes(required);
      },
      filter: (_state, { pod }, { node }) => {
        if (node && added && !matchesNodeSelector(added, node)) return ENFORCED;
        return node && matchesNode(pod.spec, node) ? undefined : REJECTION;
      },
      preScore: (_state, { pod }) => (preferredOf(pod).length === 0 && addedPreferred.length === 0 ? SKIP : undefined),
      score: (_state, { pod }, { node }) => {
        let sum = 0;
        for (const terms of [addedPreferred, preferredOf(pod)]) {
          for (const { weight, preference } of terms) if (node && matchesNodeSelectorTerm(preference, node)) sum += weight;
        }
        return sum;
      },
      normalize: (scores) => normalize(scores, MAX_NODE_SCORE),
      events: [
        on(
          'Node',
          ['Add', 'UpdateNodeLabel'],
          ({ pod }, { now, old }) => now !== undefined && suits(pod, now) && !(old && suits(pod, old)),
        ),
      ],
    };
  },
};

const requiredOf = (pod: Pod): NodeSelector | undefined => pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
const preferredOf = (pod: Pod) => pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

/** When every term names nodes by `metadata.name`, only those need to be looked at. */
function namedNodes(required: NodeSelector | undefined): Rejection | PreFilterResult | undefined {
  if (!required || required.nodeSelectorTerms.length === 0) return undefined;
  const names = new Set<string>();
  for (const { matchFields = [] } of required.nodeSelectorTerms) {
    const named = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In').map(({ values = [] }) => values);
    const [first] = named;
    if (!first) return undefined;
    for (const name of first.filter((candidate) => named.every((values) => values.includes(candidate)))) names.add(name);
  }
  return names.size === 0 ? CONFLICT : { nodeNames: names };
}
