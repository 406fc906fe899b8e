import { describe, expect, it } from 'vitest';
import type { Job, Live, PodFailurePolicyRule } from '../../api/index.ts';
import { ago, aJob, aPod, NOW, type PodBuilder } from '../testing/builders.ts';
import { type BackoffRecord, backoffLeftMs, finishedMs, NO_FAILURES, nextBackoff } from './backoff.ts';
import { COMPLETION_INDEX, INDEX_FAILURES, INDEX_IGNORED_FAILURES, TRACKING_FINALIZER } from './marks.ts';
import { deadlineLeftMs, isComplete, planPods, planSuspension, verdictOf } from './plan.ts';
import { judgeFailure } from './pod-failure-policy.ts';
import { podOf } from './template.ts';
import { type Observed, viewOf } from './view.ts';

/** A pod of the job, still to be counted. */
const worker = (name: string, index?: number, more: Record<string, string> = {}): PodBuilder =>
  aPod(name)
    .annotated({ ...(index === undefined ? {} : { [COMPLETION_INDEX]: String(index) }), ...more })
    .change(({ metadata }) => {
      metadata.finalizers = [TRACKING_FINALIZER];
      metadata.ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'work', uid: 'uid-work', controller: true }];
    });
/** It has ended so many seconds ago. */
const ended = (pod: PodBuilder, exitCode: number, secondsAgo = 0) =>
  pod.phase(exitCode === 0 ? 'Succeeded' : 'Failed').change(({ status }) => {
    const state = { terminated: { exitCode, finishedAt: ago(secondsAgo) } };
    status.containerStatuses = [{ name: 'app', ready: false, restartCount: 0, image: '', imageID: '', state }];
  });
const succeeded = (name: string, index?: number) => ended(worker(name, index), 0);
const failed = (name: string, index?: number, more: Record<string, string> = {}, secondsAgo = 0) =>
  ended(worker(name, index, more), 1, secondsAgo);

const observe = (job: Live<Job>, pods: readonly PodBuilder[], more: Partial<Observed> = {}): Observed => ({
  job,
  pods: pods.map((pod) => pod.build()),
  released: new Set(),
  backoff: NO_FAILURES,
  waitMs: undefined,
  now: NOW,
  ...more,
});
const planOf = (job: Live<Job>, pods: readonly PodBuilder[], more: Partial<Observed> = {}) => {
  const observed = observe(job, pods, more);
  const { remove, create, waitMs } = planPods(observed, viewOf(observed));
  return { remove: remove.map(({ metadata }) => metadata.name), create, waitMs };
};
const verdict = (job: Live<Job>, pods: readonly PodBuilder[], more: Partial<Observed> = {}) => {
  const observed = observe(job, pods, more);
  const { type, reason, message } = verdictOf(observed, viewOf(observed)) ?? {};
  return type && `${type} ${reason}: ${message}`;
};
const indexed = (spec: Partial<Job['spec']> = {}, status: Partial<Job['status']> = {}) =>
  aJob({ spec: { completionMode: 'Indexed', completions: 5, parallelism: 5, ...spec }, status });
const pods = (count: number) => Array.from({ length: count }, (_, i) => worker(`p${i}`).running());
const none = (count: number) => Array.from({ length: count }, () => undefined);

