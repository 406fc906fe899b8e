/** What became of a workload. */
export interface Measured {
  readonly name: string;
  readonly goal: number | undefined;
  /** Or heartbeats. */
  readonly podsPerSecond: number;
  /** Processor time of the scheduler per pod; per heartbeat where there are no pods. */
  readonly cpuUsPerPod: number;
  /** Of the time from taking a pod to its binding. */
  readonly p99Ms: number;
  readonly residentMb: number;
}

const ATTEMPT = 'scheduler_scheduling_attempt_duration_seconds';

/** The milliseconds that 99 of 100 attempts took at most, of those between two readings of the metrics: as exact as the buckets are. */
export function p99MsOf(before: string, after: string): number {
  const earlier = attemptsByLength(before);
  const counts = [...attemptsByLength(after)].map(([bound, count]) => [bound, count - (earlier.get(bound) ?? 0)] as const);
  const sorted = counts.sort(([a], [b]) => a - b);
  const total = sorted.at(-1)?.[1] ?? 0;
  return 1000 * (sorted.find(([, count]) => count >= 0.99 * total)?.[0] ?? 0);
}

/** Attempts that took no longer than each of the bounds. */
function attemptsByLength(metrics: string): Map<number, number> {
  const buckets = new Map<number, number>();
  for (const line of metrics.split('\n')) {
    if (!line.startsWith(`${ATTEMPT}_bucket`)) continue;
    const bound = /le="([^"]+)"/.exec(line)?.[1] ?? '+Inf';
    const at = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
    buckets.set(at, (buckets.get(at) ?? 0) + Number(line.slice(line.lastIndexOf(' '))));
  }
  return buckets;
}

export function lineOf({ name, goal, podsPerSecond, cpuUsPerPod, p99Ms, residentMb }: Measured): string {
  const ratio = goal === undefined ? '' : `${(podsPerSecond / goal).toFixed(2)}x`;
  const columns = [
    name.padEnd(28),
    `${Math.round(podsPerSecond)}`.padStart(8),
    `${goal ?? ''}`.padStart(8),
    ratio.padStart(8),
    `${Math.round(cpuUsPerPod)}`.padStart(10),
    `${p99Ms.toFixed(1)}`.padStart(9),
    `${residentMb}`.padStart(8),
  ];
  return columns.join('');
}

export const HEADER = 'workload                       pods/s    goal    ratio    us cpu   p99 ms      MB';
