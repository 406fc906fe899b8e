import { coreKinds, type Namespace, type Node, type Pod } from '../../api/index.ts';
import { readObject } from '../config/field-reader.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import { type Change, isItself, on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { MAX_NODE_SCORE, SKIP, unresolvable, unschedulable, type Verdict } from '../framework/status.ts';
import { type AffinityTerm, type NamespaceLabels, termMatches, withSelectedNamespaces } from '../state/affinity-term.ts';
import type { NodeInfo } from '../state/node-info.ts';
import { type PodInfo, podInfoOf } from '../state/pod-info.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { AffinityScores } from './affinity-scores.ts';
import { AffinityState } from './affinity-state.ts';
import { argsOf, checkRange } from './args.ts';

const NAME = 'InterPodAffinity';
const AFFINITY = unresolvable("node(s) didn't match pod affinity rules");
const ANTI_AFFINITY = unschedulable("node(s) didn't match pod anti-affinity rules");
const EXISTING_ANTI_AFFINITY = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules");

export interface InterPodAffinityArgs {
  /** How much a required term of a placed pod counts for the pods it means, which need not heed it. */
  readonly hardPodAffinityWeight: number;
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

/** Pods near or far from other pods, required and preferred, both ways. Upstream: `plugins/interpodaffinity`. */
export const interPodAffinity: PluginDefinition<InterPodAffinityArgs> = {
  name: NAME,
  readArgs: (args, path) =>
    argsOf((problems) =>
      readObject(args, path, problems, (reader) => {
        const hardPodAffinityWeight = reader.integer('hardPodAffinityWeight') ?? 1;
        checkRange(reader, reader.pathOf('hardPodAffinityWeight'), hardPodAffinityWeight, [0, 100]);
        return { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods: reader.boolean('ignorePreferredTermsOfExistingPods') ?? false };
      }),
    ),
  create: (args, { informers, snapshot }) => {
    const namespaces = informers.informer<Namespace>(coreKinds.namespaces);
    const labelsOf: NamespaceLabels = (name) => namespaces.get('', name)?.metadata.labels;
    /** The term with its namespaces by name. */
    const resolved = (term: AffinityTerm) =>
      withSelectedNamespaces(term, (selector) =>
        namespaces
          .list()
          .filter(({ metadata }) => selector.matches(metadata.labels))
          .map(({ metadata }) => metadata.name),
      );
    return {
      name: NAME,
      preFilter: (state, pod) => {
        const computed = AffinityState.of(pod, snapshot, { resolved, labelsOf });
        if (!computed) return SKIP;
        state.write(NAME, computed);
        return undefined;
      },
      addPod: (state, _pod, added, node) => state.read<AffinityState>(NAME).change(added, node, 1),
      removePod: (state, _pod, removed, node) => state.read<AffinityState>(NAME).change(removed, node, -1),
      filter: (state, _pod, node) => verdictOf(state, node),
      preScore: (state, pod) => {
        const scores = AffinityScores.of(pod, snapshot, { resolved, labelsOf, ...args });
        if (!scores) return SKIP;
        state.write(`${NAME}.score`, scores);
        return undefined;
      },
      score: (state, _pod, node) => state.read<AffinityScores>(`${NAME}.score`).at(node),
      normalize,
      events: [
        on('AssignedPod', ['Add', 'Delete', 'UpdatePodLabel'], (pod, change) => podMayHelp(pod, change, resolved, labelsOf)),
        on('UnscheduledPod', ['UpdatePodLabel'], isItself),
        on('Node', ['Add', 'UpdateNodeLabel'], (pod, change) => {
          const { required, requiredAnti } = pod.affinities;
          return (
            entersArea(change, required) || leavesArea(change, requiredAnti) || leavesArea(change, termsAgainst(pod, snapshot, labelsOf))
          );
        }),
      ],
    };
  },
};

function verdictOf(state: CycleState, node: NodeInfo): Verdict {
  const computed = state.read<AffinityState>(NAME);
  if (!computed.affinityHolds(node)) return AFFINITY;
  if (!computed.antiAffinityHolds(node)) return ANTI_AFFINITY;
  return computed.existingAntiAffinityHolds(node) ? undefined : EXISTING_ANTI_AFFINITY;
}

/** Scores may be below zero: the worst gets 0, the best 100. Upstream divides first, so that roundings are its own. */
function normalize(scores: number[]): void {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    if (score < min) min = score;
    if (score > max) max = score;
  }
  const range = max - min;
  for (let i = 0; i < scores.length; i++) scores[i] = range > 0 ? Math.trunc(MAX_NODE_SCORE * (((scores[i] ?? 0) - min) / range)) : 0;
}

/** Whether a node came into an area of a term, where pods that are wanted may be. */
const entersArea = ({ now, old }: Change<Node>, terms: readonly AffinityTerm[]): boolean =>
  terms.some(({ topologyKey: key }) => {
    const area = now?.metadata.labels?.[key];
    return area !== undefined && area !== old?.metadata.labels?.[key];
  });

/** Whether a node is new, or went out of an area of a term, where pods may be in the way. */
function leavesArea({ now, old }: Change<Node>, terms: Iterable<AffinityTerm>): boolean {
  for (const { topologyKey: key } of terms) {
    const area = old?.metadata.labels?.[key];
    if (!old || (area !== undefined && area !== now?.metadata.labels?.[key])) return true;
  }
  return false;
}

/** The terms by which placed pods keep a pod away. */
function* termsAgainst(pod: PodInfo, snapshot: Snapshot, labelsOf: NamespaceLabels): Iterable<AffinityTerm> {
  for (const { term } of snapshot.terms('requiredAnti')) if (termMatches(term, pod, labelsOf)) yield term;
}

/** Whether another pod's coming, changing or going can help: one that was missed came, or one that was in the way went. */
function podMayHelp(
  pod: PodInfo,
  { now, old }: Change<Pod>,
  resolved: (term: AffinityTerm) => AffinityTerm,
  labelsOf: NamespaceLabels,
): boolean {
  const required = pod.affinities.required.map(resolved);
  const anti = pod.affinities.requiredAnti.map(resolved);
  const isWanted = (other: PodInfo) => required.length > 0 && required.every((term) => termMatches(term, other, labelsOf));
  const isInTheWay = (other: PodInfo) =>
    anti.some((term) => termMatches(term, other, labelsOf)) ||
    other.affinities.requiredAnti.some((term) => termMatches(term, pod, labelsOf));
  const [after, before] = [now && podInfoOf(now), old && podInfoOf(old)];
  if (after && isWanted(after) && !(before && isWanted(before))) return true;
  return before !== undefined && isInTheWay(before) && !(after && isInTheWay(after));
}
