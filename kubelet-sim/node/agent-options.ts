import type { Pod } from '../../api/index.ts';
import type { ApiClient, EventRecorder } from '../../client/index.ts';
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import type { NodePlugins } from '../plugins/node-plugins.ts';
import type { ConfigSource } from '../pod/config-source.ts';
import type { PodScripts } from '../pod/node-services.ts';
import type { ClusterDns } from '../pod/pod-dns.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import type { StatusWriter } from '../pod/status-writer.ts';
import type { HeldClaims } from '../pod/volumes/held-claims.ts';
import type { RuntimeService } from '../runtime/cri.ts';
import type { ImageService } from '../runtime/image-service.ts';
import type { EvictionRules } from './eviction.ts';
import type { NodeSpec } from './node-object.ts';

/** What all nodes of a process share. */
export interface AgentOptions {
  readonly client: ApiClient;
  /** For leases and nodes. */
  readonly heartbeatClient: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly source: ConfigSource;
  readonly statuses: StatusWriter;
  readonly claims: HeldClaims;
  readonly recorderOf: (nodeName: string) => Pick<EventRecorder, 'event'>;
  readonly statusFrequencyMs: number;
  readonly leaseDurationSeconds: number;
  readonly cluster: ClusterDns;
  readonly evictionRules: EvictionRules;
  /** Whether nodes run pods from files. */
  readonly followsManifests: boolean;
  /** Parameters of the kernel that pods may ask for beside the harmless ones. */
  readonly unsafeSysctls?: readonly string[] | undefined;
  readonly scripts?: NodeScripts | undefined;
}

/** How scripts bend what nodes do. */
export interface NodeScripts {
  /** For the pods of a node. */
  of(node: { readonly name: string }): PodScripts;
  /** Whether a script makes a pod of the node use what it would not. */
  isLoading(node: { readonly workers: Iterable<PodWorker> }): boolean;
  /** A pod changed, and what is said of it perhaps with it. @param before what it was */
  podChanged(node: { readonly runtime: RuntimeService }, worker: PodWorker, before: Pod): void;
}

/** What is this node's own. */
export interface NodeParts {
  readonly spec: NodeSpec;
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  readonly plugins: NodePlugins;
  /** Pod ranges to take when nobody gives any, one or one of each family; none to wait for as long as it takes. */
  readonly podCidrs: readonly string[];
}
