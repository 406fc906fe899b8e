import type { Clock, Logger, Random } from '../../runtime/index.ts';
import type { Extender } from '../extender/extender.ts';
import { CycleState } from '../framework/cycle-state.ts';
import type { Diagnosis } from '../framework/fit-error.ts';
import { NodeStatuses } from '../framework/node-statuses.ts';
import type { Profile } from '../framework/profile.ts';
import { MAX_NODE_SCORE, type Rejection, unresolvable, unschedulable } from '../framework/status.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { Snapshot } from '../state/snapshot.ts';

/** Clusters up to this size are looked at whole; larger ones until so many nodes are found to fit. */
const FEASIBLE_NODES_MIN = 100;
/** Adaptive share of the nodes that must be found to fit: 50 % less one per 125 nodes, but at least 5 %. */
const PERCENTAGE = { base: 50, perNodes: 125, min: 5 } as const;
/** Extenders score from 0 to this. */
const MAX_EXTENDER_PRIORITY = 10;
/** Counts as the plugin of what extenders reject: any event may change their mind. */
const EXTENDER = 'Extender';

export interface FindNodeOptions {
  readonly profile: Profile;
  readonly snapshot: Snapshot;
  readonly extenders: readonly Extender[];
  /** Where the profile does not say. */
  readonly percentageOfNodesToScore: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where in the list of nodes to begin; successive pods go on where the last one stopped. */
  readonly startIndex: number;
}

/** The node, or why there is none. `statuses` are of the nodes looked at. */
export type FindNodeResult = { readonly state: CycleState; readonly nextStart: number } & (
  | { readonly node: NodeInfo; readonly diagnosis?: undefined }
  | { readonly node?: undefined; readonly diagnosis: Diagnosis }
);

/**
 * Picks a node for a pod: PreFilter, Filter, Score. Synchronous unless an extender must be asked; either way the cluster is the same from
 * the first node to the last (`cycle/gate.ts`). Upstream: `pkg/scheduler/schedule_one.go` schedulePod.
 */
export function findNode(pod: PodInfo, options: FindNodeOptions): FindNodeResult | Promise<FindNodeResult> {
  const search = new NodeSearch(pod, options);
  const interested = options.extenders.filter((extender) => extender.isInterested(pod) && (extender.filters || extender.prioritizes));
  return interested.length === 0 ? search.run() : search.runWith(interested);
}

class NodeSearch {
  readonly #pod: PodInfo;
  readonly #options: FindNodeOptions;
  readonly #state = new CycleState();
  #statuses = new NodeStatuses();
  #namedBy: readonly string[] = [];
  #nextStart: number;

  constructor(pod: PodInfo, options: FindNodeOptions) {
    this.#pod = pod;
    this.#options = options;
    this.#nextStart = options.startIndex;
  }

  run(): FindNodeResult {
    const preFiltered = this.#preFilter();
    if ('rejection' in preFiltered) return this.#none(preFiltered.rejection);
    const nominated = this.#nominatedNode();
    if (nominated) return this.#found(nominated);
    const feasible = this.#filter(preFiltered.candidates, false);
    const [only] = feasible;
    if (!only) return this.#none();
    return this.#found(feasible.length === 1 ? only : this.#best(feasible, this.#scores(feasible)));
  }

