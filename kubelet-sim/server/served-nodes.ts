import type { NodeUsage } from '../node/node-stats.ts';
import type { KubeletCounts } from '../pod/kubelet-counts.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import type { RuntimeService } from '../runtime/cri.ts';
import type { Machine } from './control-group-stats.ts';
import type { KubeletTimes } from './state-metrics.ts';

/** A node whose kubelet's API is served here. */
export interface ServedNode {
  readonly name: string;
  readonly runtime: RuntimeService;
  readonly workers: Iterable<PodWorker>;
  /** What its kubelet has counted. */
  readonly counts: KubeletCounts;
  usage(): NodeUsage;
  readonly machine: Machine;
  readonly times: KubeletTimes;
  /** What its configuration file would say. */
  configuration(): object;
  /** False while the node is down or cut off: then nothing answers. */
  readonly isReachable: boolean;
}

/** A pod of this process, with the node that holds it. */
export interface LocatedPod {
  readonly node: Pick<ServedNode, 'name' | 'runtime' | 'isReachable' | 'counts'>;
  readonly worker: PodWorker;
}

/** The nodes of a process. */
export interface ServedNodes {
  node(name: string): ServedNode | undefined;
  locate(namespace: string, pod: string): LocatedPod | undefined;
  all(): Iterable<ServedNode>;
}
