/** Measuring: how long each piece of work took, and what follows from it. */
import { readFileSync } from 'node:fs';

export interface Row {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export function rowOf(count: number, totalMs: number, times: readonly number[]): Row {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => Number((sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2));
  return { perSecond: Math.round((count * 1000) / totalMs), p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

/** Does a piece of work again and again, one after the other. */
export async function repeat(times: number, work: () => Promise<unknown>): Promise<Row> {
  const taken: number[] = [];
  const started = performance.now();
  for (let i = 0; i < times; i++) {
    const begun = performance.now();
    await work();
    taken.push(performance.now() - begun);
  }
  return rowOf(times, performance.now() - started, taken);
}

/** So many loops share pieces of work, numbered from 0; each waits for its own. */
export async function together(loops: number, total: number, work: (i: number) => Promise<unknown>): Promise<Row> {
  const times: number[] = [];
  let next = 0;
  const started = performance.now();
  const loop = async () => {
    for (let i = next++; i < total; i = next++) {
      const begun = performance.now();
      await work(i);
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: loops }, loop));
  return rowOf(total, performance.now() - started, times);
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return Number(((performance.now() - started) / 1000).toFixed(2));
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >>> 1] ?? 0;

export const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;

/** Bytes that a process has given to the disk. */
export function bytesWritten(pid: number): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
}

/** Resident memory of this process, once what is not needed is gone (with --expose-gc). */
export function residentMegabytes(): number {
  globalThis.gc?.();
  return megabytes(process.memoryUsage.rss());
}
