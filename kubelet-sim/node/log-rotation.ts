import type { RuntimeService } from '../runtime/cri.ts';
import type { NodeUsage } from './node-stats.ts';

/** A kubelet's `containerLogMaxSize`. */
const LOG_BYTES_MAX = 10 * 1024 * 1024;

/** Begins new log files where the present ones have grown too large (upstream `pkg/kubelet/logs/container_log_manager.go`). */
export function rotateLogs({ pods }: NodeUsage, runtime: Pick<RuntimeService, 'reopenContainerLog'>): void {
  for (const { stats } of pods)
    for (const { id, log } of stats.containers) if (log.usedBytes > LOG_BYTES_MAX) runtime.reopenContainerLog(id);
}
