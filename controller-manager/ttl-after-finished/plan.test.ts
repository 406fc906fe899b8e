import { describe, expect, it } from 'vitest';
import { ago, aJob, NOW } from '../testing/builders.ts';
import { expiresInMs, needsCleanUp } from './plan.ts';

const finished = (type: string, secondsAgo: number | undefined, ttlSecondsAfterFinished: number | undefined) =>
  aJob({
    spec: { ttlSecondsAfterFinished },
    status: { conditions: [{ type, status: 'True', ...(secondsAgo === undefined ? {} : { lastTransitionTime: ago(secondsAgo) }) }] },
  });

describe('a finished job', () => {
  it.each([
    { why: 'one that has not finished', job: finished('Suspended', 1, 0), is: false },
    { why: 'one without a time to live', job: finished('Complete', 1, undefined), is: false },
    { why: 'a completed one', job: finished('Complete', 1, 0), is: true },
    { why: 'a failed one', job: finished('Failed', 1, 0), is: true },
  ])('$why: $is', ({ job, is }) => expect(needsCleanUp(job)).toBe(is));

  it('is left to whoever is deleting it already', () => {
    const job = finished('Complete', 1, 0);
    job.metadata.deletionTimestamp = ago(0);
    expect(needsCleanUp(job)).toBe(false);
  });

  it.each([
    [10, 15, 5000],
    [10, 10, 0],
    [10, 0, -10_000],
    [-5, 10, 15_000],
  ])('%d s ago with %d s to live: %d ms left', (secondsAgo, ttl, ms) => {
    expect(expiresInMs(finished('Complete', secondsAgo, ttl), NOW)).toBe(ms);
  });

  it('has to say when it finished', () => {
    expect(() => expiresInMs(finished('Complete', undefined, 1), NOW)).toThrow(
      'unable to find the time when the Job default/work finished',
    );
  });
});
