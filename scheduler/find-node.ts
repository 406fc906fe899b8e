import type { Random } from '../runtime/index.ts';
import type { Diagnosis } from './fit-error.ts';
import { CycleState, type Rejection, type Snapshot } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';

/** Clusters up to this size are looked at whole; larger ones until so many nodes are found to fit. */
const FEASIBLE_NODES_MIN = 100;
/** Adaptive share of the nodes that must be found to fit: 50 % less one per 125 nodes, but at least 5 %. */
const PERCENTAGE = { base: 50, perNodes: 125, min: 5 } as const;

export interface FindNodeOptions {
  readonly profile: Profile;
  readonly snapshot: Snapshot;
  readonly random: Random;
  /** Where in the list of nodes to begin; successive pods go on where the last one stopped. */
  readonly startIndex: number;
}

export type FindNodeResult =
  | { readonly node: NodeInfo; readonly state: CycleState; readonly nextStart: number }
  | { readonly node?: undefined; readonly diagnosis: Diagnosis; readonly nextStart: number };

/**
 * Picks a node for a pod: PreFilter, Filter, Score. Synchronous, so that the cluster is the same from the first node to the last.
 * Upstream: `pkg/scheduler/schedule_one.go` schedulePod.
 */
export function findNode(pod: PodInfo, { profile, snapshot, random, startIndex }: FindNodeOptions): FindNodeResult {
  const state = new CycleState();
  const { rejection, nodeNames } = profile.preFilter(state, pod, snapshot);
  const nodeCount = snapshot.nodes.length;
  if (rejection) return { diagnosis: { nodeCount, byNode: new Map(), preFilter: rejection }, nextStart: startIndex };
  const candidates = nodeNames ? [...nodeNames].flatMap((name) => snapshot.get(name) ?? []) : snapshot.nodes;
  const { feasible, byNode, looked } = filterNodes(pod, state, profile, { candidates, startIndex: nodeNames ? 0 : startIndex });
  const nextStart = nodeNames || nodeCount === 0 ? startIndex : (startIndex + looked) % nodeCount;
  const [only] = feasible;
  if (!only) return { diagnosis: { nodeCount, byNode: withUnnamed(byNode, snapshot, nodeNames) }, nextStart };
  const node = feasible.length === 1 ? only : bestOf(feasible, profile.score(state, pod, feasible), random);
  return { node, state, nextStart };
}

interface FilterOutcome {
  readonly feasible: NodeInfo[];
  readonly byNode: Map<string, Rejection>;
  readonly looked: number;
}

function filterNodes(
  pod: PodInfo,
  state: CycleState,
  profile: Profile,
  { candidates, startIndex }: { readonly candidates: readonly NodeInfo[]; readonly startIndex: number },
): FilterOutcome {
  const wanted = feasibleNodesWanted(candidates.length);
  const feasible: NodeInfo[] = [];
  const byNode = new Map<string, Rejection>();
  let looked = 0;
  for (; looked < candidates.length && feasible.length < wanted; looked++) {
    const node = candidates[(startIndex + looked) % candidates.length];
    if (!node) continue;
    const rejection = profile.filter(state, pod, node);
    if (rejection) byNode.set(node.name, rejection);
    else feasible.push(node);
  }
  return { feasible, byNode, looked };
}

/** How many feasible nodes are enough among so many. */
export function feasibleNodesWanted(nodeCount: number): number {
  if (nodeCount <= FEASIBLE_NODES_MIN) return nodeCount;
  const percentage = Math.max(PERCENTAGE.min, PERCENTAGE.base - Math.trunc(nodeCount / PERCENTAGE.perNodes));
  return Math.max(FEASIBLE_NODES_MIN, Math.trunc((nodeCount * percentage) / 100));
}

/** Nodes that PreFilter left out count as not matching. */
function withUnnamed(
  byNode: Map<string, Rejection>,
  snapshot: Snapshot,
  nodeNames: ReadonlySet<string> | undefined,
): Map<string, Rejection> {
  if (!nodeNames) return byNode;
  const rejection: Rejection = {
    code: 'UnschedulableAndUnresolvable',
    plugin: 'NodeAffinity',
    reasons: ["node(s) didn't satisfy plugin(s) [NodeAffinity]"],
  };
  for (const { name } of snapshot.nodes) if (!nodeNames.has(name)) byNode.set(name, rejection);
  return byNode;
}

/** One of the nodes with the highest score, each with the same chance. */
function bestOf(nodes: readonly NodeInfo[], scores: readonly number[], random: Random): NodeInfo {
  let best: NodeInfo | undefined;
  let top = Number.NEGATIVE_INFINITY;
  let ties = 0;
  nodes.forEach((node, i) => {
    const score = scores[i] ?? 0;
    ties = score > top ? 1 : score === top ? ties + 1 : ties;
    if (score > top || (score === top && random.integer(ties) === 0)) best = node;
    top = Math.max(top, score);
  });
  if (!best) throw new Error('no node to choose from');
  return best;
}
