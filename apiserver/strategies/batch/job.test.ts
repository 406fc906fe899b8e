import { describe, expect, it } from 'vitest';
import { batchKinds } from '../../../api/index.ts';
import { NOW, StrategyHarness } from '../testing/harness.ts';
import { cronJobStrategy } from './cron-job.ts';
import { jobStrategy } from './job.ts';

const jobs = new StrategyHarness(jobStrategy, batchKinds.jobs);
const cronJobs = new StrategyHarness(cronJobStrategy, batchKinds.cronjobs);

const pod = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x:1' }] };
const template = { spec: pod };
const metadata = { name: 'j', namespace: 'ns', uid: 'u1' };
const create = (spec: object) => jobs.create({ metadata, spec: { template, ...spec } });
const stored = (spec: object = {}) => jobs.stored({ metadata, spec: { template, ...spec } });

const LABELS = {
  'batch.kubernetes.io/controller-uid': 'u1',
  'batch.kubernetes.io/job-name': 'j',
  'controller-uid': 'u1',
  'job-name': 'j',
};

describe('Job', () => {
  it('finds its pods by labels of its own', () => {
    const job = stored();
    expect(job.metadata).toMatchObject({ generation: 1, labels: LABELS });
    expect(job.spec.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'u1' } });
    expect(job.spec.template.metadata?.labels).toEqual(LABELS);
  });

  it("has its template's labels when it has none, with those that the template is given then", () => {
    const labelled = { metadata: { labels: { a: 'b' } }, spec: pod };
    expect(stored({ template: labelled }).metadata.labels).toEqual({ a: 'b', ...LABELS });
    const own = jobs.stored({ metadata: { ...metadata, labels: { a: 'b' } }, spec: { template: labelled } });
    expect(own.metadata.labels).toEqual({ a: 'b' });
    expect(own.spec.template.metadata?.labels).toEqual({ a: 'b', ...LABELS });
  });

  it('has a name that its pods can be hosts by', () => {
    const indexed = { template, completionMode: 'Indexed', completions: 2 };
    expect(jobs.create({ metadata: { namespace: 'ns', uid: 'u1', name: undefined }, spec: indexed }).errors).toContain(
      'metadata.name: Invalid value: "": will not able to create pod with invalid DNS label: -1',
    );
  });

  it('runs one pod unless told otherwise', () => {
    expect(stored().spec).toMatchObject({ completions: 1, parallelism: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false });
    expect(stored({ parallelism: 3 }).spec.completions).toBeUndefined();
    expect(stored({ completions: 4 }).spec.parallelism).toBe(1);
    const indexed = stored({ completionMode: 'Indexed', completions: 2, backoffLimitPerIndex: 1 }).spec;
    expect(indexed).toMatchObject({ backoffLimit: 2_147_483_647, podReplacementPolicy: 'TerminatingOrFailed' });
    const policy = { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] };
    const judged = stored({ podFailurePolicy: policy }).spec;
    expect(judged.podReplacementPolicy).toBe('Failed');
    expect(judged.podFailurePolicy?.rules[0]?.onPodConditions).toEqual([{ type: 'DisruptionTarget', status: 'True' }]);
  });

  it('refuses labels and selectors that are not its own', () => {
    const { errors } = create({
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { 'job-name': 'other' } }, spec: pod },
    });
    const labels = { ...LABELS, 'job-name': 'other' };
    expect(errors).toEqual([
      `spec.template.metadata.labels[job-name]: Invalid value: ${JSON.stringify(Object.fromEntries(Object.entries(labels).sort()))}: must be 'j'`,
      'spec.selector: Invalid value: {"matchLabels":{"a":"b","batch.kubernetes.io/controller-uid":"u1"}}: `selector` not auto-generated',
      expect.stringMatching(/^spec\.template\.metadata\.labels: .*`selector` does not match template `labels`$/),
    ]);
    expect(create({ manualSelector: true }).errors).toEqual([
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
    ]);
  });

  it.each<[string, object, readonly string[]]>([
    [
      'counts below zero',
      { parallelism: -1, completions: -1, activeDeadlineSeconds: -1, backoffLimit: -1, ttlSecondsAfterFinished: -1 },
      ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'].map(
        (field) => `spec.${field}: Invalid value: -1: must be greater than or equal to 0`,
      ),
    ],
    [
      'limits per index without indexes',
      { backoffLimitPerIndex: 1, maxFailedIndexes: 1 },
      [
        'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
        'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
      ],
    ],
    [
      'indexes without completions',
      { completionMode: 'Indexed', parallelism: 100_001, maxFailedIndexes: 100_001, backoffLimitPerIndex: 0 },
      [
        'spec.completions: Required value: when completion mode is Indexed',
        'spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed',
        'spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to 100000',
      ],
    ],
    [
      'more indexes than can be noted',
      { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001, backoffLimitPerIndex: 0 },
      [
        'spec.maxFailedIndexes: Required value: must be specified when completions is above 100000',
        'spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
      ],
    ],
    [
      'failure policies that say nothing',
      {
        podFailurePolicy: {
          rules: [
            { action: 'Odd', onExitCodes: { operator: 'In', values: [3, 0, 3], containerName: 'd' } },
            { action: 'FailIndex' },
            { action: '', onExitCodes: { operator: '', values: [] }, onPodConditions: [{ type: 'A', status: 'Odd' }] },
          ],
        },
      },
      [
        'spec.podFailurePolicy.rules[0].action: Unsupported value: "Odd": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
        'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "d": must be one of the container or initContainer names in the pod template',
        'spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator',
        'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 3',
        'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,0,3]: must be ordered',
        'spec.podFailurePolicy.rules[1].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
        'spec.podFailurePolicy.rules[1]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
        'spec.podFailurePolicy.rules[2].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
        'spec.podFailurePolicy.rules[2].onExitCodes.operator: Required value: valid values: ["In" "NotIn"]',
        'spec.podFailurePolicy.rules[2].onExitCodes.values: Invalid value: null: at least one value is required',
        'spec.podFailurePolicy.rules[2].onPodConditions[0].status: Unsupported value: "Odd": supported values: "False", "True", "Unknown"',
        'spec.podFailurePolicy.rules[2]: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported',
      ],
    ],
    [
      'success policies that cannot be',
      {
        completionMode: 'Indexed',
        completions: 3,
        successPolicy: { rules: [{}, { succeededIndexes: '0-1', succeededCount: 3 }, { succeededIndexes: '1,0' }, { succeededCount: 9 }] },
      },
      [
        'spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified',
        'spec.successPolicy.rules[1].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
        'spec.successPolicy.rules[2].succeededIndexes: Invalid value: "1,0": error parsing succeededIndexes: non-increasing order, previous: 1, current: 0',
        'spec.successPolicy.rules[3].succeededCount: Invalid value: 9: must be less than or equal to 3 (the number of specified completions)',
      ],
    ],
    [
      'success policies without indexes',
      { successPolicy: { rules: [{ succeededCount: 1 }] } },
      ['spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires indexed completion mode'],
    ],
    [
      'words that nobody knows',
      { completionMode: 'Odd', podReplacementPolicy: 'Odd', managedBy: 'me' },
      [
        'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")',
        'spec.completionMode: Unsupported value: "Odd": supported values: "NonIndexed", "Indexed"',
        'spec.podReplacementPolicy: Unsupported value: "Odd": supported values: "Failed", "TerminatingOrFailed"',
      ],
    ],
    [
      'pods that run for ever',
      { template: { spec: { ...pod, restartPolicy: 'Always' } } },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
  ])('refuses %s', (_what, spec, errors) => {
    expect(create(spec).errors).toEqual(errors);
  });

  it('keeps what its pods were made by, and says so twice where it is wrong as well', () => {
    const old = stored();
    expect(jobs.patch(old, { spec: { parallelism: 2, completions: 2 } }).errors).toEqual([
      'spec.completions: Invalid value: 2: field is immutable',
    ]);
    const changed = jobs.patch(old, { spec: { template: { spec: { nodeSelector: { a: 'b' } } } } }).errors;
    expect(changed).toEqual([expect.stringMatching(/^spec.template: Invalid value: \{"labels":.*"Spec":\{.*\}: field is immutable$/)]);
    const negative = 'spec.parallelism: Invalid value: -1: must be greater than or equal to 0';
    expect(jobs.patch(old, { spec: { parallelism: -1 } }).errors).toEqual([negative, negative]);
  });

  it('may be told where to run while it has not begun', () => {
    const old = stored({ suspend: true });
    const elsewhere = { nodeSelector: { a: 'b' }, affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } } };
    expect(jobs.patch(old, { spec: { suspend: false, template: { spec: elsewhere } } }).errors).toEqual([]);
    expect(jobs.patch(old, { spec: { template: { spec: { hostname: 'h' } } } }).errors).toHaveLength(1);
    old.status.startTime = '2024-01-01T00:00:00Z';
    expect(jobs.patch(old, { spec: { template: { spec: elsewhere } } }).errors).toHaveLength(1);
  });

  it('grows and shrinks as a whole when it is indexed', () => {
    const old = stored({ completionMode: 'Indexed', completions: 2, parallelism: 2 });
    expect(jobs.patch(old, { spec: { completions: 3, parallelism: 3 } }).errors).toEqual([]);
    expect(jobs.patch(old, { spec: { completions: 3 } }).errors).toEqual([
      'spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism',
    ]);
  });

  it('shows its state, its count and how long it takes', () => {
    const job = stored({ parallelism: 4 });
    expect(jobs.row(job)).toEqual(['j', 'Running', '0/1 of 4', '', '<unknown>', 'c', 'x:1', 'batch.kubernetes.io/controller-uid=u1']);
    job.status = { startTime: '2023-12-31T23:59:30Z', succeeded: 1, conditions: [{ type: 'Suspended', status: 'True' }] };
    expect(jobs.row(job, NOW).slice(1, 4)).toEqual(['Suspended', '1/1 of 4', '30s']);
    job.status.conditions = [{ type: 'Complete', status: 'True' }];
    job.status.completionTime = '2023-12-31T23:59:40Z';
    expect(jobs.row(job, NOW).slice(1, 4)).toEqual(['Complete', '1/1 of 4', '10s']);
    for (const type of ['Failed', 'FailureTarget', 'SuccessCriteriaMet']) {
      job.status.conditions = [{ type, status: 'True' }];
      expect(jobs.row(job, NOW)[1]).toBe(type);
    }
  });
});

