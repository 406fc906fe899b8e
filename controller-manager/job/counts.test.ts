import { expect, it } from 'vitest';
import type { Job } from '../../api/index.ts';
import { createMetrics } from '../../runtime/index.ts';
import { createControllerMetrics } from '../shared/controller-metrics.ts';
import { aJob } from '../testing/builders.ts';
import { JobCounts } from './counts.ts';

const told = async (act: (counts: JobCounts) => void): Promise<string[]> => {
  const metrics = createMetrics();
  act(new JobCounts(createControllerMetrics(metrics)));
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('job_controller_'));
  return lines.map((line) => line.replace('job_controller_', '')).sort();
};

const indexed: Partial<Job['spec']> = { completionMode: 'Indexed', completions: 3 };

it.each<{ why: string; spec?: Partial<Job['spec']>; before: Job['status']; after: Job['status']; expected: string[] }>([
  {
    why: 'pods that were counted',
    before: { succeeded: 1 },
    after: { succeeded: 3, failed: 1 },
    expected: [
      'job_pods_finished_total{completion_mode="NonIndexed",result="succeeded"} 2',
      'job_pods_finished_total{completion_mode="NonIndexed",result="failed"} 1',
    ],
  },
  {
    why: 'indexes',
    spec: indexed,
    before: { succeeded: 1, completedIndexes: '1' },
    after: { succeeded: 3, completedIndexes: '0-2' },
    expected: [
      'job_pods_finished_total{completion_mode="Indexed",result="succeeded"} 2',
      'job_finished_indexes_total{status="succeeded",backoffLimit="global"} 2',
    ],
  },
  {
    why: 'indexes of a job that has fewer by now',
    spec: indexed,
    before: { succeeded: 2, completedIndexes: '3,4' },
    after: { succeeded: 1, completedIndexes: '0' },
    expected: [
      'job_pods_finished_total{completion_mode="Indexed",result="succeeded"} 1',
      'job_finished_indexes_total{status="succeeded",backoffLimit="global"} 1',
    ],
  },
  {
    why: 'indexes with a limit of their own',
    spec: { ...indexed, backoffLimitPerIndex: 0 },
    before: { failedIndexes: '' },
    after: { failed: 1, failedIndexes: '2', succeeded: 1, completedIndexes: '0' },
    expected: [
      'job_pods_finished_total{completion_mode="Indexed",result="succeeded"} 1',
      'job_pods_finished_total{completion_mode="Indexed",result="failed"} 1',
      'job_finished_indexes_total{status="succeeded",backoffLimit="perIndex"} 1',
      'job_finished_indexes_total{status="failed",backoffLimit="perIndex"} 1',
    ],
  },
])('tells of $why', async ({ spec = {}, before, after, expected }) => {
  expect(await told((counts) => counts.podsCounted(aJob({ spec, status: before }), after))).toEqual([...expected].sort());
});

it('tells what rules said of failed pods', async () => {
  expect(await told((counts) => counts.judged(['Ignore', 'FailJob', 'Ignore']))).toEqual([
    'pod_failures_handled_by_failure_policy_total{action="FailJob"} 1',
    'pod_failures_handled_by_failure_policy_total{action="Ignore"} 2',
  ]);
});
