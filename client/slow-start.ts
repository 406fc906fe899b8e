/** How a slow start went. */
export interface SlowStartResult {
  readonly successes: number;
  /** Why it stopped early. */
  readonly error?: unknown;
}

/**
 * Calls `fn` `count` times in batches that double as long as all goes well: `initial`, twice that, … A batch with a failure is the last,
 * so that what cannot work (a quota, a missing permission) costs a few requests and not thousands.
 *
 * @returns how many calls succeeded, and the first error.
 */
export async function slowStartBatch(count: number, initial: number, fn: (index: number) => Promise<unknown>): Promise<SlowStartResult> {
  let done = 0;
  let successes = 0;
  for (let size = Math.min(count, initial); size > 0; size = Math.min(2 * size, count - done)) {
    const first = done;
    const outcomes = await Promise.allSettled(Array.from({ length: size }, (_, i) => fn(first + i)));
    done += size;
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    successes += size - failed.length;
    if (failed[0]) return { successes, error: failed[0].reason };
  }
  return { successes };
}
