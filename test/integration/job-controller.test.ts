import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchKinds, coreKinds, type Event, type Job, type Live, type Pod, toTime } from '../../api/index.ts';
import { systemClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { jobs } = batchKinds;
const { pods, events } = coreKinds;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ nodes: ['n1', 'n2'] });
});
afterAll(() => plane[Symbol.asyncDispose]());

const create = (name: string, spec: object) => {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'busybox' }] } };
  return plane.create<Job>(jobs, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'default' },
    spec: { template, ...spec },
  });
};
const patch = (name: string, spec: object) =>
  plane.client.resource<Job>(jobs).patch(name, { spec }, { namespace: 'default', type: 'strategic' });
const isOf = (job: string) => (pod: Live<Pod>) => pod.metadata.labels?.['batch.kubernetes.io/job-name'] === job;
const podsOf = async (job: string) => (await plane.list<Pod>(pods, 'default')).filter(isOf(job));
const running = async (job: string, count: number) => {
  const isRunning = (pod: Live<Pod>) => isOf(job)(pod) && pod.status.phase === 'Running' && !pod.metadata.deletionTimestamp;
  return (await plane.eventuallyAll<Pod>(pods, (all) => all.filter(isRunning).length === count)).filter(isRunning);
};
/** Ends a pod as a kubelet would tell. */
const end = (pod: Live<Pod> | undefined, exitCode: number) => {
  const now = toTime(systemClock.now());
  const state = { terminated: { exitCode, startedAt: now, finishedAt: now, reason: exitCode === 0 ? 'Completed' : 'Error' } };
  const status = {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: now }],
    containerStatuses: [{ name: 'app', ready: false, restartCount: 0, image: 'busybox', imageID: '', state }],
  };
  return plane.client
    .resource<Pod>(pods)
    .patch(pod?.metadata.name ?? '', { status }, { namespace: 'default', type: 'strategic', subresource: 'status' });
};
const conditions = ({ status }: Live<Job>) =>
  status.conditions?.map(({ type, status: is, reason, message }) => `${type}=${is} ${reason}: ${message}`);
const has = (type: string) => (job: Live<Job>) => job.status.conditions?.some((c) => c.type === type && c.status === 'True') === true;
const eventsOf = async (name: string) =>
  (await plane.list<Event>(events, 'default'))
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ type, reason, message }) => `${type} ${reason}: ${message?.replace(/(Created|Deleted) pod: .*/, '$1')}`);