describe('planPods', () => {
  it.each([
    { why: 'a new job', spec: { parallelism: 2, completions: 5 }, present: pods(0), create: 2, remove: 0 },
    { why: 'a job without completions', spec: { parallelism: 2, completions: undefined }, present: pods(0), create: 2, remove: 0 },
    { why: 'no more than what is left', spec: { parallelism: 5, completions: 5 }, status: { succeeded: 3 }, present: pods(0), create: 2 },
    { why: 'enough that run', spec: { parallelism: 2, completions: 5 }, present: pods(2), create: 0 },
    { why: 'too many that run', spec: { parallelism: 2, completions: 5 }, present: pods(5), create: 0, remove: 3 },
    { why: 'too many for what is left', spec: { parallelism: 5, completions: 5 }, status: { succeeded: 4 }, present: pods(2), remove: 1 },
    { why: 'parallelism 0', spec: { parallelism: 0, completions: 5 }, present: pods(3), remove: 3 },
    {
      why: 'a work queue of which one has succeeded',
      spec: { parallelism: 3, completions: undefined },
      status: { succeeded: 1 },
      present: pods(1),
    },
    { why: 'a burst', spec: { parallelism: 900, completions: 1000 }, present: pods(0), create: 500 },
    { why: 'a burst of deletions', spec: { parallelism: 0, completions: 1000 }, present: pods(600), remove: 500 },
    { why: 'a suspended job', spec: { parallelism: 900, completions: 1000, suspend: true }, present: pods(600), remove: 600 },
  ])('$why', ({ spec, status, present, create = 0, remove = 0 }) => {
    const plan = planOf(aJob({ spec, status: status ?? {} }), present);
    expect([plan.create, plan.remove.length, plan.waitMs]).toEqual([none(create), remove, undefined]);
  });

  it('counts pods that have just succeeded', () => {
    expect(planOf(aJob({ spec: { parallelism: 3, completions: 3 } }), [succeeded('a'), succeeded('b')]).create).toHaveLength(1);
  });

  it('does not count again those whose finalizer it has taken', () => {
    const job = aJob({ spec: { parallelism: 3, completions: 3 }, status: { succeeded: 1 } });
    expect(planOf(job, [succeeded('a')], { released: new Set(['uid-a']) }).create).toHaveLength(2);
  });

  it('removes those first that are least far', () => {
    const present = [
      worker('ready').on('n1').ready(),
      worker('unassigned'),
      worker('pending').on('n1'),
      worker('running').on('n1').running(),
    ];
    expect(planOf(aJob({ spec: { parallelism: 1, completions: 9 } }), present).remove).toEqual(['unassigned', 'pending', 'running']);
  });

  it('waits after failures', () => {
    const job = aJob({ spec: { parallelism: 1, completions: 1 } });
    expect(planOf(job, [failed('a', undefined, {}, 4)])).toEqual({ remove: [], create: [], waitMs: 6000 });
    expect(planOf(job, [failed('a', undefined, {}, 10)]).create).toHaveLength(1);
    const backoff: BackoffRecord = { failures: 3, lastFailureMs: NOW - 1000 };
    expect(planOf(job, [], { backoff }).waitMs).toBe(39_000);
    expect(planOf(job, [failed('a', undefined, {}, 0)], { backoff }).waitMs).toBe(80_000);
  });

  it('replaces pods that are going at once, or when they have ended', () => {
    const going = [worker('a').running().deleting()];
    expect(planOf(aJob(), going, { backoff: NO_FAILURES }).waitMs).toBeGreaterThan(0);
    expect(planOf(aJob({ spec: { podReplacementPolicy: 'Failed' } }), going)).toEqual({ remove: [], create: [], waitMs: undefined });
    expect(planOf(aJob({ spec: { podFailurePolicy: { rules: [] } } }), going).create).toEqual([]);
  });

  it.each([
    { why: 'all', job: indexed(), present: [], create: [0, 1, 2, 3, 4] },
    { why: 'the first', job: indexed({ parallelism: 2 }), present: [], create: [0, 1] },
    { why: 'not those that run', job: indexed(), present: [worker('a', 1), worker('b', 3)], create: [0, 2, 4] },
    { why: 'not those that succeeded', job: indexed({}, { completedIndexes: '0-2', succeeded: 3 }), present: [], create: [3, 4] },
    { why: 'not those that just succeeded', job: indexed(), present: [succeeded('a', 0), worker('b', 1)], create: [2, 3, 4] },
    { why: 'two of one index', job: indexed(), present: [worker('a', 1).on('n1').running(), worker('b', 1)], remove: ['b'] },
    { why: 'none, nonsense, too high', job: indexed(), present: [worker('a'), worker('b', -1), worker('c', 7)], remove: ['a', 'b', 'c'] },
    {
      why: 'elastic: fewer',
      job: indexed({ completions: 2, parallelism: 2 }),
      present: [worker('a', 0), worker('b', 1), worker('c', 2)],
      remove: ['c'],
    },
    { why: 'elastic: more', job: indexed({ completions: 7, parallelism: 7 }, { completedIndexes: '0-4' }), present: [], create: [5, 6] },
    {
      why: 'not those that are going, when only failed ones are replaced',
      job: indexed({ completions: 2, parallelism: 2, podReplacementPolicy: 'Failed' }),
      present: [worker('a', 0).running().deleting()],
      create: [1],
    },
  ])('indexes: $why', ({ job, present, create = [], remove = [] }) => {
    expect(planOf(job, present)).toEqual({ create, remove, waitMs: undefined });
  });

  it('keeps each index its own back-off', () => {
    const job = indexed({ backoffLimitPerIndex: 5, completions: 3, parallelism: 3, backoffLimit: 2 ** 31 - 1 });
    const a = failed('a', 0, { [INDEX_FAILURES]: '1' }, 5);
    const b = failed('b', 1, { [INDEX_FAILURES]: '0' }, 30);
    expect(planOf(job, [a, b, worker('c', 2)]).create).toEqual([1]);
    expect(planOf(job, [a, succeeded('b', 1), worker('c', 2)])).toEqual({ create: [], remove: [], waitMs: 15_000 });
    const ignored = failed('a', 0, { [INDEX_FAILURES]: '0', [INDEX_IGNORED_FAILURES]: '2' }, 5);
    expect(planOf(job, [ignored, succeeded('b', 1), worker('c', 2)]).waitMs).toBe(35_000);
  });
});

