import { describe, expect, it } from 'vitest';
import type { Job, JobCondition, Live } from '../../api/index.ts';
import { ago, aJob, aPod, NOW, type PodBuilder } from '../testing/builders.ts';
import { NO_FAILURES } from './backoff.ts';
import { newCondition } from './conditions.ts';
import { COMPLETION_INDEX, INDEX_FAILURES, TRACKING_FINALIZER } from './marks.ts';
import { Releases } from './releases.ts';
import { countReleased, finish, planTracking } from './tracking.ts';
import { type Observed, viewOf } from './view.ts';

const worker = (name: string, index?: number): PodBuilder =>
  aPod(name)
    .annotated(index === undefined ? {} : { [COMPLETION_INDEX]: String(index), [INDEX_FAILURES]: '0' })
    .change(({ metadata }) => (metadata.finalizers = [TRACKING_FINALIZER]));
const succeeded = (name: string, index?: number) => worker(name, index).phase('Succeeded');
const failed = (name: string, index?: number) => worker(name, index).phase('Failed');
const counted = (name: string) =>
  worker(name)
    .phase('Succeeded')
    .change(({ metadata }) => (metadata.finalizers = undefined));

const track = (
  job: Live<Job>,
  pods: readonly PodBuilder[],
  { verdict, ...more }: Partial<Observed> & { verdict?: JobCondition | undefined } = {},
) => {
  const observed = {
    job,
    pods: pods.map((pod) => pod.build()),
    released: new Set<string>(),
    backoff: NO_FAILURES,
    waitMs: undefined,
    now: NOW,
    ...more,
  };
  const plan = planTracking(observed, viewOf(observed), job.status, verdict);
  return { ...plan, release: plan.release.map(({ metadata }) => metadata.name) };
};
const indexed = (status: Job['status'] = {}, spec: Partial<Job['spec']> = {}) =>
  aJob({ spec: { completionMode: 'Indexed', completions: 5, parallelism: 5, ...spec }, status });
const target = newCondition('FailureTarget', 'Why', 'because', NOW);
const met = newCondition('SuccessCriteriaMet', 'Why', 'because', NOW);