describe('a Job', () => {
  it('runs pods until enough have succeeded', async () => {
    await create('pi', { completions: 3, parallelism: 2 });
    const first = await running('pi', 2);
    expect(first[0]?.metadata.finalizers).toEqual(['batch.kubernetes.io/job-tracking']);
    const during = await plane.eventually<Job>(jobs, 'pi', ({ status }) => status.ready === 2);
    expect(during.status).toEqual({
      active: 2,
      ready: 2,
      terminating: 0,
      startTime: expect.any(String),
      uncountedTerminatedPods: {},
    });
    for (const pod of first) await end(pod, 0);
    await plane.eventually<Job>(jobs, 'pi', ({ status }) => status.succeeded === 2 && status.active === 1);
    await end((await running('pi', 1))[0], 0);
    const done = await plane.eventually<Job>(jobs, 'pi', has('Complete'));
    expect(conditions(done)).toEqual([
      'SuccessCriteriaMet=True CompletionsReached: Reached expected number of succeeded pods',
      'Complete=True CompletionsReached: Reached expected number of succeeded pods',
    ]);
    expect(done.status).toMatchObject({ succeeded: 3, ready: 0, terminating: 0, completionTime: expect.any(String) });
    expect(done.status).not.toHaveProperty('active');
    expect((await podsOf('pi')).map(({ metadata }) => metadata.finalizers)).toEqual([undefined, undefined, undefined]);
    await expect
      .poll(() => eventsOf('pi'))
      .toEqual([...Array(3).fill('Normal SuccessfulCreate: Created'), 'Normal Completed: Job completed']);
  });

  it('gives up after too many failures', async () => {
    await create('bad', { backoffLimit: 0, parallelism: 2, completions: 2 });
    const both = await running('bad', 2);
    // The other is held: the job has not failed before it is gone.
    const held = both[1]?.metadata.name ?? '';
    const hold = (metadata: object) =>
      plane.client.resource<Pod>(pods).patch(held, { metadata }, { namespace: 'default', type: 'strategic' });
    await hold({ finalizers: ['test.io/hold'] });
    await end(both[0], 7);
    const target = await plane.eventually<Job>(jobs, 'bad', has('FailureTarget'));
    await plane.eventually<Pod>(pods, held, ({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(has('Failed')(target)).toBe(false);
    await hold({ '$deleteFromPrimitiveList/finalizers': ['test.io/hold'] });
    const failed = await plane.eventually<Job>(jobs, 'bad', has('Failed'));
    expect(conditions(failed)).toEqual([
      'FailureTarget=True BackoffLimitExceeded: Job has reached the specified backoff limit',
      'Failed=True BackoffLimitExceeded: Job has reached the specified backoff limit',
    ]);
    expect(failed.status).toMatchObject({ failed: 2 });
    await expect.poll(() => eventsOf('bad')).toContain('Warning BackoffLimitExceeded: Job has reached the specified backoff limit');
  });

  it('numbers the pods of an indexed job, and ends by its success policy', async () => {
    await create('numbers', {
      completionMode: 'Indexed',
      completions: 4,
      parallelism: 4,
      successPolicy: { rules: [{ succeededIndexes: '1-2' }] },
    });
    const all = await running('numbers', 4);
    const byIndex = new Map(all.map((pod) => [pod.metadata.labels?.['batch.kubernetes.io/job-completion-index'], pod]));
    expect([...byIndex.keys()].sort()).toEqual(['0', '1', '2', '3']);
    expect(byIndex.get('2')).toMatchObject({
      metadata: { name: expect.stringMatching(/^numbers-2-\w{5}$/) },
      spec: { hostname: 'numbers-2' },
    });
    await end(byIndex.get('2'), 0);
    await plane.eventually<Job>(jobs, 'numbers', ({ status }) => status.completedIndexes === '2');
    await end(byIndex.get('1'), 0);
    const done = await plane.eventually<Job>(jobs, 'numbers', has('Complete'));
    expect(conditions(done)).toEqual([
      'SuccessCriteriaMet=True SuccessPolicy: Matched rules at index 0',
      'Complete=True SuccessPolicy: Matched rules at index 0',
    ]);
    expect(done.status).toMatchObject({ succeeded: 2, completedIndexes: '1,2' });
    expect(done.status).not.toHaveProperty('failed');
  });

  it('lets each index fail for itself', async () => {
    await create('each', { completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 0 });
    const both = await running('each', 2);
    const index = (i: number) => both.find(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-completion-index'] === String(i));
    expect(index(0)?.metadata.annotations).toMatchObject({ 'batch.kubernetes.io/job-index-failure-count': '0' });
    await end(index(0), 1);
    await plane.eventually<Job>(jobs, 'each', ({ status }) => status.failedIndexes === '0' && status.failed === 1);
    await end(index(1), 0);
    const failed = await plane.eventually<Job>(jobs, 'each', has('Failed'));
    expect(conditions(failed)?.[1]).toBe('Failed=True FailedIndexes: Job has failed indexes');
    expect(failed.status).toMatchObject({ completedIndexes: '1', failedIndexes: '0', succeeded: 1, failed: 1 });
  });

  it('is suspended and resumed', async () => {
    await create('nap', { suspend: true });
    await plane.eventually<Job>(jobs, 'nap', has('Suspended'));
    await patch('nap', { suspend: false });
    await running('nap', 1);
    const awake = await plane.eventually<Job>(jobs, 'nap', ({ status }) => status.active === 1);
    expect(conditions(awake)).toEqual(['Suspended=False JobResumed: Job resumed']);
    await patch('nap', { suspend: true });
    await plane.eventually<Job>(jobs, 'nap', ({ status }) => has('Suspended')({ status } as Live<Job>) && status.terminating === 0);
    expect((await podsOf('nap')).filter(({ metadata }) => !metadata.deletionTimestamp)).toEqual([]);
    await expect
      .poll(async () => (await eventsOf('nap')).filter((text) => text.includes('Job ')))
      .toEqual(['Normal Suspended: Job suspended', 'Normal Resumed: Job resumed']);
  });

  it('ends at its deadline, and counts a pod that was deleted', async () => {
    await create('late', { completions: 2, parallelism: 2, backoffLimit: 5 });
    const [one] = await running('late', 2);
    await plane.client.resource<Pod>(pods).delete(one?.metadata.name ?? '', { namespace: 'default', gracePeriodSeconds: 0 });
    const { status } = await plane.eventually<Job>(jobs, 'late', (job) => job.status.failed === 1);
    // Set now, it is not over before the pods have run, however busy the machine is.
    const seconds = Math.ceil((systemClock.now() - Date.parse(status.startTime ?? '')) / 1000);
    await patch('late', { activeDeadlineSeconds: seconds + 1 });
    const failed = await plane.eventually<Job>(jobs, 'late', has('Failed'));
    expect(conditions(failed)?.[1]).toBe('Failed=True DeadlineExceeded: Job was active longer than specified deadline');
    expect(failed.status.failed).toBe(2);
  });

  it('leaves a job alone that another controller looks after', async () => {
    await create('foreign', { managedBy: 'example.com/queue' });
    await create('own', {});
    await running('own', 1);
    expect((await plane.get<Job>(jobs, 'foreign')).status).toEqual({});
    expect(await podsOf('foreign')).toEqual([]);
  });

  it('lets its pods go when it is deleted', async () => {
    await create('gone', { parallelism: 2, completions: 2 });
    await running('gone', 2);
    await plane.client.resource<Job>(jobs).delete('gone', { namespace: 'default', propagationPolicy: 'Background' });
    await plane.eventuallyAll<Pod>(pods, (all) => all.filter(isOf('gone')).length === 0);
    await create('kept', {});
    await running('kept', 1);
    await plane.client.resource<Job>(jobs).delete('kept', { namespace: 'default', propagationPolicy: 'Orphan' });
    await plane.eventuallyGone(jobs, 'kept');
    // Which of the two is first, the collector that lets the pod go or the controller that counted it, nobody says.
    const left = await plane.eventuallyAll<Pod>(pods, (all) => all.some((pod) => isOf('kept')(pod) && !pod.metadata.finalizers));
    expect(left.find(isOf('kept'))?.metadata.ownerReferences).toBeUndefined();
  });

  it('writes nothing at rest', async () => {
    await create('still', {});
    await running('still', 1);
    const before = await plane.eventually<Job>(jobs, 'still', ({ status }) => status.ready === 1);
    await patch('still', { parallelism: 1, ttlSecondsAfterFinished: 5000 });
    await systemClock.sleep(400);
    const after = await plane.get<Job>(jobs, 'still');
    expect(Number(after.metadata.resourceVersion) - Number(before.metadata.resourceVersion)).toBeGreaterThan(0);
    expect({ ...after.status }).toEqual(before.status);
    expect(after.metadata.managedFields?.filter(({ subresource }) => subresource === 'status')).toEqual(
      before.metadata.managedFields?.filter(({ subresource }) => subresource === 'status'),
    );
  });
});