describe('verdictOf', () => {
  const limit = 'FailureTarget BackoffLimitExceeded: Job has reached the specified backoff limit';
  const restarting = (count: number) => [worker('a').restarted(count).running()];
  const rules = (...all: PodFailurePolicyRule[]) => ({ podFailurePolicy: { rules: all }, podReplacementPolicy: 'Failed' });
  const onExit = (action: string, ...values: number[]): PodFailurePolicyRule => ({ action, onExitCodes: { operator: 'In', values } });

  it.each([
    { why: 'as often as allowed', job: aJob({ spec: { backoffLimit: 1 } }), present: [failed('a')], is: undefined },
    { why: 'once too often', job: aJob({ spec: { backoffLimit: 1 }, status: { failed: 1 } }), present: [failed('a')], is: limit },
    {
      why: 'noted but not counted',
      job: aJob({ spec: { backoffLimit: 0 }, status: { uncountedTerminatedPods: { failed: ['x'] } } }),
      present: [],
      is: limit,
    },
    { why: 'deleted ones count', job: aJob({ spec: { backoffLimit: 0 } }), present: [worker('a').running().deleting()], is: limit },
    {
      why: 'deleted ones do not count until they have failed',
      job: aJob({ spec: { backoffLimit: 0, podReplacementPolicy: 'Failed' } }),
      present: [worker('a').running().deleting()],
      is: undefined,
    },
    { why: 'restarts below the limit', job: onFailure(3), present: restarting(2), is: undefined },
    { why: 'restarts at the limit', job: onFailure(3), present: restarting(3), is: limit },
    { why: 'restarts without limit to spare', job: onFailure(0), present: restarting(1), is: limit },
    { why: 'no restart without limit to spare', job: onFailure(0), present: restarting(0), is: undefined },
    {
      why: 'in time',
      job: aJob({ spec: { activeDeadlineSeconds: 61 } }),
      present: [],
      is: undefined,
    },
    {
      why: 'too late',
      job: aJob({ spec: { activeDeadlineSeconds: 60 } }),
      present: [],
      is: 'FailureTarget DeadlineExceeded: Job was active longer than specified deadline',
    },
    { why: 'too late but suspended', job: aJob({ spec: { activeDeadlineSeconds: 60, suspend: true } }), present: [], is: undefined },
    {
      why: 'an exit code that fails the job',
      job: aJob({ spec: rules(onExit('Ignore', 7), onExit('FailJob', 1, 2)) }),
      present: [failed('a')],
      is: 'FailureTarget PodFailurePolicy: Container app for pod default/a failed with exit code 1 matching FailJob rule at index 1',
    },
    {
      why: 'an exit code that is ignored',
      job: aJob({ spec: { backoffLimit: 0, ...rules(onExit('Ignore', 1)) } }),
      present: [failed('a')],
      is: undefined,
    },
    {
      why: 'a condition that fails the job',
      job: aJob({ spec: rules({ action: 'FailJob', onPodConditions: [{ type: 'ConfigIssue', status: 'True' }] }) }),
      present: [failed('a').change(({ status }) => (status.conditions = [{ type: 'ConfigIssue', status: 'True' }]))],
      is: 'FailureTarget PodFailurePolicy: Pod default/a has condition ConfigIssue matching FailJob rule at index 0',
    },
    {
      why: 'the target of before, whatever is now',
      job: aJob({ status: { conditions: [{ type: 'FailureTarget', status: 'True', reason: 'R', message: 'm' }] } }),
      present: [succeeded('a')],
      is: 'Failed R: m',
    },
    {
      why: 'the success of before, whatever is now',
      job: aJob({
        spec: { backoffLimit: 0 },
        status: { conditions: [{ type: 'SuccessCriteriaMet', status: 'True', reason: 'R', message: 'm' }] },
      }),
      present: [failed('a')],
      is: 'SuccessCriteriaMet R: m',
    },
    {
      why: 'an index that has failed while others run',
      job: indexed({ backoffLimitPerIndex: 0 }),
      present: [failed('a', 0, { [INDEX_FAILURES]: '0' })],
      is: undefined,
    },
    {
      why: 'too many failed indexes',
      job: indexed({ backoffLimitPerIndex: 0, maxFailedIndexes: 1 }),
      present: [failed('a', 0), failed('b', 3)],
      is: 'FailureTarget MaxFailedIndexesExceeded: Job has exceeded the specified maximal number of failed indexes',
    },
    {
      why: 'all indexes are over and one has failed',
      job: indexed({ backoffLimitPerIndex: 1 }, { completedIndexes: '0-3' }),
      present: [failed('a', 4, { [INDEX_FAILURES]: '1' })],
      is: 'FailureTarget FailedIndexes: Job has failed indexes',
    },
    {
      why: 'an index failed by rule',
      job: indexed({ backoffLimitPerIndex: 9, maxFailedIndexes: 0, ...rules(onExit('FailIndex', 1)) }),
      present: [failed('a', 4)],
      is: 'FailureTarget MaxFailedIndexesExceeded: Job has exceeded the specified maximal number of failed indexes',
    },
    {
      why: 'enough indexes',
      job: indexed({ successPolicy: { rules: [{ succeededIndexes: '2' }] } }),
      present: [succeeded('a', 2), worker('b', 0)],
      is: 'SuccessCriteriaMet SuccessPolicy: Matched rules at index 0',
    },
    {
      why: 'failure comes before success',
      job: indexed({ backoffLimit: 0, successPolicy: { rules: [{ succeededIndexes: '2' }] } }),
      present: [succeeded('a', 2), failed('b', 0)],
      is: limit,
    },
  ])('$why', ({ job, present, is }) => expect(verdict(job, present)).toBe(is));

  function onFailure(backoffLimit: number) {
    const job = aJob({ spec: { backoffLimit } });
    job.spec.template = { ...job.spec.template, spec: { containers: [], restartPolicy: 'OnFailure' } };
    return job;
  }
});

