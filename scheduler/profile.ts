import type { CycleState, EventRegistration, Plugin, PreFilterResult, Rejection, Snapshot, Verdict } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** A plugin and how much its score counts. */
export interface WeightedPlugin {
  readonly plugin: Plugin;
  /** Of its score; 0 for plugins that do not score. */
  readonly weight: number;
}

/** What PreFilter said: a rejection of the pod as a whole, or the only nodes worth a look. */
export interface PreFilterOutcome {
  readonly rejection?: Rejection | undefined;
  readonly nodeNames?: ReadonlySet<string> | undefined;
}

type With<M extends keyof Plugin> = Plugin & Required<Pick<Plugin, M>>;

/** The plugins of one profile, by extension point, and the running of them. Upstream: `pkg/scheduler/framework/runtime`. */
export class Profile {
  readonly schedulerName: string;
  readonly plugins: readonly Plugin[];
  readonly #preEnqueue: readonly With<'preEnqueue'>[];
  readonly #preFilter: readonly With<'preFilter'>[];
  readonly #filter: readonly With<'filter'>[];
  readonly #score: readonly { readonly plugin: With<'score'>; readonly weight: number }[];
  readonly #reserve: readonly With<'reserve'>[];
  readonly #unreserve: readonly With<'unreserve'>[];
  readonly #permit: readonly With<'permit'>[];
  readonly #preBind: readonly With<'preBind'>[];
  readonly #bind: readonly With<'bind'>[];
  readonly #postBind: readonly With<'postBind'>[];

  constructor(schedulerName: string, weighted: readonly WeightedPlugin[]) {
    this.schedulerName = schedulerName;
    this.plugins = weighted.map(({ plugin }) => plugin);
    const having = <M extends keyof Plugin>(method: M) => this.plugins.filter((plugin): plugin is With<M> => plugin[method] !== undefined);
    this.#preEnqueue = having('preEnqueue');
    this.#preFilter = having('preFilter');
    this.#filter = having('filter');
    this.#reserve = having('reserve');
    this.#unreserve = having('unreserve');
    this.#permit = having('permit');
    this.#preBind = having('preBind');
    this.#bind = having('bind');
    this.#postBind = having('postBind');
    const weights = new Map(weighted.map(({ plugin, weight }) => [plugin.name, weight]));
    this.#score = having('score').map((plugin) => ({ plugin, weight: weights.get(plugin.name) ?? 1 }));
  }

  /** What may make a rejected pod schedulable, by plugin. */
  eventsOf(name: string): readonly EventRegistration[] {
    return this.plugins.find((plugin) => plugin.name === name)?.events ?? [];
  }

  preEnqueue(pod: PodInfo): Verdict {
    return first(this.#preEnqueue, (plugin) => plugin.preEnqueue(pod));
  }

  preFilter(state: CycleState, pod: PodInfo, snapshot: Snapshot): PreFilterOutcome {
    let nodeNames: ReadonlySet<string> | undefined;
    for (const plugin of this.#preFilter) {
      const outcome = plugin.preFilter(state, pod, snapshot);
      if (outcome === undefined) continue;
      if (isVerdict(outcome)) return { rejection: { ...outcome, plugin: plugin.name } };
      const { nodeNames: only } = outcome;
      const before = nodeNames;
      if (only) nodeNames = before ? new Set([...before].filter((name) => only.has(name))) : only;
    }
    return { nodeNames };
  }

  /** The first plugin that says no, or undefined when the node will do. */
  filter(state: CycleState, pod: PodInfo, node: NodeInfo): Rejection | undefined {
    for (const plugin of this.#filter) {
      const verdict = plugin.filter(state, pod, node);
      if (verdict) return { ...verdict, plugin: plugin.name };
    }
    return undefined;
  }

  /** The weighted total of each node, in the order given. */
  score(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): number[] {
    const totals = new Array<number>(nodes.length).fill(0);
    for (const { plugin, weight } of this.#score) {
      if (plugin.preScore?.(state, pod, nodes) === false) continue;
      const scores = nodes.map((node) => plugin.score(state, pod, node));
      plugin.normalize?.(scores);
      for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + weight * (scores[i] ?? 0);
    }
    return totals;
  }

  reserve(state: CycleState, pod: PodInfo, nodeName: string): Rejection | undefined {
    return first(this.#reserve, (plugin) => plugin.reserve(state, pod, nodeName));
  }

  unreserve(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (const plugin of this.#unreserve.toReversed()) plugin.unreserve(state, pod, nodeName);
  }

  permit(state: CycleState, pod: PodInfo, nodeName: string): Rejection | undefined {
    return first(this.#permit, (plugin) => plugin.permit(state, pod, nodeName));
  }

  async preBind(state: CycleState, pod: PodInfo, nodeName: string): Promise<Rejection | undefined> {
    for (const plugin of this.#preBind) {
      const verdict = await plugin.preBind(state, pod, nodeName);
      if (verdict) return { ...verdict, plugin: plugin.name };
    }
    return undefined;
  }

  /** @throws when no plugin takes the binding, or the one that does fails. */
  async bind(state: CycleState, pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<void> {
    for (const plugin of this.#bind) if (await plugin.bind(state, pod, nodeName, signal)) return;
    throw new Error('no plugin of the profile binds');
  }

  postBind(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (const plugin of this.#postBind) plugin.postBind(state, pod, nodeName);
  }
}

const isVerdict = (outcome: NonNullable<Verdict> | PreFilterResult): outcome is NonNullable<Verdict> => 'code' in outcome;

function first<P extends Plugin>(plugins: readonly P[], ask: (plugin: P) => Verdict): Rejection | undefined {
  for (const plugin of plugins) {
    const verdict = ask(plugin);
    if (verdict) return { ...verdict, plugin: plugin.name };
  }
  return undefined;
}
