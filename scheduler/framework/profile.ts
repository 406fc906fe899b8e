import type { Clock } from '../../runtime/index.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { Nominator } from '../state/nominator.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { CycleState } from './cycle-state.ts';
import { Evaluations } from './evaluations.ts';
import { type EventRegistration, on, withTaints } from './events.ts';
import { type ExtensionPoint, type ObservedPoint, type PluginAt, pointLabel, takesPartIn } from './extension-points.ts';
import { NO_PLUGIN } from './fit-error.ts';
import type { NodeStatuses } from './node-statuses.ts';
import type { Framework, Plugin, PostFilterResult, PreFilterOutcome } from './plugin.ts';
import { PluginError, scoredBy, told, toldEach } from './plugin-error.ts';
import { MAX_NODE_SCORE, type Rejection, SKIP, unresolvable, unschedulable, type Verdict } from './status.ts';
import { type Scoring, TemplateMemos } from './template-memo.ts';

/** The plugins of a profile by extension point, in the order in which they are asked. */
export type PluginsByPoint = Readonly<Record<ExtensionPoint, readonly Plugin[]>>;

/** Told how long plugins take. */
export interface ProfileObserver {
  /** @param status as upstream's codes: Success, Unschedulable, Error and so on. */
  onPoint(point: ObservedPoint, status: string, profile: string, seconds: number): void;
  /** Only of a sample of the cycles. */
  onPlugin(plugin: string, point: ExtensionPoint, status: string, seconds: number): void;
}

export interface ProfileOptions {
  readonly schedulerName: string;
  /** How much of the cluster is looked at; undefined leaves it to the size of the cluster. */
  readonly percentageOfNodesToScore?: number | undefined;
  readonly plugins: PluginsByPoint;
  /** Of those that score. */
  readonly weights: ReadonlyMap<string, number>;
  readonly nominator: Nominator;
  readonly clock: Clock;
  readonly observer?: ProfileObserver | undefined;
}

const A_NODE = [on('Node', ['Add'])];

type Points = { readonly [P in ExtensionPoint]: readonly PluginAt<P>[] };

/** The status of a verdict, in metrics. */
export const statusOf = (verdict: Verdict | unknown): string =>
  typeof verdict === 'object' && verdict !== null && 'code' in verdict ? String(verdict.code) : 'Success';

/** The plugins of one profile, and the running of them. Upstream: `pkg/scheduler/framework/runtime`. */
export class Profile implements Framework {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore: number | undefined;
  /** Every plugin of the profile, once. */
  readonly plugins: readonly Plugin[];
  readonly #points: Points;
  readonly #weights: ReadonlyMap<string, number>;
  readonly #nominator: Nominator;
  readonly #clock: Clock;
  readonly #observer: ProfileObserver | undefined;
  /** What each plugin registered for. */
  readonly #events: ReadonlyMap<string, readonly EventRegistration[] | undefined>;
  /** How often each plugin was asked. */
  readonly evaluations = new Evaluations();
  readonly #memos = new TemplateMemos();
  /** The plugins that filter first, as long as what they say can be remembered. */
  readonly #remembered: ReadonlySet<Plugin>;

  constructor({ schedulerName, percentageOfNodesToScore, plugins, weights, nominator, clock, observer }: ProfileOptions) {
    this.schedulerName = schedulerName;
    this.percentageOfNodesToScore = percentageOfNodesToScore;
    this.plugins = [...new Set(Object.values(plugins).flat())];
    this.#events = new Map(this.plugins.map(({ name, events }) => [name, events && withTaints(events)]));
    this.#points = pointsOf(plugins);
    const forgetful = this.#points.filter.findIndex(({ nodeLocal }) => nodeLocal !== true);
    this.#remembered = new Set(forgetful < 0 ? this.#points.filter : this.#points.filter.slice(0, forgetful));
    this.#weights = weights;
    this.#nominator = nominator;
    this.#clock = clock;
    this.#observer = observer;
  }

  /** What may make a pod schedulable that this plugin rejected; undefined: anything. */
  eventsOf(name: string): readonly EventRegistration[] | undefined {
    return name === NO_PLUGIN ? A_NODE : this.#events.get(name);
  }

  get less(): PluginAt<'queueSort'> {
    const [sort] = this.#points.queueSort;
    if (!sort) throw new Error(`profile ${this.schedulerName} has no queue sort plugin`);
    return sort;
  }

