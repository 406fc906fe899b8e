import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchKinds, type CronJob, coreKinds, type Event, type Job, type Live } from '../../api/index.ts';
import { systemClock, VirtualClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { cronjobs, jobs } = batchKinds;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Certificates are judged by the machine's clock, so ours begins there: at a full day. */
const START = Math.floor(systemClock.now() / DAY) * DAY;
const CONTROLLERS = ['cronjob-controller', 'job-controller', 'ttl-after-finished-controller', 'garbage-collector-controller'];

let clock: VirtualClock;
let plane: ControlPlane;
beforeAll(async () => {
  clock = new VirtualClock(START + 1000);
  plane = await startControlPlane({ clock, controllers: CONTROLLERS, settings: { localTimeZone: 'UTC' } });
});
afterAll(() => plane[Symbol.asyncDispose]());

/** A job that is complete as soon as somebody looks at it: it wants no pod. */
const NOTHING_TO_DO = { completions: 0, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'busybox' }] } } };
const create = (name: string, spec: object, jobSpec: object = NOTHING_TO_DO) => {
  const cronJob = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name, namespace: 'default' } };
  return plane.create<CronJob>(cronjobs, { ...cronJob, spec: { jobTemplate: { spec: jobSpec }, ...spec } });
};
const jobsOf = async (name: string) =>
  (await plane.list<Job>(jobs, 'default')).filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === name);
const isIdleAt = (at: number) => (cronJob: Live<CronJob>) =>
  Date.parse(cronJob.status.lastScheduleTime ?? '') === at &&
  cronJob.status.active === undefined &&
  cronJob.status.lastSuccessfulTime !== undefined;
const goTo = (at: number) => clock.jump(at - clock.now());
const eventsOf = async (name: string) =>
  (await plane.list<Event>(coreKinds.events, 'default'))
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);

/** Every moment of a span at which the clocks of a zone show one of these days and times, found without our own arithmetic. */
function wallClockTimes(zone: string, shown: readonly string[], from: number, to: number): number[] {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit' });
  const step = 10 * MINUTE;
  const times: number[] = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step) if (shown.includes(format.format(at).replace(',', ''))) times.push(at);
  return times;
}

