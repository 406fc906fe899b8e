import type { PreemptionExtender, Victims } from '../framework/plugin.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { PodInfo } from '../state/pod-info.ts';

/** What an extender made of the nodes that the plugins left. */
export interface ExtenderVerdict {
  readonly feasible: readonly NodeInfo[];
  /** Messages by node. */
  readonly failed: ReadonlyMap<string, string>;
  readonly failedForGood: ReadonlyMap<string, string>;
}

/** A process beside the scheduler that has a say too. Upstream: kube-scheduler `framework.Extender`. */
export interface Extender {
  readonly name: string;
  /** An error of it is no error of the cycle. */
  readonly ignorable: boolean;
  readonly weight: number;
  readonly filters: boolean;
  readonly prioritizes: boolean;
  readonly binds: boolean;
  readonly preempts: boolean;
  /** Whether it wants to be asked about this pod. */
  isInterested(pod: PodInfo): boolean;
  filter(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ExtenderVerdict>;
  /** Scores of 0…10 by node. */
  prioritize(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>>;
  bind(pod: PodInfo, nodeName: string): Promise<void>;
  processPreemption(pod: PodInfo, candidates: ReadonlyMap<string, Victims>): Promise<Map<string, Victims>>;
}

/** The extenders that preemption asks. */
export const preempting = (extenders: readonly Extender[]): readonly PreemptionExtender[] => extenders.filter(({ preempts }) => preempts);
