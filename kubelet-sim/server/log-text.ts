import type { LogEntry } from '../runtime/cri.ts';
import type { LogOptions } from './log-options.ts';

/** The bytes of a log as it was asked for: chosen lines, from the tail if wanted, with times, up to a limit. */
export async function* logText(batches: AsyncIterable<readonly LogEntry[]>, options: LogOptions): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let isFirst = true;
  for await (const batch of batches) {
    const wanted = batch.filter((entry) => isWanted(entry, options));
    // Only what was there when the log was asked for has a tail; what is followed is all shown.
    const shown = isFirst && options.tailLines !== undefined ? tailOf(wanted, options.tailLines) : wanted;
    isFirst = false;
    const bytes = Buffer.from(shown.map((entry) => lineOf(entry, options)).join(''), 'latin1');
    if (bytes.length > 0) yield bytes.length > left ? bytes.subarray(0, left) : bytes;
    left -= bytes.length;
    if (left <= 0) return;
  }
}

const isWanted = ({ time }: LogEntry, { since }: LogOptions): boolean => since === undefined || time >= since;

/** The last lines; pieces of one long line count as one. */
function tailOf(entries: readonly LogEntry[], lines: number): readonly LogEntry[] {
  let start = entries.length;
  for (let left = lines; start > 0; start--) {
    const before = entries[start - 1];
    const endsLine = start === entries.length || before?.text.endsWith('\n');
    if (endsLine && left-- === 0) break;
  }
  return entries.slice(start);
}

const lineOf = ({ time, text }: LogEntry, { timestamps }: LogOptions): string => (timestamps ? `${nanoTime(time)} ${text}` : text);

/** RFC 3339 with nine digits, as logs of containers have it. */
export const nanoTime = (ms: number): string => `${new Date(Math.floor(ms)).toISOString().slice(0, -1)}000000Z`;
