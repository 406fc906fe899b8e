// What upstream's conformance suite asks of Jobs and CronJobs, and what its other tests ask that need no cloud (test/e2e/apps/{job,cronjob,ttl_after_finished}.go).
import { describe, expect, it } from 'vitest';
import { BUSYBOX, controllerOf, inScope, type Json, MERGE, PAUSE, type Scope, type World } from './world.ts';

/** What the pods of upstream's test jobs do. */
const FAIL_ONCE = `
  if [[ -r /data/foo ]]
  then
    exit 0
  else
    touch /data/foo
    exit 1
  fi
`;
const STAY_ONCE = `
  if [[ -r /data/foo ]]
  then
    exit 0
  else
    touch /data/foo
    sleep 1000000
  fi
`;
const FAIL_ODD = `
  if [ $(expr \${JOB_COMPLETION_INDEX} % 2) -ne 0 ]; then
    exit 1
  else
    exit 0
  fi
`;
const SUCCEED = 'exit 0';
const FAIL = 'exit 1';

interface JobFacts {
  /** Script of its pods; without one they stay. */
  readonly script?: string;
  readonly parallelism?: number;
  readonly completions?: number;
  readonly backoffLimit?: number | undefined;
  readonly restartPolicy?: 'Never' | 'OnFailure';
  /** Its pods run on one node and share this directory of it. */
  readonly directory?: string;
  readonly spec?: object;
}