describe("a job's status", () => {
  const condition = (type: string) => ({ type, status: 'True' });
  const begun = (spec: object = {}) => {
    const job = stored({ completions: 2, ...spec });
    job.status = { startTime: '2024-01-01T00:00:00Z', active: 1, ready: 1, succeeded: 1 };
    return job;
  };
  const patch = (status: object, old = begun()) => jobs.patch(old, { status }, 'status').errors;

  it('comes to an end in steps', () => {
    expect(patch({ conditions: [condition('Complete'), condition('Failed')] })).toEqual([
      'status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions',
      'status.completionTime: Required value: completionTime is required for Complete jobs',
      'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      'status.active: Invalid value: 1: active>0 is invalid for finished job',
    ]);
    const end = { active: 0, ready: 0, completionTime: '2024-01-01T00:00:01Z' };
    expect(patch({ ...end, conditions: [condition('SuccessCriteriaMet'), condition('Complete')] })).toEqual([]);
    expect(patch({ ...end, startTime: null, conditions: [condition('SuccessCriteriaMet'), condition('Complete')] })).toEqual([
      'status.startTime: Required value: startTime is required for finished job',
      'status.startTime: Required value: startTime cannot be removed for unsuspended job',
    ]);
  });

  it('has counted all of its pods when it is finished', () => {
    const conditions = [condition('SuccessCriteriaMet'), condition('Complete')];
    const end = { active: 0, ready: 0, completionTime: '2024-01-01T00:00:01Z', conditions };
    expect(patch({ ...end, uncountedTerminatedPods: { succeeded: ['a'] } })).toEqual([
      'status.uncountedTerminatedPods: Invalid value: {"Succeeded":["a"],"Failed":null}: must be empty for finished job',
    ]);
  });

  it('takes nothing back', () => {
    const old = begun();
    old.status = {
      ...old.status,
      active: 0,
      ready: 0,
      failed: 1,
      completionTime: '2024-01-01T00:00:10Z',
      conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
    };
    expect(patch({ conditions: [], succeeded: 0, failed: 0, completionTime: '2024-01-01T00:00:11Z' }, old)).toEqual([
      'status.completionTime: Invalid value: "2024-01-01T00:00:11Z": cannot set completionTime when there is no Complete=True condition',
      'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
      'status.failed: Invalid value: 0: cannot decrease the failed counter',
      'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
      'status.completionTime: Invalid value: "2024-01-01T00:00:11Z": field is immutable',
      'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
    ]);
    expect(patch({ startTime: '2024-02-01T00:00:00Z' }, old)).toEqual([
      'status.completionTime: Invalid value: "2024-01-01T00:00:10Z": must be equal to or after `startTime`',
      'status.startTime: Required value: startTime cannot be removed for unsuspended job',
    ]);
  });

  it('starts anew when it goes on after a pause', () => {
    const old = begun();
    old.status = { ...old.status, active: 0, ready: 0, conditions: [condition('Suspended')] };
    const resumed = { startTime: '2024-02-01T00:00:00Z', conditions: [{ ...condition('Suspended'), status: 'False' }] };
    expect(patch(resumed, old)).toEqual([]);
    expect(patch({ ...resumed, conditions: [] }, old)).toEqual([
      'status.startTime: Required value: startTime cannot be removed for unsuspended job',
    ]);
  });

  it('lists indexes in order, each once', () => {
    const indexed = () => begun({ completionMode: 'Indexed', completions: 5, backoffLimitPerIndex: 1 });
    expect(patch({ completedIndexes: '0,2-3', failedIndexes: '1' }, indexed())).toEqual([]);
    expect(patch({ completedIndexes: '0,2-3', failedIndexes: '3-4' }, indexed())).toEqual([
      'status.failedIndexes: Invalid value: "3-4": failedIndexes and completedIndexes overlap at index: 3',
    ]);
    expect(patch({ completedIndexes: '0-x', failedIndexes: '7' }, indexed())).toEqual([
      'status.completedIndexes: Invalid value: "0-x": error parsing completedIndexes: cannot convert string to integer for index: "x"',
      'status.failedIndexes: Invalid value: "7": error parsing failedIndexes: too large index: "7"',
    ]);
    const long = '9'.repeat(20);
    expect(patch({ completedIndexes: long }, indexed())).toEqual([
      `status.completedIndexes: Invalid value: "${long}": error parsing completedIndexes: cannot convert string to integer for index: "${long}"`,
    ]);
    expect(patch({ completedIndexes: '0', failedIndexes: '' })).toEqual([
      'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
      'status.failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
    ]);
  });

  it('counts pods that are there', () => {
    expect(patch({ active: -1, ready: -2, uncountedTerminatedPods: { succeeded: ['', 'a'], failed: ['a'] } })).toEqual([
      'status.active: Invalid value: -1: must be greater than or equal to 0',
      'status.ready: Invalid value: -2: must be greater than or equal to 0',
      'status.uncountedTerminatedPods.succeeded[0]: Invalid value: "": must not be empty',
      'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
    ]);
    expect(patch({ ready: 7 })).toEqual(['status.ready: Invalid value: 7: cannot set more ready pods than active']);
  });
});