describe('a CronJob', () => {
  it('starts a job at each of its times for a year, through both changes of the clocks', { timeout: 900_000 }, async () => {
    const expected = wallClockTimes('Europe/Berlin', ['Sun 02:30', 'Wed 02:30'], clock.now(), clock.now() + 365 * DAY);
    expect(expected.length).toBeGreaterThan(100);
    await create('yearly', { schedule: '30 2 * * 0,3', timeZone: 'Europe/Berlin' });
    const started: number[] = [];
    for (const at of expected) {
      await goTo(at + 100);
      const cronJob = await plane.eventually<CronJob>(cronjobs, 'yearly', isIdleAt(at));
      started.push(Date.parse(cronJob.status.lastScheduleTime ?? ''));
    }
    expect(started).toEqual(expected);
    // One Sunday a year has no such time, and one has two of them.
    expect(new Set(expected.map((at) => new Date(at).toISOString().slice(0, 10))).size).toBe(expected.length - 1);
    const left = await plane.eventuallyAll<Job>(jobs, (all) => all.length === 3);
    expect(left.map(({ metadata }) => metadata.name).sort()).toEqual(expected.slice(-3).map((at) => `yearly-${at / MINUTE}`));
    expect(left[0]?.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']).toMatch(/T02:30:00\+0[12]:00$/);
    await plane.client.resource<CronJob>(cronjobs).delete('yearly', { namespace: 'default' });
  });

  it('starts once for all the times it slept through, and says how many there were when they are many', async () => {
    const begin = Math.ceil(clock.now() / HOUR) * HOUR;
    await create('slept', { schedule: '0 * * * *' });
    await goTo(begin + 200 * HOUR + 5 * MINUTE);
    await plane.eventually<CronJob>(cronjobs, 'slept', isIdleAt(begin + 200 * HOUR));
    expect(await jobsOf('slept')).toHaveLength(1);
    await expect
      .poll(() => eventsOf('slept'))
      .toEqual([
        'Warning TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
        `Normal SuccessfulCreate: Created job slept-${(begin + 200 * HOUR) / MINUTE}`,
        `Normal SawCompletedJob: Saw completed job: slept-${(begin + 200 * HOUR) / MINUTE}, condition: Complete`,
      ]);
    await plane.client.resource<CronJob>(cronjobs).delete('slept', { namespace: 'default' });
  });

  it.each([
    { policy: 'Allow', active: 2 },
    { policy: 'Forbid', active: 1 },
    { policy: 'Replace', active: 1 },
  ])('$policy: what becomes of a job that still runs', async ({ policy, active }) => {
    const name = policy.toLowerCase();
    const begin = Math.ceil(clock.now() / HOUR) * HOUR;
    await create(name, { schedule: '0 * * * *', concurrencyPolicy: policy }, { ...NOTHING_TO_DO, completions: 1, suspend: true });
    await goTo(begin + 100);
    await plane.eventually<CronJob>(cronjobs, name, ({ status }) => status.active?.length === 1);
    await goTo(begin + HOUR + 100);
    const second = `${name}-${(begin + HOUR) / MINUTE}`;
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    if (policy === 'Forbid') await plane.eventuallyAll<Event>(coreKinds.events, (all) => all.some((event) => event.message === message));
    else await plane.eventually<Job>(jobs, second, () => true);
    const cronJob = await plane.eventually<CronJob>(cronjobs, name, ({ status }) => status.active?.length === active);
    const names = cronJob.status.active?.map((reference) => reference.name);
    expect(names?.at(-1)).toBe(policy === 'Forbid' ? `${name}-${begin / MINUTE}` : second);
    if (policy === 'Replace')
      await expect.poll(() => eventsOf(name)).toContain(`Normal SuccessfulDelete: Deleted job ${name}-${begin / MINUTE}`);
    await plane.client.resource<CronJob>(cronjobs).delete(name, { namespace: 'default' });
  });

  it('starts nothing while it is suspended, and only the last once it is not', async () => {
    const begin = Math.ceil(clock.now() / HOUR) * HOUR;
    await create('paused', { schedule: '0 * * * *', suspend: true });
    await goTo(begin + 3 * HOUR + MINUTE);
    expect(await jobsOf('paused')).toEqual([]);
    await plane.client.resource<CronJob>(cronjobs).patch('paused', { spec: { suspend: false } }, { namespace: 'default', type: 'merge' });
    await plane.eventually<CronJob>(cronjobs, 'paused', isIdleAt(begin + 3 * HOUR));
    expect(await jobsOf('paused')).toHaveLength(1);
    await plane.client.resource<CronJob>(cronjobs).delete('paused', { namespace: 'default' });
  });
  it('keeps no job when it is to keep none, and says no more than that it deleted it', async () => {
    await create('forgetful', { schedule: '* * * * *', successfulJobsHistoryLimit: 0 });
    const at = (Math.floor(clock.now() / MINUTE) + 1) * MINUTE;
    await goTo(at + 100);
    await plane.eventually<CronJob>(cronjobs, 'forgetful', isIdleAt(at));
    const name = `forgetful-${at / MINUTE}`;
    await plane.eventuallyGone(jobs, name);
    await expect.poll(() => eventsOf('forgetful')).toContain(`Normal SuccessfulDelete: Deleted job ${name}`);
    expect((await eventsOf('forgetful')).filter((text) => text.includes('SawCompletedJob'))).toEqual([]);
    await plane.client.resource<CronJob>(cronjobs).delete('forgetful', { namespace: 'default' });
  });
});

describe('a finished Job', () => {
  it('goes when its time to live is over, also when the clock jumps', async () => {
    const make = (name: string, ttlSecondsAfterFinished: number) =>
      plane.create<Job>(jobs, { metadata: { name, namespace: 'default' }, spec: { ...NOTHING_TO_DO, ttlSecondsAfterFinished } });
    await make('brief', 0);
    await plane.eventuallyGone(jobs, 'brief');
    await make('longer', 3600);
    const isComplete = ({ status }: Live<Job>) => status.completionTime !== undefined;
    await plane.eventually<Job>(jobs, 'longer', isComplete);
    await clock.jump(HOUR - 10_000);
    await plane.eventually<Job>(jobs, 'longer', isComplete);
    await clock.jump(10_000);
    await plane.eventuallyGone(jobs, 'longer');
  });
});