describe('planTracking', () => {
  it('notes what has ended, and lets it go; what runs stays', () => {
    const plan = track(aJob(), [succeeded('a'), failed('b'), worker('c').running()]);
    expect(plan.status.uncountedTerminatedPods).toEqual({ succeeded: ['uid-a'], failed: ['uid-b'] });
    expect([plan.release, [...plan.tracked]]).toEqual([
      ['a', 'b'],
      ['uid-a', 'uid-b', 'uid-c'],
    ]);
    expect([plan.status.succeeded, plan.status.failed, plan.finished]).toEqual([undefined, undefined, undefined]);
  });

  it('does not note twice: what is noted, counted, or on its way', () => {
    const job = aJob({ status: { succeeded: 3, uncountedTerminatedPods: { succeeded: ['uid-a'], failed: ['uid-b'] } } });
    const plan = track(job, [succeeded('a'), failed('b'), counted('c'), succeeded('d')], { released: new Set(['uid-d']) });
    expect(plan.status.uncountedTerminatedPods).toEqual({ succeeded: ['uid-a'], failed: ['uid-b'] });
    expect([plan.release, plan.status.succeeded]).toEqual([['a', 'b'], 3]);
  });

  it('counts what was noted and has lost its finalizer, gone or not', () => {
    const job = aJob({
      status: { succeeded: 3, failed: 1, uncountedTerminatedPods: { succeeded: ['uid-a', 'uid-gone'], failed: ['uid-lost'] } },
    });
    const plan = track(job, [succeeded('a'), counted('b')]);
    expect(plan.status).toMatchObject({ succeeded: 4, failed: 2, uncountedTerminatedPods: { succeeded: ['uid-a'] } });
  });

  it('counts a pod that was noted as failed as that, also when it succeeds in the end', () => {
    const job = aJob({ status: { uncountedTerminatedPods: { failed: ['uid-a'] } } });
    expect(track(job, [succeeded('a')]).status.uncountedTerminatedPods).toEqual({ failed: ['uid-a'] });
  });

  it.each([
    { why: 'what is going counts as failed', policy: 'TerminatingOrFailed', noted: { failed: ['uid-a'] }, release: ['a'] },
    { why: 'unless only failed ones are replaced', policy: 'Failed', noted: {}, release: [] },
  ])('$why', ({ policy, noted, release }) => {
    const plan = track(aJob({ spec: { podReplacementPolicy: policy } }), [worker('a').running().deleting()]);
    expect([plan.status.uncountedTerminatedPods, plan.release]).toEqual([noted, release]);
  });

  it('lets failures go that the policy does not count', () => {
    const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }];
    const disrupted = failed('a').change(({ status }) => (status.conditions = [{ type: 'DisruptionTarget', status: 'True' }]));
    const plan = track(aJob({ spec: { podFailurePolicy: { rules } } }), [disrupted, failed('b')]);
    expect([plan.status.uncountedTerminatedPods, plan.release]).toEqual([{ failed: ['uid-b'] }, ['a', 'b']]);
    expect(plan.judged).toEqual(['Ignore']);
  });

  it('notes indexes, in order, and each once', () => {
    const job = indexed({ completedIndexes: '0', succeeded: 1 });
    const plan = track(job, [succeeded('c', 3), succeeded('b', 2), succeeded('a', 0), succeeded('x', 9), failed('f', 4)]);
    expect(plan.status).toMatchObject({ completedIndexes: '0,2,3', succeeded: 3, uncountedTerminatedPods: { failed: ['uid-f'] } });
    expect(plan.release).toEqual(['a', 'b', 'c', 'f', 'x']);
    expect(plan.status.failedIndexes).toBeUndefined();
  });

  it('forgets indexes that the job no longer has', () => {
    expect(track(indexed({ completedIndexes: '0,3,4', succeeded: 3 }, { completions: 3 }), []).status).toMatchObject({
      completedIndexes: '0',
      succeeded: 1,
    });
  });

  it('keeps the last failed pod of an index until another has taken its count over', () => {
    const job = indexed({}, { backoffLimitPerIndex: 2, backoffLimit: 2 ** 31 - 1 });
    expect(track(job, [failed('a', 0), failed('b', 1), worker('c', 1).running()]).release).toEqual(['b']);
    expect(track(job, [failed('a', 0)]).status.failedIndexes).toBe('');
    const over = indexed({}, { backoffLimitPerIndex: 0, backoffLimit: 2 ** 31 - 1 });
    expect(track(over, [failed('a', 0)])).toMatchObject({ release: ['a'], status: { failedIndexes: '0' } });
  });

  it('counts all that runs as failed when the job has, and none when it has succeeded', () => {
    const pods = [succeeded('a'), worker('b').running()];
    const lost = track(aJob(), pods, { verdict: target });
    expect(lost.status.uncountedTerminatedPods).toEqual({ succeeded: ['uid-a'], failed: ['uid-b'] });
    expect(lost.status.conditions).toEqual([target]);
    expect(lost.finished).toMatchObject({ type: 'Failed', reason: 'Why', message: 'because' });
    const won = track(aJob(), pods, { verdict: met });
    expect(won.status.uncountedTerminatedPods).toEqual({ succeeded: ['uid-a'] });
    expect([won.release, won.finished?.type]).toEqual([['a', 'b'], 'Complete']);
  });

  it('says once that the end is near', () => {
    const job = aJob({ status: { conditions: [met] } });
    expect(track(job, [], { verdict: met }).status.conditions).toEqual([met]);
    const failing = aJob({ status: { conditions: [target] } });
    expect(track(failing, [], { verdict: newCondition('Failed', 'Why', 'because', NOW) }).status.conditions).toEqual([target]);
  });

  it('notes so many at a time, and does not end before it has noted all', () => {
    const pods = Array.from({ length: 600 }, (_, i) => succeeded(`p${i}`));
    const plan = track(aJob({ spec: { completions: 600 } }), pods, { verdict: met });
    expect([plan.release.length, plan.status.uncountedTerminatedPods?.succeeded?.length, plan.finished]).toEqual([500, 500, undefined]);
  });

  it('lets all go of a job that is being deleted', () => {
    const job = aJob();
    job.metadata.deletionTimestamp = ago(1);
    expect(track(job, [worker('a').running()]).release).toEqual(['a']);
  });
});

describe('finish', () => {
  const complete = newCondition('Complete', 'Why', 'because', NOW);
  it.each([
    { why: 'nothing to finish', status: {}, finished: undefined, is: false },
    { why: 'pods to count', status: { uncountedTerminatedPods: { failed: ['x'] } }, finished: complete, is: false },
    { why: 'pods that are going', status: { terminating: 1 }, finished: complete, is: false },
    { why: 'the end', status: { terminating: 0, uncountedTerminatedPods: {} }, finished: complete, is: true },
  ])('$why', ({ status, finished, is }) => expect(finish(status, finished, NOW) !== undefined).toBe(is));

  it('notes when a job succeeded, not when it failed', () => {
    expect(finish({ conditions: [met] }, complete, NOW)).toMatchObject({ completionTime: ago(0), conditions: [met, complete] });
    expect(finish({}, { ...complete, type: 'Failed' }, NOW)).not.toHaveProperty('completionTime');
  });
});

it('counts what was let go by now', () => {
  const status = { succeeded: 1, uncountedTerminatedPods: { succeeded: ['a', 'b'], failed: ['c'] } };
  expect(countReleased(status, new Set(['b']))).toMatchObject({ succeeded: 2, failed: 1, uncountedTerminatedPods: { succeeded: ['b'] } });
});

it('remembers what was let go until it is seen', () => {
  const releases = new Releases();
  releases.expect('job', ['a', 'b']);
  releases.expect('job', ['c']);
  releases.observed('job', 'a');
  releases.observed('other', 'b');
  expect([...releases.of('job')]).toEqual(['b', 'c']);
  releases.forget('job');
  expect(releases.of('job').size).toBe(0);
});