describe('judgeFailure', () => {
  const judge = (rule: PodFailurePolicyRule, pod: PodBuilder) => judgeFailure({ rules: [rule] }, pod.build()).action;
  const exit = (code: number) => ended(worker('a'), code);
  it.each([
    { why: 'In matches', rule: { operator: 'In', values: [1, 3] }, code: 3, is: true },
    { why: 'In does not match', rule: { operator: 'In', values: [1, 3] }, code: 2, is: false },
    { why: 'NotIn matches', rule: { operator: 'NotIn', values: [1] }, code: 2, is: true },
    { why: 'NotIn does not match', rule: { operator: 'NotIn', values: [1] }, code: 1, is: false },
    { why: 'NotIn never matches 0', rule: { operator: 'NotIn', values: [1] }, code: 0, is: false },
    { why: 'the container', rule: { operator: 'In', values: [1], containerName: 'app' }, code: 1, is: true },
    { why: 'another container', rule: { operator: 'In', values: [1], containerName: 'other' }, code: 1, is: false },
  ])('$why', ({ rule, code, is }) => {
    expect(judge({ action: 'Count', onExitCodes: rule }, exit(code))).toBe(is ? 'Count' : undefined);
  });

  it('asks init containers too, and no condition of another status', () => {
    const pod = exit(0).change(({ status }) => {
      const state = { terminated: { exitCode: 9 } };
      status.initContainerStatuses = [{ name: 'init', ready: false, restartCount: 0, image: '', imageID: '', state }];
      status.conditions = [{ type: 'DisruptionTarget', status: 'False' }];
    });
    expect(judge({ action: 'FailJob', onExitCodes: { operator: 'In', values: [9] } }, pod)).toBe('FailJob');
    expect(judge({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }, pod)).toBeUndefined();
  });
});

