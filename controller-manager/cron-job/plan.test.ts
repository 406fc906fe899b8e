import { describe, expect, it } from 'vitest';
import type { CronJob, Job, Live } from '../../api/index.ts';
import { aCronJob, ago, aJob, meta, NOW } from '../testing/builders.ts';
import { dueInMs, jobName, planCronJob, surplusJobs, timingOf } from './plan.ts';
import { TimeZone } from './time-zone.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const reference = (name: string) => ({ apiVersion: 'batch/v1', kind: 'Job', name, namespace: 'default', uid: `uid-${name}` });
const job = (name: string, end?: 'Complete' | 'Failed', startedSecondsAgo = 100): Live<Job> => {
  const completionTime = end === 'Complete' ? { completionTime: ago(startedSecondsAgo - 10) } : {};
  const conditions = end ? [{ type: end, status: 'True' }] : [];
  return { ...aJob({ status: { startTime: ago(startedSecondsAgo), conditions, ...completionTime } }), metadata: meta(name) };
};
const run = (cronJob: Live<CronJob>, now: number, jobs: readonly Live<Job>[] = [], missing: readonly string[] = []) => {
  const plan = planCronJob({ cronJob, jobs, missing: new Set(missing), localTimeZone: 'UTC', now });
  return { ...plan, events: plan.events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`) };
};
/** Created at 11:00, an hour before NOW. */
const hourly = (spec: Partial<CronJob['spec']> = {}, status: CronJob['status'] = {}) =>
  aCronJob({ spec, status, metadata: { creationTimestamp: ago(3600 - 600) } });

describe('planCronJob', () => {
  it.each([
    { why: 'not due yet', now: NOW - 1, start: undefined },
    { why: 'due', now: NOW, start: NOW },
    { why: 'due, and looked at a little late', now: NOW + 100, start: NOW },
    { why: 'one missed', now: NOW + HOUR, start: NOW + HOUR },
    { why: 'some missed: the last counts', now: NOW + 5 * HOUR + MINUTE, start: NOW + 5 * HOUR },
    { why: 'started already', now: NOW + MINUTE, status: { lastScheduleTime: ago(0) }, start: undefined },
    { why: 'active already', now: NOW + MINUTE, status: { active: [reference(`tick-${NOW / MINUTE}`)] }, start: undefined },
    { why: 'suspended', now: NOW, spec: { suspend: true }, start: undefined },
    { why: 'within the deadline', now: NOW + 9_999, spec: { startingDeadlineSeconds: 10 }, start: NOW },
    { why: 'past the deadline', now: NOW + 10_001, spec: { startingDeadlineSeconds: 10 }, start: undefined },
    { why: 'another runs, and may', now: NOW, status: { active: [reference('old')] }, jobs: [job('old')], start: NOW },
    { why: 'in another zone', now: NOW, spec: { schedule: '0 18 * * *', timeZone: 'Asia/Kolkata' }, start: undefined },
    {
      why: 'when it is time there',
      now: NOW - 30 * MINUTE,
      spec: { schedule: '0 17 * * *', timeZone: 'Asia/Kolkata' },
      start: NOW - 30 * MINUTE,
    },
  ])('$why', ({ now, spec, status, jobs, start }) => {
    const cronJob = aCronJob({ spec: spec ?? {}, status: status ?? {}, metadata: { creationTimestamp: ago(3000) } });
    expect(run(cronJob, now, jobs).start?.at).toBe(start);
  });

  it('starts the last of a few missed without a word, and says when there are too many', () => {
    expect(run(hourly(), NOW + 99 * HOUR)).toMatchObject({ events: [], start: { at: NOW + 99 * HOUR } });
    const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
    expect(run(hourly(), NOW + 100 * HOUR)).toMatchObject({
      events: [`Warning TooManyMissedTimes: ${message}`],
      start: { at: NOW + 100 * HOUR },
    });
    expect(run(hourly({ startingDeadlineSeconds: 7200 }), NOW + 500 * HOUR)).toMatchObject({ events: [], start: { at: NOW + 500 * HOUR } });
  });

  it('finds the last time of an irregular schedule after years', () => {
    const workdays = hourly({ schedule: '30 6-16/4 * * 1-5' }, { lastScheduleTime: '2016-01-01T06:30:00Z' });
    // 2026-01-01 is a Thursday.
    expect(run(workdays, NOW).start?.at).toBe(Date.UTC(2026, 0, 1, 10, 30));
    expect(run(hourly({ schedule: '@every 1h' }, { lastScheduleTime: ago(100 * 60) }), NOW).start?.at).toBe(NOW - 40 * MINUTE);
  });

  it('does not start beside another when that is forbidden', () => {
    const plan = run(hourly({ concurrencyPolicy: 'Forbid' }, { active: [reference('old')] }), NOW, [job('old')]);
    expect(plan.start).toBeUndefined();
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    expect(plan.events).toEqual([`Normal JobAlreadyActive: ${message}`]);
  });

  it('replaces the one that runs', () => {
    const old = reference('old');
    expect(run(hourly({ concurrencyPolicy: 'Replace' }, { active: [old] }), NOW, [job('old')]).start).toEqual({ at: NOW, replace: [old] });
  });

  it('sees jobs end, come and go', () => {
    const status = {
      active: [reference('done'), reference('failed'), reference('lost'), reference('runs')],
      lastSuccessfulTime: ago(1000),
    };
    const jobs = [job('done', 'Complete'), job('failed', 'Failed'), job('runs'), job('strange')];
    const plan = run(hourly({ suspend: true }, status), NOW, jobs, ['uid-lost']);
    expect(plan.events).toEqual([
      'Normal SawCompletedJob: Saw completed job: done, condition: Complete',
      'Normal SawCompletedJob: Saw completed job: failed, condition: Failed',
      'Warning UnexpectedJob: Saw a job that the controller did not create or forgot: strange',
      'Normal MissingJob: Active job went missing: lost',
    ]);
    expect(plan.status).toEqual({ active: [reference('runs')], lastSuccessfulTime: ago(90) });
  });

  it('keeps the last success when an older one shows up', () => {
    const status = { lastSuccessfulTime: ago(10) };
    expect(run(hourly({ suspend: true }, status), NOW, [job('old', 'Complete', 500)]).status.lastSuccessfulTime).toBe(ago(10));
  });

  it.each([
    {
      spec: { timeZone: 'Mars/Olympus' },
      event: 'Warning UnknownTimeZone: invalid timeZone: "Mars/Olympus": unknown time zone Mars/Olympus',
    },
    {
      spec: { schedule: '* * *' },
      event: 'Warning UnparseableSchedule: unparseable schedule: "* * *" : expected exactly 5 fields, found 3: [* * *]',
    },
    {
      spec: { schedule: '0 0 31 2 *' },
      event: 'Warning InvalidSchedule: invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second',
    },
  ])('gives up on $spec', ({ spec, event }) => {
    const plan = run(hourly(spec), NOW);
    expect([plan.events, plan.start, plan.timing]).toEqual([[event], undefined, undefined]);
  });

  it('takes a zone within the schedule, with a warning', () => {
    const plan = run(hourly({ schedule: 'CRON_TZ=Asia/Kolkata 30 17 * * *' }), NOW);
    expect(plan.start?.at).toBe(NOW);
    expect(plan.events[0]).toMatch(/^Warning UnsupportedSchedule: CRON_TZ or TZ used in schedule "CRON_TZ=Asia\/Kolkata 30 17 /);
    expect(run(hourly({ schedule: 'TZ=Mars 30 17 * * *' }), NOW).events[1]).toContain('provided bad location Mars: unknown time zone Mars');
  });

  it('starts nothing when it is being deleted', () => {
    const cronJob = hourly();
    cronJob.metadata.deletionTimestamp = ago(0);
    expect(run(cronJob, NOW + HOUR)).toMatchObject({ start: undefined, timing: undefined });
  });
});

describe('dueInMs', () => {
  const due = (cronJob: Live<CronJob>, now: number) => {
    const timing = timingOf(cronJob, 'UTC');
    return 'type' in timing ? timing.message : dueInMs(cronJob, timing, now);
  };
  it.each([
    { why: 'the first time', cronJob: hourly(), now: NOW - 10_000, ms: 10_100 },
    { why: 'after a start', cronJob: hourly({}, { lastScheduleTime: ago(0) }), now: NOW + 100, ms: HOUR },
    { why: 'after some were missed', cronJob: hourly(), now: NOW + 2.5 * HOUR, ms: HOUR / 2 + 100 },
    { why: 'after years', cronJob: hourly({}, { lastScheduleTime: '2001-01-01T00:00:00Z' }), now: NOW, ms: HOUR + 100 },
    { why: 'never', cronJob: hourly({ schedule: '0 0 31 2 *' }), now: NOW, ms: undefined },
  ])('$why', ({ cronJob, now, ms }) => expect(due(cronJob, now)).toBe(ms));
});

describe('surplusJobs', () => {
  const all = [
    job('c', 'Complete', 10),
    job('a', 'Complete', 30),
    job('b', 'Complete', 20),
    job('f', 'Failed', 5),
    job('g', 'Failed', 1),
    job('r'),
  ];
  it.each([
    { limits: { successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 }, is: ['f'] },
    { limits: { successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 5 }, is: ['a', 'b'] },
    { limits: { successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 0 }, is: ['a', 'b', 'c', 'f', 'g'] },
    { limits: {}, is: [] },
  ])('$limits: $is', ({ limits, is }) => {
    expect(surplusJobs(hourly(limits), all).map(({ metadata }) => metadata.name)).toEqual(is);
  });
});

it('names jobs by the minute they are for', () => {
  expect(jobName(aCronJob(), NOW + 59_000)).toBe(`tick-${NOW / MINUTE}`);
  expect(new TimeZone('Asia/Kolkata').format(NOW)).toBe('2026-01-01T17:30:00+05:30');
});
