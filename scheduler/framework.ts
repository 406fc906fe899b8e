import type { Live, Node, Pod } from '../api/index.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** The best score a plugin may give a node. */
export const MAX_NODE_SCORE = 100;

/** What a plugin says, unless it is content (undefined). Upstream: kube-scheduler `framework.Status`. */
export interface Rejection {
  /**
   * `Unschedulable`: other pods going away could help. `UnschedulableAndUnresolvable`: nothing but a change of the node or the pod could.
   * `Pending`: something outside must happen first.
   */
  readonly code: 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Pending';
  /** Reasons, as FailedScheduling counts them. */
  readonly reasons: readonly string[];
  /** The plugin that said so; filled in by the framework. */
  readonly plugin: string;
}

/** Undefined is success. */
export type Verdict = Omit<Rejection, 'plugin'> | undefined;

export const unschedulable = (...reasons: string[]): Verdict => ({ code: 'Unschedulable', reasons });
export const unresolvable = (...reasons: string[]): Verdict => ({ code: 'UnschedulableAndUnresolvable', reasons });

/** What one plugin computed in PreFilter or PreScore and reads again for every node; one per scheduling cycle. */
export class CycleState {
  readonly #entries = new Map<string, unknown>();

  write(key: string, value: unknown): void {
    this.#entries.set(key, value);
  }

  /** @throws when nothing was written under the key: a plugin without its own PreFilter or PreScore is a mistake in the program. */
  read<T>(key: string): T {
    if (!this.#entries.has(key)) throw new Error(`scheduler plugin state ${key} was never written`);
    return this.#entries.get(key) as T;
  }
}

/** The cluster as one scheduling cycle sees it. */
export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  get(name: string): NodeInfo | undefined;
}

/** Something that happened in the cluster and may make a rejected pod schedulable. */
export type ClusterEvent =
  | {
      readonly resource: 'Node';
      readonly action: 'Add' | 'Update' | 'Delete';
      readonly node: Live<Node>;
      readonly old?: Live<Node> | undefined;
    }
  | {
      readonly resource: 'AssignedPod';
      readonly action: 'Add' | 'Update' | 'Delete';
      readonly pod: Live<Pod>;
      readonly old?: Live<Pod> | undefined;
    }
  | { readonly resource: 'Unknown'; readonly action: 'ForceActivate' };

/** What of an event interests a plugin that rejected a pod. */
export interface EventRegistration {
  readonly resource: ClusterEvent['resource'];
  readonly actions: readonly string[];
  /** Whether this very event can help this very pod; absent: every one may (upstream's queueing hint, KEP-4247). */
  readonly hint?: ((pod: PodInfo, event: ClusterEvent) => boolean) | undefined;
}

/** What PreFilter found: nothing, or the only nodes that can do. */
export interface PreFilterResult {
  readonly nodeNames?: ReadonlySet<string> | undefined;
}

/** A plugin takes part in any of the framework's extension points by having the method. All of them but PreBind and Bind are synchronous. */
export interface Plugin {
  /** Upstream's name. */
  readonly name: string;
  /** Orders the active queue; exactly one plugin has it. */
  less?(a: QueuedPod, b: QueuedPod): boolean;
  /** Keeps a pod out of the active queue. */
  preEnqueue?(pod: PodInfo): Verdict;
  preFilter?(state: CycleState, pod: PodInfo, snapshot: Snapshot): Verdict | PreFilterResult;
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Verdict;
  /** Called when no node is left; may name one that could be made to fit. */
  postFilter?(state: CycleState, pod: PodInfo, rejected: ReadonlyMap<string, Rejection>): { readonly message: string } | undefined;
  /** @returns false when the plugin has nothing to say about this pod and its score is skipped. */
  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): boolean;
  /** Any number; `normalize` brings it to 0…100. */
  score?(state: CycleState, pod: PodInfo, node: NodeInfo): number;
  /** Changes the scores of all feasible nodes in place. */
  normalize?(scores: number[]): void;
  reserve?(state: CycleState, pod: PodInfo, nodeName: string): Verdict;
  unreserve?(state: CycleState, pod: PodInfo, nodeName: string): void;
  permit?(state: CycleState, pod: PodInfo, nodeName: string): Verdict;
  preBind?(state: CycleState, pod: PodInfo, nodeName: string): Promise<Verdict>;
  /** @returns false when the plugin leaves the binding to the next one. */
  bind?(state: CycleState, pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<boolean>;
  postBind?(state: CycleState, pod: PodInfo, nodeName: string): void;
  /** Events after which a pod that this plugin rejected is worth another try. */
  readonly events?: readonly EventRegistration[] | undefined;
}

/** A pod in the scheduling queue. */
export interface QueuedPod {
  readonly info: PodInfo;
  /** When it entered its present queue, in milliseconds. */
  readonly timestamp: number;
  /** When it first entered any queue. */
  readonly firstSeen: number;
  readonly attempts: number;
  /** The plugins that rejected it last. */
  readonly rejectedBy: ReadonlySet<string>;
}