describe('backoff', () => {
  const pod = (name: string, code: number, secondsAgo: number) => ended(worker(name), code, secondsAgo).build();
  const record = (failures: number, secondsAgo: number) => ({ failures, lastFailureMs: NOW - secondsAgo * 1000 });
  it.each([
    { why: 'nothing new', before: record(2, 9), ok: [], bad: [], is: record(2, 9) },
    { why: 'one more', before: record(2, 9), ok: [], bad: [pod('a', 1, 5), pod('b', 1, 3)], is: record(4, 3) },
    { why: 'a success ends it', before: record(2, 9), ok: [pod('a', 0, 5)], bad: [], is: NO_FAILURES },
    {
      why: 'failures after the success',
      before: record(2, 9),
      ok: [pod('a', 0, 5)],
      bad: [pod('b', 1, 6), pod('c', 1, 3)],
      is: record(1, 3),
    },
    { why: 'a success after the failures', before: record(2, 9), ok: [pod('a', 0, 2)], bad: [pod('b', 1, 6)], is: NO_FAILURES },
  ])('$why', ({ before, ok, bad, is }) => expect(nextBackoff(before, ok, bad)).toEqual(is));

  it.each([
    [0, 0, 0],
    [1, 0, 10_000],
    [2, 0, 20_000],
    [2, 15, 5000],
    [2, 21, 0],
    [7, 0, 600_000],
    [99, 0, 600_000],
  ])('%d failures, the last %d s ago: waits %d ms', (failures, secondsAgo, ms) => {
    expect(backoffLeftMs(record(failures, secondsAgo), NOW)).toBe(ms);
  });

  it('finds when a pod ended', () => {
    const unready = worker('a').change(
      ({ status }) => (status.conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: ago(7) }]),
    );
    const deleted = worker('b')
      .deleting(3)
      .change(({ metadata }) => (metadata.deletionGracePeriodSeconds = 2));
    const at = (builder: PodBuilder) => (NOW - finishedMs(builder.build())) / 1000;
    expect([at(ended(worker('c'), 1, 4)), at(unready), at(deleted), at(worker('d').created(11))]).toEqual([4, 7, 5, 11]);
  });

  it('a pod whose node is gone failed when it was said to be disrupted, also a moment before it is deleted', () => {
    const disrupted = (status: string) =>
      worker('a')
        .created(60)
        .phase('Failed')
        .change(({ status: told }) => {
          told.conditions = [{ type: 'DisruptionTarget', status, reason: 'DeletionByPodGC', lastTransitionTime: ago(1) }];
        });
    const at = (builder: PodBuilder) => (NOW - finishedMs(builder.build())) / 1000;
    expect([at(disrupted('True')), at(disrupted('False'))]).toEqual([1, 60]);
  });
});