  /** As `run`, asking the extenders too. */
  async runWith(extenders: readonly Extender[]): Promise<FindNodeResult> {
    const preFiltered = this.#preFilter();
    if ('rejection' in preFiltered) return this.#none(preFiltered.rejection);
    const nominated = this.#nominatedNode();
    const [stillNominated] = nominated
      ? await this.#extenderFilter(extenders, [nominated]).catch((error: unknown) => this.#notNominated(error))
      : [];
    if (stillNominated) return this.#found(stillNominated);
    this.#statuses = new NodeStatuses(this.#statuses.absent);
    const feasible = await this.#extenderFilter(
      extenders,
      this.#filter(
        preFiltered.candidates,
        extenders.some(({ filters, prioritizes }) => filters || prioritizes),
      ),
    );
    const [only] = feasible;
    if (!only) return this.#none();
    if (feasible.length === 1) return this.#found(only);
    const scores = this.#scores(feasible);
    await this.#addExtenderScores(extenders, feasible, scores);
    return this.#found(this.#best(feasible, scores));
  }

  #found(node: NodeInfo): FindNodeResult {
    return { node, state: this.#state, nextStart: this.#nextStart };
  }

  #none(preFilter?: Rejection): FindNodeResult {
    const nodeCount = this.#options.snapshot.nodes.length;
    if (preFilter) this.#statuses.absent = preFilter;
    return {
      state: this.#state,
      nextStart: this.#nextStart,
      diagnosis: { nodeCount, statuses: this.#statuses, preFilter, namedBy: this.#namedBy },
    };
  }

  #preFilter(): { readonly rejection: Rejection } | { readonly candidates: readonly NodeInfo[] } {
    const { profile, snapshot } = this.#options;
    const { rejection, nodeNames, namedBy } = profile.preFilter(this.#state, this.#pod, snapshot);
    this.#namedBy = namedBy;
    if (rejection) return { rejection };
    if (!nodeNames) return { candidates: snapshot.nodes };
    // What PreFilter left out counts as not matching; upstream says so in this very text.
    this.#statuses.absent = unresolvable(`node(s) didn't satisfy plugin(s) [${[...namedBy].sort().join(' ')}]`);
    return { candidates: [...nodeNames].flatMap((name) => snapshot.get(name) ?? []) };
  }

  /** The node that room was made on for this pod, if it will do: then no other is looked at. */
  #nominatedNode(): NodeInfo | undefined {
    const { snapshot, profile } = this.#options;
    const name = this.#pod.pod.status.nominatedNodeName;
    const node = name ? snapshot.get(name) : undefined;
    if (!node) return undefined;
    try {
      return profile.filterWithNominated(this.#state, this.#pod, node) ? undefined : node;
    } catch (error) {
      return this.#notNominated(error)[0];
    }
  }

  /** Whatever is wrong with the nominated node, another may do. */
  #notNominated(error: unknown): readonly NodeInfo[] {
    const { key, pod } = this.#pod;
    this.#options.logger.error({ err: error, pod: key, node: pod.status.nominatedNodeName }, 'the nominated node could not be evaluated');
    return [];
  }

  #filter(candidates: readonly NodeInfo[], scoredOutside: boolean): NodeInfo[] {
    const { profile, startIndex, clock, snapshot } = this.#options;
    const started = clock.monotonic();
    const count = candidates.length;
    const wanted = profile.scores || scoredOutside ? this.#wanted(count) : Math.min(1, count);
    const begin = count === 0 ? 0 : startIndex % count;
    const { feasible, looked } = this.#look(candidates, begin, wanted);
    const first = candidates[begin];
    if (profile.observed && first) profile.filterObserved(this.#state, this.#pod, first);
    profile.countFilters(this.#state);
    profile.observePoint('filter', feasible.length > 0 ? undefined : this.#statuses.last, started);
    this.#nextStart = snapshot.nodes.length === 0 ? 0 : (startIndex + looked) % snapshot.nodes.length;
    return feasible;
  }

  /** Looks at nodes from `begin` on, round the list, until so many are found to fit. */
  #look(candidates: readonly NodeInfo[], begin: number, wanted: number): { readonly feasible: NodeInfo[]; readonly looked: number } {
    const { profile } = this.#options;
    const feasible: NodeInfo[] = [];
    const count = candidates.length;
    let looked = 0;
    for (; looked < count && feasible.length < wanted; looked++) {
      const at = begin + looked;
      const node = candidates[at < count ? at : at - count];
      if (!node) continue;
      const rejection = profile.filterRemembered(this.#state, this.#pod, node);
      if (rejection) this.#statuses.set(node, rejection);
      else feasible.push(node);
    }
    return { feasible, looked };
  }

  #wanted(count: number): number {
    const { profile, percentageOfNodesToScore } = this.#options;
    return feasibleNodesWanted(count, profile.percentageOfNodesToScore ?? percentageOfNodesToScore);
  }

  #scores(feasible: readonly NodeInfo[]): number[] {
    return this.#options.profile.score(this.#state, this.#pod, feasible);
  }

  /** Upstream: `findNodesThatPassExtenders`. */
  async #extenderFilter(extenders: readonly Extender[], nodes: readonly NodeInfo[]): Promise<readonly NodeInfo[]> {
    let feasible = nodes;
    for (const extender of extenders) {
      if (feasible.length === 0) break;
      if (!extender.filters) continue;
      const verdict = await extender.filter(this.#pod, feasible).catch((error: unknown) => this.#ignored(extender, error));
      if (!verdict) continue;
      const kept = new Set(verdict.feasible);
      for (const node of feasible) if (!kept.has(node)) this.#statuses.set(node, rejectionBy(verdict, node.name));
      feasible = feasible.filter((node) => kept.has(node));
    }
    return feasible;
  }

  async #addExtenderScores(extenders: readonly Extender[], nodes: readonly NodeInfo[], scores: number[]): Promise<void> {
    const asked = extenders.filter(({ prioritizes }) => prioritizes);
    const answers = await Promise.all(
      asked.map(async (extender) => {
        // Upstream goes on without the opinion of an extender that fails to give one.
        const given = await extender.prioritize(this.#pod, nodes).catch((error: unknown) => {
          this.#options.logger.warn({ err: error, extender: extender.name }, 'extender did not prioritize');
        });
        return { given, weight: extender.weight * (MAX_NODE_SCORE / MAX_EXTENDER_PRIORITY) };
      }),
    );
    for (const { given, weight } of answers) {
      for (const [i, { name }] of nodes.entries()) scores[i] = (scores[i] ?? 0) + (given?.get(name) ?? 0) * weight;
    }
  }

  #ignored(extender: Extender, error: unknown): undefined {
    if (!extender.ignorable) throw error;
    this.#options.logger.warn({ err: error, extender: extender.name }, 'extender failed and is ignored');
    return undefined;
  }

  /** One of the nodes with the highest score, each with the same chance. */
  #best(nodes: readonly NodeInfo[], scores: readonly number[]): NodeInfo {
    let top = Number.NEGATIVE_INFINITY;
    let ties: number[] = [];
    for (let i = 0; i < nodes.length; i++) {
      const score = scores[i] ?? 0;
      if (score < top) continue;
      if (score > top) ties = [];
      top = score;
      ties.push(i);
    }
    const node = nodes[ties[ties.length === 1 ? 0 : this.#options.random.integer(ties.length)] ?? 0];
    if (!node) throw new Error('no node to choose from');
    return node;
  }
}

function rejectionBy(
  { failed, failedForGood }: { failed: ReadonlyMap<string, string>; failedForGood: ReadonlyMap<string, string> },
  name: string,
): Rejection {
  const [forGood, text] = [failedForGood.get(name), failed.get(name)];
  if (forGood !== undefined) return { ...unresolvable(forGood), plugin: EXTENDER };
  // Of a node that is left out without a word it is not known that anybody's going would help.
  return { ...(text === undefined ? unresolvable() : unschedulable(text)), plugin: EXTENDER };
}

/** How many feasible nodes are enough among so many. @param percentage 0 leaves it to the size of the cluster. */
export function feasibleNodesWanted(nodeCount: number, percentage = 0): number {
  if (nodeCount < FEASIBLE_NODES_MIN) return nodeCount;
  const adaptive = Math.max(PERCENTAGE.min, PERCENTAGE.base - Math.trunc(nodeCount / PERCENTAGE.perNodes));
  const share = percentage === 0 ? adaptive : percentage;
  return Math.max(FEASIBLE_NODES_MIN, Math.trunc((nodeCount * share) / 100));
}