describe('CronJob', () => {
  const jobTemplate = { spec: { template } };
  const schedule = '*/5 * * * *';
  const errorsOf = (spec: object, name = 'c') => cronJobs.create({ metadata: { name }, spec: { schedule, jobTemplate, ...spec } }).errors;

  it('keeps a few of its jobs, which are left as they are', () => {
    const { spec, status, metadata: meta } = cronJobs.stored({ metadata: { name: 'c' }, spec: { schedule, jobTemplate } });
    expect(meta.generation).toBe(1);
    expect(status).toEqual({});
    expect(spec).toMatchObject({ concurrencyPolicy: 'Allow', failedJobsHistoryLimit: 1, successfulJobsHistoryLimit: 3, suspend: false });
    expect(spec.jobTemplate.spec?.completions).toBeUndefined();
    expect(spec.jobTemplate.spec?.template.spec?.dnsPolicy).toBe('ClusterFirst');
  });

  it('has a schedule, and a time zone in a field of its own', () => {
    expect(errorsOf({ schedule: '' })).toEqual(['spec.schedule: Required value']);
    expect(errorsOf({ schedule: '* * *' })).toEqual(['spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]']);
    expect(errorsOf({ schedule: 'TZ=UTC 0 * * * *' })).toEqual([
      'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
    ]);
    const ownField = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
    for (const [text, why] of [
      ['TZ=UTC', 'invalid schedule format: runtime error: slice bounds out of range [:-1]'],
      ['CRON_TZ=Mars 0 * * * *', 'provided bad location Mars: unknown time zone Mars'],
    ] as const) {
      expect(errorsOf({ schedule: text })).toEqual([why, ownField].map((message) => `spec.schedule: Invalid value: "${text}": ${message}`));
    }
    for (const timeZone of ['Europe/Amsterdam', 'UTC', 'Etc/GMT+5', 'US/Eastern', 'America/Port_of_Spain', 'Factory']) {
      expect(errorsOf({ timeZone })).toEqual([]);
    }
    for (const timeZone of ['europe/amsterdam', 'Mars/Olympus', '../UTC', '+01:00', 'EUROPE/Amsterdam']) {
      expect(errorsOf({ timeZone })).toEqual([`spec.timeZone: Invalid value: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`]);
    }
    expect(errorsOf({ timeZone: 'Local' })).toEqual([
      'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
    ]);
    expect(errorsOf({ timeZone: '' })).toEqual(['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string']);
  });

  it('is looked at with its job, and leaves room for the names of its jobs', () => {
    expect(
      errorsOf(
        {
          startingDeadlineSeconds: -1,
          concurrencyPolicy: 'Odd',
          successfulJobsHistoryLimit: -1,
          failedJobsHistoryLimit: -1,
          jobTemplate: { spec: { template, selector: {}, manualSelector: true, parallelism: -1 } },
        },
        'c'.repeat(53),
      ),
    ).toEqual([
      'spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0',
      'spec.concurrencyPolicy: Unsupported value: "Odd": supported values: "Allow", "Forbid", "Replace"',
      'spec.jobTemplate.spec.parallelism: Invalid value: -1: must be greater than or equal to 0',
      'spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated',
      'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
      'spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0',
      'spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0',
      `metadata.name: Invalid value: "${'c'.repeat(53)}": must be no more than 52 characters`,
    ]);
  });

  it('warns of jobs that cannot note what failed', () => {
    const big = { completionMode: 'Indexed', completions: 100_001, parallelism: 10_001, template };
    expect(cronJobs.create({ metadata: { name: 'c' }, spec: { schedule, jobTemplate: { spec: big } } }).warnings).toEqual([
      'spec.jobTemplate.spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
    ]);
  });

  it('shows a row', () => {
    const cronJob = cronJobs.stored({ metadata: { name: 'c' }, spec: { schedule, jobTemplate } });
    cronJob.status = { active: [{ name: 'c-1' }], lastScheduleTime: '2023-12-31T23:55:00Z' };
    expect(cronJobs.row(cronJob)).toEqual(['c', schedule, '<none>', 'False', 1, '5m', '<unknown>', 'c', 'x:1', '<none>']);
  });
});
