/** What became of a workload. */
export interface Measured {
  readonly name: string;
  readonly goal: number | undefined;
  readonly podsPerSecond: number;
  /** Processor time of the scheduler per pod. */
  readonly cpuUsPerPod: number;
  /** Of the time from taking a pod to its binding. */
  readonly p99Ms: number;
  readonly residentMb: number;
}

/** The value below which 99 of 100 observations of a Prometheus histogram are, as text. */
export function p99Of(metrics: string, name: string): number {
  const buckets = new Map<number, number>();
  for (const line of metrics.split('\n')) {
    if (!line.startsWith(`${name}_bucket`)) continue;
    const bound = /le="([^"]+)"/.exec(line)?.[1] ?? '+Inf';
    const count = Number(line.slice(line.lastIndexOf(' ')));
    const at = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
    buckets.set(at, (buckets.get(at) ?? 0) + count);
  }
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = sorted.at(-1)?.[1] ?? 0;
  return sorted.find(([, count]) => count >= 0.99 * total)?.[0] ?? 0;
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