const aJob = (name: string, facts: JobFacts = {}) => {
  const { script, parallelism = 2, completions = 4, backoffLimit, restartPolicy = 'Never', directory, spec } = facts;
  const data = directory === undefined ? { emptyDir: {} } : { hostPath: { path: `/tmp/job-e2e/${directory}`, type: 'DirectoryOrCreate' } };
  const container = {
    name: 'c',
    volumeMounts: [{ mountPath: '/data', name: 'data' }],
    securityContext: directory === undefined ? {} : { privileged: true },
    ...(script === undefined ? { image: PAUSE } : { image: BUSYBOX, command: ['/bin/sh', '-c'], args: [script] }),
  };
  const pod = {
    restartPolicy,
    terminationGracePeriodSeconds: 1,
    volumes: [{ name: 'data', ...data }],
    containers: [container],
    ...(directory === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': 'node-0' } }),
  };
  return {
    metadata: { name },
    spec: {
      parallelism,
      completions,
      backoffLimit,
      manualSelector: false,
      template: { metadata: { labels: { job: name } }, spec: pod },
      ...spec,
    },
  };
};

const condition = ({ status }: Json, type: string): Json =>
  (status.conditions ?? []).find((one: Json) => one.type === type && one.status === 'True');

/** Waits until a Job has the condition that announces its end, and then the end. */
async function ends(scope: Scope, name: string, how: 'Complete' | 'Failed', reason?: string): Promise<Json> {
  const announced = how === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  const job = await scope.eventually('jobs', name, (one) => condition(one, how) !== undefined);
  const reasons = [announced, how].map((type) => condition(job, type)?.reason);
  expect(reasons).toEqual([reasons[0], reasons[0]]);
  if (reason !== undefined) expect(reasons[0]).toBe(reason);
  return job;
}

const INDEXED = { completionMode: 'Indexed' };
const running = (scope: Scope, name: string, count: number) => scope.running(`job=${name}`, count);
const onExitCodes = (...values: number[]) => ({ onExitCodes: { operator: 'In', values } });

export function jobTests(world: () => World): void {
  describe('a Job', () => {
    it(
      'adopts its pods again, and lets go those that it no longer selects',
      inScope(world, async (scope) => {
        const { metadata } = await scope.create('jobs', aJob('adopt'));
        const [pod] = await running(scope, 'adopt', 2);
        await scope.update('pods', pod.metadata.name, (one) => Object.assign(one.metadata, { ownerReferences: undefined }));
        const adopted = await scope.eventually('pods', pod.metadata.name, (one) => controllerOf(one) !== undefined);
        expect(controllerOf(adopted)).toMatchObject({ kind: 'Job', name: 'adopt', uid: metadata.uid });
        await scope.update('pods', pod.metadata.name, (one) => Object.assign(one.metadata, { labels: undefined }));
        await scope.eventually('pods', pod.metadata.name, (one) => controllerOf(one) === undefined);
      }),
    );

    it(
      'that is indexed tells every pod its number, in its host name too',
      inScope(world, async (scope) => {
        await scope.create('jobs', aJob('indexed', { script: SUCCEED, spec: INDEXED }));
        await ends(scope, 'indexed', 'Complete', 'CompletionsReached');
        const pods = (await scope.items('pods', 'job=indexed')).filter(({ status }) => status.phase === 'Succeeded');
        const indexes = pods.map(({ metadata, spec }) => [metadata.annotations['batch.kubernetes.io/job-completion-index'], spec.hostname]);
        expect(indexes.sort()).toEqual(['0', '1', '2', '3'].map((index) => [index, `indexed-${index}`]));
      }),
    );

    it(
      'takes its pods with it',
      inScope(world, async (scope) => {
        await scope.create('jobs', aJob('foo'));
        await running(scope, 'foo', 2);
        await scope.remove('jobs', 'foo', { propagationPolicy: 'Background' });
        expect(await scope.isGone('jobs', 'foo')).toBe(true);
        await scope.until(
          'its pods stayed',
          () => scope.items('pods'),
          (pods) => pods.length === 0,
        );
      }),
    );

    it('is made suspended, patched, resumed, listed and deleted by its labels', inScope(world, livesAndIsWatched));

    it(
      'completes when its containers fail once and are restarted',
      inScope(world, async (scope) => {
        await scope.create('jobs', aJob('fail-once-local', { script: FAIL_ONCE, restartPolicy: 'OnFailure' }));
        const { status } = await ends(scope, 'fail-once-local', 'Complete');
        expect([status.succeeded, status.failed ?? 0]).toEqual([4, 0]);
      }),
    );

    it(
      'has a status that is patched, updated and read',
      inScope(world, async (scope) => {
        const { metadata } = await scope.create('jobs', aJob('status'));
        await running(scope, 'status', 2);
        const now = () => `${new Date().toISOString().slice(0, 19)}Z`;
        const [first, second] = [now(), '2026-01-02T03:04:05Z'];
        const own = { type: 'CustomConditionType', status: 'True', lastProbeTime: null, lastTransitionTime: first };
        const change = { metadata: { annotations: { patchedstatus: 'true' } }, status: { conditions: [own] } };
        const patched = await scope.patch('jobs', 'status', change, { type: MERGE, sub: 'status' });
        expect(condition(patched, own.type).lastTransitionTime).toBe(first);
        expect(patched.metadata.annotations).toMatchObject({ patchedstatus: 'true' });
        const updated = await scope.update(
          'jobs',
          'status',
          (job) => Object.assign(condition(job, own.type), { lastTransitionTime: second }),
          'status',
        );
        expect(condition(updated, own.type).lastTransitionTime).toBe(second);
        expect((await scope.get('jobs', 'status', 'status')).metadata.uid).toBe(metadata.uid);
      }),
    );

    it(
      'fails at once by its policy on an exit code',
      inScope(world, async (scope) => {
        const podFailurePolicy = { rules: [{ action: 'FailJob', ...onExitCodes(1) }] };
        await scope.create('jobs', aJob('fail-early', { script: FAIL_ONCE, directory: scope.namespace, spec: { podFailurePolicy } }));
        await ends(scope, 'fail-early', 'Failed', 'PodFailurePolicy');
      }),
    );

    it(
      'does not count failures that its policy ignores',
      inScope(world, async (scope) => {
        const podFailurePolicy = { rules: [{ action: 'Ignore', ...onExitCodes(1) }] };
        const facts = { script: FAIL_ONCE, directory: scope.namespace, backoffLimit: 0, spec: { podFailurePolicy } };
        await scope.create('jobs', aJob('ignore', facts));
        const { status } = await ends(scope, 'ignore', 'Complete');
        expect(status.succeeded).toBe(4);
      }),
    );

    it.each([
      ['its condition', { onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      ['its exit code', onExitCodes(137)],
    ])('does not count the eviction of a pod that its policy ignores by %s', async (_name, rule) => {
      const scope = await world().scope();
      const podFailurePolicy = { rules: [{ action: 'Ignore', ...rule }] };
      const facts = { script: STAY_ONCE, directory: scope.namespace, parallelism: 1, completions: 1, backoffLimit: 0 };
      await scope.create('jobs', aJob('evicted', { ...facts, spec: { ...INDEXED, podFailurePolicy } }));
      const [pod] = await running(scope, 'evicted', 1);
      const name = pod.metadata.name;
      await scope.until('no marker', async () => (await scope.shell(name, 'ls /data')) === 'foo\n');
      await scope.create('pods', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } }, name, 'eviction');
      await scope.until('the pod stayed', () => scope.isGone('pods', name));
      const { status } = await ends(scope, 'evicted', 'Complete');
      expect([status.succeeded, status.failed ?? 0]).toEqual([1, 0]);
      await scope.dispose();
    });

    it(
      'makes no pods while it is suspended, and deletes those it has',
      inScope(world, async (scope) => {
        const ready = (count: number) => scope.eventually('jobs', 'suspended', ({ status }) => status.ready === count);
        const suspend = (value: boolean) => scope.update('jobs', 'suspended', ({ spec }) => Object.assign(spec, { suspend: value }));
        await scope.create('jobs', aJob('suspended', { spec: { suspend: true } }));
        await scope.eventually('jobs', 'suspended', (job) => condition(job, 'Suspended') !== undefined);
        await ready(0);
        expect(await scope.items('pods')).toEqual([]);
        await suspend(false);
        await ready(2);
        await suspend(true);
        await ready(0);
        await scope.eventually('jobs', 'suspended', (job) => condition(job, 'Suspended') !== undefined);
        await scope.until(
          'its pods stayed',
          () => scope.items('pods'),
          (pods) => pods.length === 0,
        );
      }),
    );

    it(
      'with the policy Failed replaces a pod only once it is over',
      inScope(world, async (scope) => {
        const script = '_term(){\n sleep 2\n exit 143\n}\ntrap _term SIGTERM\nwhile true; do\n sleep 1\ndone';
        const facts = { script, parallelism: 1, completions: 1, backoffLimit: 1, spec: { podReplacementPolicy: 'Failed' } };
        await scope.create('jobs', aJob('recreate', facts));
        const [pod] = await running(scope, 'recreate', 1);
        await scope.remove('pods', pod.metadata.name, { gracePeriodSeconds: 30 });
        const counts = (active: number, failed: number, terminating: number) =>
          scope.eventually(
            'jobs',
            'recreate',
            ({ status }) => [status.active ?? 0, status.failed ?? 0, status.terminating].join() === [active, failed, terminating].join(),
          );
        await counts(0, 0, 1);
        await counts(1, 1, 0);
      }),
    );

    it(
      'with limits by index runs all of them, whatever becomes of some',
      inScope(world, async (scope) => {
        const spec = { ...INDEXED, backoffLimitPerIndex: 0 };
        await scope.create('jobs', aJob('per-index', { script: FAIL_ODD, spec }));
        const { status } = await ends(scope, 'per-index', 'Failed', 'FailedIndexes');
        expect([status.failedIndexes, status.completedIndexes, status.failed, status.succeeded]).toEqual(['1,3', '0,2', 2, 2]);
      }),
    );

    it(
      'ends when more indexes failed than may',
      inScope(world, async (scope) => {
        const spec = { ...INDEXED, backoffLimitPerIndex: 0, maxFailedIndexes: 0 };
        await scope.create('jobs', aJob('max-failed', { script: FAIL, parallelism: 1, spec }));
        const { status } = await ends(scope, 'max-failed', 'Failed', 'MaxFailedIndexesExceeded');
        expect([status.failedIndexes, status.failed]).toEqual(['0', 1]);
      }),
    );

    it(
      'fails an index by its policy, however often it could be tried',
      inScope(world, async (scope) => {
        const podFailurePolicy = { rules: [{ action: 'FailIndex', ...onExitCodes(1) }] };
        const spec = { ...INDEXED, backoffLimitPerIndex: 1, podFailurePolicy };
        await scope.create('jobs', aJob('fail-index', { script: FAIL_ODD, completions: 2, spec }));
        const { status } = await ends(scope, 'fail-index', 'Failed', 'FailedIndexes');
        expect([status.failedIndexes, status.completedIndexes, status.failed, status.succeeded]).toEqual(['1', '0', 1, 1]);
      }),
    );

    it.each([
      ['all indexes', [{ succeededIndexes: '0', succeededCount: 1 }], '0'],
      ['a number', [{ succeededCount: 1 }], '0'],
    ])('succeeds by its policy with %s', async (_name, rules, completed) => {
      const scope = await world().scope();
      const script = 'if [ "$JOB_COMPLETION_INDEX" = 0 ]; then exit 0; else sleep 1000000; fi';
      await scope.create('jobs', aJob('success', { script, completions: 2, spec: { ...INDEXED, successPolicy: { rules } } }));
      const { status } = await ends(scope, 'success', 'Complete', 'SuccessPolicy');
      expect([status.completedIndexes, status.succeeded]).toEqual([completed, 1]);
      await scope.dispose();
    });

    it(
      'fails when it takes too long, or its pods fail too often',
      inScope(world, async (scope) => {
        await scope.create('jobs', aJob('deadline', { spec: { activeDeadlineSeconds: 1 } }));
        await scope.create('jobs', aJob('backoff', { script: FAIL, parallelism: 1, completions: 1, backoffLimit: 0 }));
        await ends(scope, 'deadline', 'Failed', 'DeadlineExceeded');
        await ends(scope, 'backoff', 'Failed', 'BackoffLimitExceeded');
        expect((await scope.items('pods', 'job=backoff')).map(({ status }) => status.phase)).toEqual(['Failed']);
      }),
    );

    it(
      'is deleted a while after its end, once nobody keeps it',
      inScope(world, async (scope) => {
        const made = aJob('ttl', { script: SUCCEED, completions: 1, spec: { ttlSecondsAfterFinished: 1 } });
        await scope.create('jobs', { ...made, metadata: { ...made.metadata, finalizers: ['example.com/e2e-test'] } });
        await ends(scope, 'ttl', 'Complete');
        const job = await scope.eventually('jobs', 'ttl', ({ metadata }) => metadata.deletionTimestamp !== undefined);
        expect(Date.parse(job.metadata.deletionTimestamp)).toBeGreaterThanOrEqual(Date.parse(job.status.completionTime) + 1000);
        await scope.patch('jobs', 'ttl', { metadata: { finalizers: null } }, { type: MERGE });
        await scope.until('the Job stayed', () => scope.isGone('jobs', 'ttl'));
      }),
    );
  });

  it('a CronJob is made, read, watched, patched, updated and deleted, and so is its status', inScope(world, cronJobApi));
}

async function livesAndIsWatched(scope: Scope): Promise<void> {
  const selector = `e2e-job-label=${scope.namespace}`;
  const { resourceVersion } = (await scope.list('jobs', selector)).metadata;
  const made = aJob('life', { script: SUCCEED, spec: { suspend: true } });
  await scope.create('jobs', { ...made, metadata: { name: 'life', labels: { 'e2e-job-label': scope.namespace } } });
  const patched = await scope.patch('jobs', 'life', { metadata: { labels: { life: 'patched' } } });
  expect(patched.metadata.labels.life).toBe('patched');
  await scope.watch(
    'jobs',
    { resourceVersion, selector },
    ({ type, object }) => type === 'MODIFIED' && object.metadata.labels.life === 'patched',
  );
  const updated = await scope.update('jobs', 'life', ({ metadata, spec }) => {
    spec.suspend = false;
    metadata.annotations = { ...metadata.annotations, updated: 'true' };
  });
  expect(updated.metadata.annotations.updated).toBe('true');
  expect((await scope.listAll('jobs', selector)).items).toHaveLength(1);
  await ends(scope, 'life', 'Complete');
  await scope.removeAll('jobs', selector, { propagationPolicy: 'Background' });
  await scope.watch('jobs', { resourceVersion: updated.metadata.resourceVersion, selector }, ({ type }) => type === 'DELETED');
  expect((await scope.listAll('jobs', selector)).items).toEqual([]);
}

async function cronJobApi(scope: Scope): Promise<void> {
  const container = { name: 'c', image: BUSYBOX, command: ['echo', 'Hello'] };
  const template = { spec: { restartPolicy: 'OnFailure', volumes: [{ name: 'data', emptyDir: {} }], containers: [container] } };
  const jobTemplate = { spec: { parallelism: 1, completions: 1, backoffLimit: 1, template } };
  const labels = { 'special-label': scope.namespace };
  const selector = `special-label=${scope.namespace}`;
  const spec = {
    schedule: '* */1 * * ?',
    concurrencyPolicy: 'Allow',
    successfulJobsHistoryLimit: 1,
    failedJobsHistoryLimit: 0,
    jobTemplate,
  };
  const made = (name: string) => ({ metadata: { name, labels }, spec });
  for (const document of ['apis', 'apis/batch', 'apis/batch/v1']) {
    const { body } = await scope.world.call('GET', document);
    expect(JSON.stringify(body)).toContain(document === 'apis/batch/v1' ? '"cronjobs/status"' : '"batch/v1"');
  }
  const { metadata } = await scope.create('cronjobs', made('test-api'));
  expect((await scope.get('cronjobs', 'test-api')).metadata.uid).toBe(metadata.uid);
  const list = await scope.list('cronjobs', selector);
  expect([list.items.length, (await scope.listAll('cronjobs', selector)).items.length]).toEqual([1, 1]);
  const patched = await scope.patch('cronjobs', 'test-api', { metadata: { annotations: { patched: 'true' } } }, { type: MERGE });
  expect(patched.metadata.annotations).toMatchObject({ patched: 'true' });
  const updated = await scope.update('cronjobs', 'test-api', (one) => Object.assign(one.metadata.annotations, { updated: 'true' }));
  expect(updated.metadata.annotations).toEqual({ patched: 'true', updated: 'true' });
  const from = { resourceVersion: list.metadata.resourceVersion, selector };
  const events = await scope.watch('cronjobs', from, ({ object }) => object.metadata.annotations?.updated === 'true');
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['MODIFIED']));

  const [first, second] = [new Date(), new Date(Date.now() + 1000)].map((time) => `${time.toISOString().slice(0, 19)}Z`);
  const change = { metadata: { annotations: { patchedstatus: 'true' } }, status: { lastScheduleTime: first } };
  const status = await scope.patch('cronjobs', 'test-api', change, { type: MERGE, sub: 'status' });
  expect([status.status.lastScheduleTime, status.metadata.annotations.patchedstatus]).toEqual([first, 'true']);
  const put = await scope.update('cronjobs', 'test-api', (one) => Object.assign(one.status, { lastScheduleTime: second }), 'status');
  expect(put.status.lastScheduleTime).toBe(second);
  expect((await scope.get('cronjobs', 'test-api', 'status')).metadata.uid).toBe(metadata.uid);

  await scope.create('cronjobs', made('for-removal'));
  await scope.remove('cronjobs', 'for-removal', {});
  expect(await scope.isGone('cronjobs', 'for-removal')).toBe(true);
  await scope.removeAll('cronjobs', selector, {});
  expect(await scope.items('cronjobs', selector)).toEqual([]);
  const bad = { ...made('bad'), spec: { ...spec, timeZone: 'bad-time-zone' } };
  const refused = await scope.world.call('POST', scope.path('cronjobs'), bad);
  expect([refused.status, refused.body.message]).toEqual([
    422,
    'CronJob.batch "bad" is invalid: spec.timeZone: Invalid value: "bad-time-zone": unknown time zone bad-time-zone',
  ]);
}
