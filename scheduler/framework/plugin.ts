import type { Live, Pod } from '../../api/index.ts';
import type { ApiClient, EventRecorder, InformerFactory } from '../../client/index.ts';
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { Nominator } from '../state/nominator.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { CycleState } from './cycle-state.ts';
import type { EventRegistration } from './events.ts';
import type { NodeStatuses } from './node-statuses.ts';
import type { Rejection, SKIP, Verdict } from './status.ts';
import type { WaitingPods } from './waiting-pods.ts';

/** What PreFilter found: the only nodes that can do. */
export interface PreFilterResult {
  readonly nodeNames: ReadonlySet<string>;
}

/** What PostFilter came to. Upstream: `PostFilterResult` with its `Status`. */
export interface PostFilterResult {
  /** The node the pod is planned for; `''` ends an earlier plan; undefined leaves it as it is. */
  readonly nominatedNodeName?: string | undefined;
  /** Absent: the pod will fit once what was begun is done, and no other plugin is asked. */
  readonly rejection?: Rejection | undefined;
}

/** Said in Permit: the binding waits until the plugin allows or rejects it, or so long. */
export interface PermitWait {
  readonly waitMs: number;
}

/**
 * A plugin takes part in any of the framework's extension points by having the method. An error is thrown. All methods but postFilter,
 * preBind and bind are synchronous: while a node is looked for, nothing else happens.
 *
 * ```
 *   preEnqueue  queue: may the pod be tried at all?
 *   less        queue: who is first?
 *   preFilter   once a pod: compute what filter reads for every node; addPod, removePod keep it right when pods are tried out
 *   filter      each node: will it do?
 *   postFilter  no node will: can one be made to?
 *   preScore    once a pod: compute what score reads
 *   score       each node that will do: how well? then normalize, on all of them
 *   reserve     the node is chosen: take what it needs; unreserve gives it back whatever fails later
 *   permit      last word: allow, reject, or wait
 *   preBind     what must be written before the binding
 *   bind        write the binding
 *   postBind    it is written
 * ```
 * Upstream: kube-scheduler `framework/interface.go`.
 */
