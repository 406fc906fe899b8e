import type { Pod } from '../../api/index.ts';
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import type { NodePlugins } from '../plugins/node-plugins.ts';
import type { ContainerBehaviour, IpPool, RuntimeService } from '../runtime/cri.ts';
import type { PullBehaviour } from '../runtime/image-service.ts';
import type { ConfigSource } from './config-source.ts';
import type { ImageManager } from './image-manager.ts';
import type { KubeletCounts } from './kubelet-counts.ts';
import type { ClusterDns } from './pod-dns.ts';
import type { PodEvents } from './pod-events.ts';
import type { Resizing } from './resize.ts';
import type { RestartBackoff } from './restart-backoff.ts';
import type { StatusWriter } from './status-writer.ts';
import type { HeldClaims } from './volumes/held-claims.ts';

/** Where statuses go. */
export type StatusSink = Pick<StatusWriter, 'write' | 'writeAndDelete' | 'forget' | 'isIdle'>;

/** How a script bends what a node's pods do; what it does not speak of is as it is. */
export interface PodScripts {
  behaviourOf(pod: Pod, container: string): ContainerBehaviour | undefined;
  /** Whether a container is ready, whatever its probes say; undefined when they decide. */
  readinessOf?(pod: Pod, container: string): boolean | undefined;
  /** What becomes of the pull of a container's image. */
  pullOf?(pod: Pod, container: string): PullBehaviour | undefined;
}

/** What a node offers its pods. */
export interface NodeServices {
  readonly nodeName: string;
  /** The node's addresses: one, or one of each family. */
  readonly hostIPs: readonly string[];
  readonly cluster: ClusterDns;
  readonly runtime: RuntimeService;
  readonly images: ImageManager;
  readonly restarts: RestartBackoff;
  readonly counts: KubeletCounts;
  readonly events: PodEvents;
  readonly statuses: StatusSink;
  readonly source: ConfigSource;
  readonly claims: HeldClaims;
  /** What makes the devices of pods ready. */
  readonly plugins: Pick<NodePlugins, 'devices'>;
  readonly nodeLabels: () => Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly scripts?: PodScripts | undefined;
  /** Addresses for pods; undefined while the node has no pod range. */
  readonly pool: () => IpPool | undefined;
  readonly allocatable: () => Readonly<Record<string, string>>;
  /** Whom pods ask for other resources. */
  readonly resizes: { ask(resizing: Resizing): boolean; backfill(resizing: Resizing): void };
}