describe('the end of a job', () => {
  it.each([
    { spec: { completions: 2 }, succeeded: 2, active: 0, is: true },
    { spec: { completions: 2 }, succeeded: 2, active: 1, is: false },
    { spec: { completions: 2 }, succeeded: 1, active: 0, is: false },
    { spec: { completions: 0 }, succeeded: 0, active: 0, is: true },
    { spec: { completions: undefined }, succeeded: 0, active: 0, is: false },
    { spec: { completions: undefined }, succeeded: 1, active: 2, is: false },
    { spec: { completions: undefined }, succeeded: 1, active: 0, is: true },
  ])('$spec with $succeeded succeeded and $active active: $is', ({ spec, succeeded, active, is }) => {
    expect(isComplete(aJob({ spec }), succeeded, active)).toBe(is);
  });

  it('comes when its time is over', () => {
    expect(deadlineLeftMs(observe(aJob({ spec: { activeDeadlineSeconds: 90 } }), []))).toBe(30_000);
    expect(deadlineLeftMs(observe(aJob(), []))).toBeUndefined();
  });

  it('is told when it is suspended and resumed, not when it never was', () => {
    const suspended = planSuspension(aJob({ spec: { suspend: true } }), NOW);
    expect(suspended).toMatchObject({ reason: 'Suspended', conditions: [{ type: 'Suspended', status: 'True', reason: 'JobSuspended' }] });
    const status = { conditions: suspended?.conditions };
    expect(planSuspension(aJob({ spec: { suspend: true }, status }), NOW)).toBeUndefined();
    expect(planSuspension(aJob({ status }), NOW)).toMatchObject({
      reason: 'Resumed',
      conditions: [{ type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' }],
    });
    expect(planSuspension(aJob(), NOW)).toBeUndefined();
  });
});

describe('podOf', () => {
  it('keeps the pod until it is counted', () => {
    const { generateName, template } = podOf(aJob(), undefined, undefined);
    expect([generateName, template.metadata?.finalizers]).toEqual(['work-', [TRACKING_FINALIZER]]);
  });

  it('tells the pod its index', () => {
    const { generateName, template } = podOf(indexed(), 3, undefined);
    expect(generateName).toBe('work-3-');
    expect(template.metadata).toMatchObject({ labels: { app: 'web', [COMPLETION_INDEX]: '3' }, annotations: { [COMPLETION_INDEX]: '3' } });
    expect(template.metadata?.annotations).not.toHaveProperty(INDEX_FAILURES);
    expect(template.spec).toMatchObject({
      hostname: 'work-3',
      containers: [
        { env: [{ name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } } }] },
      ],
    });
    const long = podOf(aJob({ metadata: { name: 'j'.repeat(63) } }), 12, undefined).generateName;
    expect([long.length, long.endsWith('j-12-')]).toEqual([58, true]);
  });

  it.each([
    { why: 'a first pod', replaced: undefined, is: { [INDEX_FAILURES]: '0' } },
    { why: 'a second', replaced: failed('a', 1, { [INDEX_FAILURES]: '1' }), is: { [INDEX_FAILURES]: '2' } },
    { why: 'nonsense', replaced: failed('a', 1, { [INDEX_FAILURES]: 'x' }), is: { [INDEX_FAILURES]: '1' } },
    {
      why: 'one that is ignored',
      rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [1] } }],
      replaced: failed('a', 1, { [INDEX_FAILURES]: '1', [INDEX_IGNORED_FAILURES]: '4' }),
      is: { [INDEX_FAILURES]: '1', [INDEX_IGNORED_FAILURES]: '5' },
    },
  ])('hands the failures of its index on: $why', ({ replaced, rules, is }) => {
    const job = indexed({ backoffLimitPerIndex: 3, ...(rules ? { podFailurePolicy: { rules } } : {}) });
    expect(podOf(job, 1, replaced?.build()).template.metadata?.annotations).toEqual({ [COMPLETION_INDEX]: '1', ...is });
  });
});