  /** Whether nodes that fit are compared at all. */
  get scores(): boolean {
    return this.#points.score.length > 0;
  }

  get hasPostFilter(): boolean {
    return this.#points.postFilter.length > 0;
  }

  /** Not timed: it is asked again and again of pods that are kept back, and takes less time than the telling. */
  preEnqueue(pod: PodInfo): Verdict {
    for (const plugin of this.#points.preEnqueue) {
      const verdict = plugin.preEnqueue(pod);
      if (verdict) return stamped(verdict, plugin);
    }
    return undefined;
  }

  preFilter(state: CycleState, pod: PodInfo, snapshot: Snapshot): PreFilterOutcome {
    const started = this.#clock.monotonic();
    const outcome = this.#preFilter(state, pod, snapshot);
    this.#observePoint('preFilter', outcome.rejection, started);
    state.filters = this.#points.filter.filter(({ name }) => !state.skipFilter.has(name));
    state.rememberedFilters = state.filters.filter((plugin) => this.#remembered.has(plugin)).length;
    state.filterCounts = state.filters.map(() => 0);
    state.memo = this.#memos.of(pod);
    state.plannedFor = this.#nominator.nodeOf(pod.uid);
    return outcome;
  }

  #preFilter(state: CycleState, pod: PodInfo, snapshot: Snapshot): PreFilterOutcome {
    let rejection: Rejection | undefined;
    let nodeNames: ReadonlySet<string> | undefined;
    const namedBy: string[] = [];
    for (const plugin of this.#points.preFilter) {
      const outcome = told('PreFilter', plugin, () => this.#timed('preFilter', plugin, () => plugin.preFilter(state, pod, snapshot)));
      if (outcome === SKIP) state.skipFilter.add(plugin.name);
      else this.evaluations.add('preFilter', plugin, 1);
      if (outcome === undefined || outcome === SKIP) continue;
      if ('code' in outcome) {
        rejection = stamped(outcome, plugin);
        if (outcome.code !== 'Unschedulable') return { rejection, namedBy: [] };
        // Preemption may help, and needs what the other plugins compute.
        continue;
      }
      namedBy.push(plugin.name);
      nodeNames = nodeNames ? intersectionOf(nodeNames, outcome.nodeNames) : outcome.nodeNames;
      if (nodeNames.size === 0) return { rejection: unresolvable(nobodyLeft(namedBy)), namedBy };
    }
    return { rejection, nodeNames, namedBy };
  }

  /** Shows a pod to every node, and each node to every plugin: whoever says no is heard. */
  explain(
    pod: PodInfo,
    snapshot: Snapshot,
  ): { rejection?: Rejection | undefined; nodes: readonly (readonly [NodeInfo, readonly Rejection[]])[] } {
    const state = new CycleState();
    const { rejection, nodeNames: wanted } = this.preFilter(state, pod, snapshot);
    if (rejection) return { rejection, nodes: [] };
    const nodes = snapshot.nodes.map((node) => {
      const rejections = state.filters.flatMap((plugin) => {
        const verdict = plugin.filter?.(state, pod, node);
        return verdict ? [stamped(verdict, plugin)] : [];
      });
      return [node, wanted?.has(node.name) === false && rejections.length === 0 ? [NOT_NAMED] : rejections] as const;
    });
    return { nodes };
  }

  addPod(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void {
    toldEach('AddPod on PreFilter', this.#points.preFilter, (plugin) => {
      if (!state.skipFilter.has(plugin.name)) plugin.addPod?.(state, pod, added, node);
    });
  }

  removePod(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void {
    toldEach('RemovePod on PreFilter', this.#points.preFilter, (plugin) => {
      if (!state.skipFilter.has(plugin.name)) plugin.removePod?.(state, pod, removed, node);
    });
  }

  /** The first plugin that says no, or undefined when the node will do. */
  filter(state: CycleState, pod: PodInfo, node: NodeInfo): Rejection | undefined {
    return firstNo(state, pod, node, [0, state.filters.length]);
  }

  /** As `filterWithNominated`, for a node of the snapshot: what is remembered of it for pods like this one is not asked again. */
  filterRemembered(state: CycleState, pod: PodInfo, node: NodeInfo): Rejection | undefined {
    const { memo, rememberedFilters, filters } = state;
    const isAll = rememberedFilters === filters.length;
    if (!memo || node.name === state.plannedFor || (!isAll && this.#nominator.hasPodsOn(node.name))) {
      return this.filterWithNominated(state, pod, node);
    }
    if (!memo.knows(node)) {
      memo.tell(node, isAll ? this.filterWithNominated(state, pod, node) : firstNo(state, pod, node, [0, rememberedFilters]));
    }
    const verdict = memo.verdictOn(node);
    return verdict || isAll ? verdict : firstNo(state, pod, node, [rememberedFilters, filters.length]);
  }

  /** Adds the filters that have been asked in a cycle to those that are counted. */
  countFilters({ filters, filterCounts }: CycleState): void {
    for (let i = 0; i < filters.length; i++) {
      const plugin = filters[i];
      if (plugin) this.evaluations.add('filter', plugin, filterCounts[i] ?? 0);
      filterCounts[i] = 0;
    }
  }

  /** As `filter`, telling how long each plugin took. */
  filterObserved(state: CycleState, pod: PodInfo, node: NodeInfo): Rejection | undefined {
    for (const plugin of state.filters) {
      const verdict = this.#timed('filter', plugin, () => plugin.filter?.(state, pod, node));
      if (verdict) return stamped(verdict, plugin);
    }
    return undefined;
  }

  /**
   * Whether the node will do with the pods that are planned for it, as far as they are at least as important; and without them, since they
   * may end up elsewhere. Upstream: `RunFilterPluginsWithNominatedPods`.
   */
  filterWithNominated(state: CycleState, pod: PodInfo, node: NodeInfo): Rejection | undefined {
    if (!this.#nominator.hasPodsOn(node.name)) return this.filter(state, pod, node);
    const planned = [...this.#nominator.podsOn(node.name)].filter((other) => other.priority >= pod.priority && other.uid !== pod.uid);
    if (planned.length > 0) {
      const [withThem, tried] = [state.clone(), node.clone()];
      for (const other of planned) {
        tried.add(other);
        this.addPod(withThem, pod, other, tried);
      }
      const rejection = this.filter(withThem, pod, tried);
      if (rejection) return rejection;
    }
    return this.filter(state, pod, node);
  }

  /** Asks the plugins in turn until one has made room. @returns what they came to, with the reasons of all that could not help. */
  postFilter(state: CycleState, pod: PodInfo, statuses: NodeStatuses): PostFilterResult | Promise<PostFilterResult> {
    const started = this.#clock.monotonic();
    const done = (result: PostFilterResult) => {
      this.countFilters(state);
      this.#observePoint('postFilter', result.rejection, started);
      return result;
    };
    const result = this.#postFilter({ state, pod, statuses, index: 0, reasons: [], nominated: undefined });
    return result instanceof Promise ? result.then(done) : done(result);
  }

  #postFilter(asking: PostFilterAsking): PostFilterResult | Promise<PostFilterResult> {
    for (; asking.index < this.#points.postFilter.length; asking.index++) {
      const plugin = this.#points.postFilter[asking.index];
      if (!plugin) continue;
      const result = heldOnTo(() => plugin.postFilter(asking.state, asking.pod, asking.statuses));
      if (result instanceof Promise) {
        return result.catch(failedPostFilter).then((late) => {
          asking.index++;
          return this.#heard(asking, late, plugin) ?? this.#postFilter(asking);
        });
      }
      const end = this.#heard(asking, result, plugin);
      if (end) return end;
    }
    return { nominatedNodeName: asking.nominated, rejection: unschedulable(...asking.reasons) };
  }

  /** @returns the result when it is the last word. */
  #heard(asking: PostFilterAsking, result: PostFilterResult, plugin: Plugin): PostFilterResult | undefined {
    const { rejection, nominatedNodeName } = result;
    if (!rejection) return result;
    stamped(rejection, plugin);
    if (rejection.code === 'UnschedulableAndUnresolvable') return result;
    asking.nominated = nominatedNodeName ?? asking.nominated;
    asking.reasons.push(...rejection.reasons);
    return undefined;
  }

  /** The weighted total of each node, in the order given. @throws when a plugin's score is out of bounds. */
  score(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): number[] {
    const started = this.#clock.monotonic();
    for (const plugin of this.#points.preScore) {
      const outcome = told('PreScore', plugin, () => this.#timed('preScore', plugin, () => plugin.preScore(state, pod, nodes)));
      if (outcome === SKIP) state.skipScore.add(plugin.name);
      else this.evaluations.add('preScore', plugin, 1);
    }
    this.#observePoint('preScore', undefined, started);
    const scoring = this.#clock.monotonic();
    const totals = new Array<number>(nodes.length).fill(0);
    for (const [plugin, scores] of this.pluginScores(state, pod, nodes)) {
      const weight = this.#weights.get(plugin.name) ?? 1;
      for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + weight * (scores[i] ?? 0);
    }
    this.#observePoint('score', undefined, scoring);
    return totals;
  }

  /** As `pluginScores`, PreScore run first. */
  *scored(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Iterable<readonly [Plugin, readonly number[]]> {
    for (const plugin of this.#points.preScore) if (plugin.preScore(state, pod, nodes) === SKIP) state.skipScore.add(plugin.name);
    yield* this.pluginScores(state, pod, nodes);
  }

  /** The normalized scores of each plugin that has something to say. */
  *pluginScores(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Iterable<readonly [Plugin, readonly number[]]> {
    for (const plugin of this.#points.score) {
      if (state.skipScore.has(plugin.name)) continue;
      const asked = (count: number) => this.evaluations.add('score', plugin, count);
      yield [plugin, this.#timed('score', plugin, () => scoresOf({ plugin, state, asked }, pod, nodes))];
    }
  }

  weightOf(name: string): number {
    return this.#weights.get(name) ?? 1;
  }

  reserve(state: CycleState, pod: PodInfo, nodeName: string): Rejection | undefined {
    return this.#first('reserve', this.#points.reserve, (plugin) => plugin.reserve(state, pod, nodeName));
  }

  unreserve(state: CycleState, pod: PodInfo, nodeName: string): void {
    const started = this.#clock.monotonic();
    for (const plugin of this.#points.reserve.toReversed()) plugin.unreserve?.(state, pod, nodeName);
    this.#observePoint('unreserve', undefined, started);
  }

  /** @returns a rejection, or how long which plugins want to wait. */
  permit(state: CycleState, pod: PodInfo, nodeName: string): { rejection?: Rejection | undefined; waits: ReadonlyMap<string, number> } {
    const waits = new Map<string, number>();
    const rejection = this.#first('permit', this.#points.permit, (plugin) => {
      const verdict = plugin.permit(state, pod, nodeName);
      if (!verdict || 'code' in verdict) return verdict;
      waits.set(plugin.name, verdict.waitMs);
      return undefined;
    });
    return { rejection, waits };
  }

  /** @throws what a plugin throws, saying which one it was. */
  async preBind(state: CycleState, pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<Rejection | undefined> {
    if (this.#points.preBind.length === 0) return undefined;
    const started = this.#clock.monotonic();
    for (const plugin of this.#points.preBind) {
      const verdict = await plugin.preBind(state, pod, nodeName, signal).catch((error: unknown) => {
        this.#observer?.onPoint('preBind', 'Error', this.schedulerName, this.#since(started));
        throw new PluginError('PreBind', plugin.name, error);
      });
      if (!verdict) continue;
      this.#observePoint('preBind', verdict, started);
      return stamped(verdict, plugin);
    }
    this.#observePoint('preBind', undefined, started);
    return undefined;
  }

  /** @throws when no plugin takes the binding, or the one that does fails. */
  async bind(state: CycleState, pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<void> {
    const started = this.#clock.monotonic();
    for (const plugin of this.#points.bind) {
      const answer = await plugin.bind(state, pod, nodeName, signal).catch((error: unknown) => {
        this.#observer?.onPoint('bind', 'Error', this.schedulerName, this.#since(started));
        throw new PluginError('Bind', plugin.name, error);
      });
      if (answer === SKIP) continue;
      this.#observePoint('bind', undefined, started);
      return;
    }
    throw new Error('no plugin of the profile binds');
  }

  postBind(state: CycleState, pod: PodInfo, nodeName: string): void {
    const started = this.#clock.monotonic();
    for (const plugin of this.#points.postBind) plugin.postBind(state, pod, nodeName);
    this.#observePoint('postBind', undefined, started);
  }

  #first<P extends Plugin>(point: ExtensionPoint, plugins: readonly P[], ask: (plugin: P) => Verdict): Rejection | undefined {
    const started = this.#clock.monotonic();
    let rejection: Rejection | undefined;
    for (const plugin of plugins) {
      const verdict = told(pointLabel(point), plugin, () => ask(plugin));
      if (!verdict) continue;
      rejection = stamped(verdict, plugin);
      break;
    }
    this.#observePoint(point, rejection, started);
    return rejection;
  }

  #timed<T>(point: ExtensionPoint, plugin: Plugin, run: () => T): T {
    if (!this.observed) return run();
    const started = this.#clock.monotonic();
    const result = run();
    this.#observer?.onPlugin(plugin.name, point, statusOf(result), this.#since(started));
    return result;
  }

  /** Whether each plugin's time is told: of a sample of the cycles, since the telling takes longer than most plugins. */
  observed = false;

  /** Filter and what else is run from outside. */
  observePoint(point: ExtensionPoint, verdict: Verdict, started: number): void {
    this.#observePoint(point, verdict, started);
  }

  #observePoint(point: ObservedPoint, verdict: Verdict, started: number): void {
    this.#observer?.onPoint(point, statusOf(verdict), this.schedulerName, this.#since(started));
  }

  #since(started: number): number {
    return (this.#clock.monotonic() - started) / 1000;
  }
}

const NOT_NAMED: Rejection = { ...unresolvable('the pod may run on certain nodes only, and this is none of them'), plugin: 'PreFilter' };

/** The pod has no node all the same: that its PostFilter failed is told with the reasons, and no other is asked. Upstream: `schedulingAlgorithm`. */
const failedPostFilter = (error: unknown): PostFilterResult => ({
  rejection: unresolvable(error instanceof Error ? error.message : String(error)),
});

function heldOnTo(run: () => PostFilterResult | Promise<PostFilterResult>): PostFilterResult | Promise<PostFilterResult> {
  try {
    return run();
  } catch (error) {
    return failedPostFilter(error);
  }
}

interface PostFilterAsking {
  readonly state: CycleState;
  readonly pod: PodInfo;
  readonly statuses: NodeStatuses;
  readonly reasons: string[];
  index: number;
  nominated: string | undefined;
}

function pointsOf(plugins: PluginsByPoint): Points {
  const at = <P extends ExtensionPoint>(point: P) => plugins[point].filter((plugin): plugin is PluginAt<P> => takesPartIn(plugin, point));
  return {
    preEnqueue: at('preEnqueue'),
    queueSort: at('queueSort'),
    preFilter: at('preFilter'),
    filter: at('filter'),
    postFilter: at('postFilter'),
    preScore: at('preScore'),
    score: at('score'),
    reserve: at('reserve'),
    permit: at('permit'),
    preBind: at('preBind'),
    bind: at('bind'),
    postBind: at('postBind'),
  };
}

/** The first plugin that says no, of those from one on and before another. */
function firstNo(state: CycleState, pod: PodInfo, node: NodeInfo, [from, to]: readonly [number, number]): Rejection | undefined {
  const { filters, filterCounts } = state;
  let i = from;
  try {
    for (; i < to; i++) {
      const plugin = filters[i];
      filterCounts[i] = (filterCounts[i] ?? 0) + 1;
      const verdict = plugin?.filter?.(state, pod, node);
      if (plugin && verdict) return stamped(verdict, plugin);
    }
  } catch (error) {
    throw new PluginError('Filter', filters[i]?.name ?? '', error);
  }
  return undefined;
}

function scoresOf(scoring: Scoring, pod: PodInfo, nodes: readonly NodeInfo[]): number[] {
  const { plugin, state, asked } = scoring;
  const scores = scoredBy('running Score plugins', plugin, () =>
    state.memo && plugin.nodeLocal ? state.memo.scores(scoring, pod, nodes) : nodes.map((node) => plugin.score(state, pod, node)),
  );
  if (!state.memo || !plugin.nodeLocal) asked(nodes.length);
  if (plugin.normalize) scoredBy('running Normalize on Score plugins', plugin, () => plugin.normalize?.(scores, state, pod, nodes));
  for (const score of scores) {
    if (score >= 0 && score <= MAX_NODE_SCORE) continue;
    const range = `it should in the range of [0, ${MAX_NODE_SCORE}] after normalizing`;
    throw new Error(`applying score defaultWeights on Score plugins: plugin "${plugin.name}" returns an invalid score ${score}, ${range}`);
  }
  return scores;
}

function stamped(rejection: Rejection, { name }: Plugin): Rejection {
  if (rejection.plugin === '') rejection.plugin = name;
  return rejection;
}

const intersectionOf = (a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...a].filter((name) => b.has(name)));

const nobodyLeft = (namedBy: readonly string[]): string =>
  namedBy.length === 1
    ? `node(s) didn't satisfy plugin ${namedBy[0]}`
    : `node(s) didn't satisfy plugin(s) [${[...namedBy].sort().join(' ')}] simultaneously`;
