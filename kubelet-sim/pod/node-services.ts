import type { Clock, Logger, Random } from '../../runtime/index.ts';
import type { IpPool, RuntimeService } from '../runtime/cri.ts';
import type { ConfigSource } from './config-source.ts';
import type { ImageManager } from './image-manager.ts';
import type { PodEvents } from './pod-events.ts';
import type { RestartBackoff } from './restart-backoff.ts';
import type { StatusWriter } from './status-writer.ts';
import type { LastingVolumes } from './volumes.ts';

/** Where statuses go. */
export type StatusSink = Pick<StatusWriter, 'write' | 'writeAndDelete' | 'forget' | 'isIdle'>;

/** What a node offers its pods. */
export interface NodeServices {
  readonly nodeName: string;
  readonly hostIP: string;
  readonly runtime: RuntimeService;
  readonly images: ImageManager;
  readonly restarts: RestartBackoff;
  readonly events: PodEvents;
  readonly statuses: StatusSink;
  readonly source: ConfigSource;
  readonly lasting: LastingVolumes;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Addresses for pods; undefined while the node has no pod range. */
  readonly pool: () => IpPool | undefined;
  readonly allocatable: () => Readonly<Record<string, string>>;
}