export interface Plugin {
  /** Upstream's name. */
  readonly name: string;
  /** Orders the active queue; exactly one plugin has it. */
  less?(a: QueuedPod, b: QueuedPod): boolean;
  /** Keeps a pod out of the active queue. */
  preEnqueue?(pod: PodInfo): Verdict;
  preFilter?(state: CycleState, pod: PodInfo, snapshot: Snapshot): Rejection | PreFilterResult | typeof SKIP | undefined;
  /** Another pod is tried out on a node: keeps what preFilter computed in step. */
  addPod?(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void;
  removePod?(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void;
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Verdict;
  /** Called when no node is left; may make one fit. */
  postFilter?(state: CycleState, pod: PodInfo, rejected: NodeStatuses): PostFilterResult | Promise<PostFilterResult>;
  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): typeof SKIP | undefined;
  /** Any number; `normalize` brings it to 0…100. */
  score?(state: CycleState, pod: PodInfo, node: NodeInfo): number;
  /** Changes the scores of all feasible nodes in place; `nodes` are in the same order. */
  normalize?(scores: number[], state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): void;
  reserve?(state: CycleState, pod: PodInfo, nodeName: string): Verdict;
  /** Must be safe to call when reserve was not, or failed. */
  unreserve?(state: CycleState, pod: PodInfo, nodeName: string): void;
  permit?(state: CycleState, pod: PodInfo, nodeName: string): Verdict | PermitWait;
  preBind?(state: CycleState, pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<Verdict>;
  /** @returns SKIP when the plugin leaves the binding to the next one. */
  bind?(state: CycleState, pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<typeof SKIP | undefined>;
  postBind?(state: CycleState, pod: PodInfo, nodeName: string): void;
  /**
   * Set when `filter` and `score` look at nothing but the node and, of the pod, what it requests, its priority, host ports, nodeName, nodeSelector,
   * affinity and tolerations: what they said of a node that has not changed, they would say again.
   */
  readonly nodeLocal?: boolean | undefined;
  /** Events after which a pod that this plugin rejected is worth another try; absent: any. */
  readonly events?: readonly EventRegistration[] | undefined;
}

/** What a plugin is made with. */
export interface Handle {
  /** The profile it is made for. */
  readonly schedulerName: string;
  readonly client: ApiClient;
  /** Informers of any kind; those asked for while the plugin is made have synced before the first pod is looked at. */
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly snapshot: Snapshot;
  readonly nominator: Nominator;
  /** Pods that wait in Permit. */
  readonly waitingPods: WaitingPods;
  /** The profile itself, for plugins that try pods out on nodes. Not before the plugin is made. */
  readonly framework: Framework;
  /** The newest version of a pod that waits for a node or has one. */
  podByKey(key: string): Live<Pod> | undefined;
  /** Tries pods again at once, by key. */
  activate(keys: Iterable<string>): void;
  /** Does `work` for 0…pieces-1, so many at once as the configuration's `parallelism` says. Rejects with the first error. */
  parallel(pieces: number, work: (piece: number) => Promise<void>): Promise<void>;
  /** Work that goes on when the cycle is over. The scheduler runs ahead of so much of it only, and ends after it. Must not reject. */
  background(work: Promise<void>): void;
  /** Extenders that take part in preemption. */
  readonly preemptionExtenders: readonly PreemptionExtender[];
  readonly metrics: PluginMetrics;
  /** Something of which all profiles together have one; made when it is first asked for. */
  shared<T extends object>(name: string, make: () => T): T;
  /** Nothing is written: what is reserved counts as bound; for simulations. */
  readonly dryRun?: boolean | undefined;
  /** Told who is to go for whom; for simulations. */
  readonly onPreempting?: ((preemptor: PodInfo, victims: readonly PodInfo[]) => void) | undefined;
}

/** What a plugin may count. */
export interface PluginMetrics {
  preemptionAttempt(): void;
  preemptionVictims(count: number): void;
  preemptionDone(result: 'success' | 'error', seconds: number): void;
}

/** The part of a profile that a plugin may run: what preemption needs. */
export interface Framework {
  /** Whether the node will do, with the pods planned for it and without them. */
  filterWithNominated(state: CycleState, pod: PodInfo, node: NodeInfo): Rejection | undefined;
  addPod(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void;
  removePod(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void;
}

/** Who would have to go from a node. */
export interface Victims {
  /** From the most important to the least. */
  readonly pods: readonly PodInfo[];
  readonly violations: number;
}

/** An extender as preemption sees it. */
export interface PreemptionExtender {
  readonly name: string;
  readonly ignorable: boolean;
  isInterested(pod: PodInfo): boolean;
  /** The candidates it agrees to, perhaps with other victims. */
  processPreemption(pod: PodInfo, candidates: ReadonlyMap<string, Victims>): Promise<Map<string, Victims>>;
}

/** A plugin as the configuration knows it. */
export interface PluginDefinition<A = unknown> {
  readonly name: string;
  /**
   * Reads and checks the `args` of its pluginConfig, `{}` when there are none.
   *
   * @param path where they stand, for messages.
   */
  readArgs?(args: unknown, path: string): ArgsResult<A>;
  create(args: A, handle: Handle): Plugin;
}

/** The arguments, or what is wrong with them, each one line that begins with the path. */
export type ArgsResult<A> = { readonly args: A } | { readonly errors: readonly string[] };

/** A pod in the scheduling queue. */
export interface QueuedPod {
  readonly info: PodInfo;
  /** When it entered its present queue, in milliseconds. */
  readonly timestamp: number;
  /** When it could first be tried: it was seen, and PreEnqueue let it in. */
  readonly firstSeen: number;
  readonly attempts: number;
  /** Attempts that found no node: they make the back-off longer. */
  readonly unschedulableCount: number;
  /** Attempts in a row that ended in an error. */
  readonly errorCount: number;
  /** The plugins that rejected it last; those of `pending` say that something outside must happen. */
  readonly rejectedBy: ReadonlySet<string>;
  readonly pending: ReadonlySet<string>;
}

/** What became of preFilter. */
export interface PreFilterOutcome {
  /** Set when the pod was rejected as a whole. */
  readonly rejection?: Rejection | undefined;
  readonly nodeNames?: ReadonlySet<string> | undefined;
  /** The plugins that named nodes. */
  readonly namedBy: readonly string[];
}
