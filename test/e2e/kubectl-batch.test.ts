// What people type to run things to their end, to keep enough of them up, and to have as many as are needed.
import { describe, expect, it } from 'vitest';
import { needsKubectl, useCluster } from '../support/cluster.ts';

needsKubectl();

const { kubectl } = useCluster({ nodes: 2, args: ['--ephemeral'] });
const { until } = kubectl;

const apply = async (...objects: readonly object[]) => {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  const { code, stderr } = await kubectl.run(['apply', '-f', '-'], { input: JSON.stringify(list) });
  expect([code, stderr]).toEqual([0, '']);
};
const run = (command: string) => ({
  spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'busybox', command: ['sh', '-c', command] }] },
});

describe('a Job', () => {
  it('is waited for, and says how it went', async () => {
    await apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'pi' },
      spec: { completions: 3, parallelism: 2, template: run('echo 3.14159') },
    });
    expect(await kubectl('wait', '--for=condition=complete', 'job/pi', '--timeout=110s')).toBe('job.batch/pi condition met\n');
    expect(await kubectl('get', 'job', 'pi')).toMatch(/pi\s+Complete\s+3\/3/);
    expect(await kubectl('logs', 'job/pi')).toBe('3.14159\n');
    await expect
      .poll(() => kubectl('describe', 'job', 'pi'))
      .toMatch(
        /Pods Statuses:\s+0 Active \(0 Ready\) \/ 3 Succeeded \/ 0 Failed[\s\S]+Normal\s+Completed\s.*\s+job-controller\s+Job completed/,
      );
    expect(await kubectl('delete', 'job', 'pi', '--wait')).toContain('deleted');
    await until(['get', 'pods', '-l', 'job-name=pi', '-o', 'name'], /^$/);
  });

  it('knows its index in every pod, and fails for the one that fails', async () => {
    const spec = {
      completionMode: 'Indexed',
      completions: 3,
      parallelism: 3,
      backoffLimitPerIndex: 0,
      template: run('echo $JOB_COMPLETION_INDEX $(hostname); test $JOB_COMPLETION_INDEX != 1'),
    };
    await apply({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'numbers' }, spec });
    await kubectl('wait', '--for=condition=failed', 'job/numbers', '--timeout=110s');
    expect(await kubectl('get', 'job', 'numbers', '-o', 'jsonpath={.status.completedIndexes} {.status.failedIndexes}')).toBe('0,2 1');
    expect(await kubectl('logs', '-l', 'batch.kubernetes.io/job-completion-index=2')).toBe('2 numbers-2\n');
    await expect.poll(() => kubectl('describe', 'job', 'numbers')).toMatch(/Warning\s+FailedIndexes\s.*Job has failed indexes/);
  });

  it('ends as its failure policy says', async () => {
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }];
    await apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'bug' },
      spec: { podFailurePolicy: { rules }, template: run('exit 42') },
    });
    await kubectl('wait', '--for=condition=failed', 'job/bug', '--timeout=110s');
    expect(await kubectl('get', 'job', 'bug', '-o', 'jsonpath={.status.conditions[?(@.type=="Failed")].message}')).toMatch(
      /^Container app for pod default\/bug-\w{5} failed with exit code 42 matching FailJob rule at index 0$/,
    );
  });
});

it('starts a CronJob by hand', async () => {
  await kubectl('create', 'cronjob', 'nightly', '--schedule=0 3 29 2 *', '--image=busybox', '--', 'date');
  await kubectl('create', 'job', 'now', '--from=cronjob/nightly');
  await kubectl('wait', '--for=condition=complete', 'job/now', '--timeout=110s');
  await until(['get', 'cronjob', 'nightly', '-o', 'jsonpath={.status.lastSuccessfulTime}'], /Z$/);
  expect(await kubectl('get', 'cronjobs')).toMatch(/nightly\s+0 3 29 2 \*\s+<none>\s+False\s+0\s+<none>/);
});

describe('a Deployment', () => {
  const deploy = async (app: string, replicas: number) => {
    const containers = [{ name: 'app', image: 'nginx', resources: { requests: { memory: '1Mi' } } }];
    const spec = { replicas, selector: { matchLabels: { app } }, template: { metadata: { labels: { app } }, spec: { containers } } };
    await apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: app }, spec });
    await kubectl('rollout', 'status', `deployment/${app}`, '--timeout=110s');
  };

  it('is drained no faster than its budget allows, and not at all when that is nothing', async () => {
    await deploy('web', 4);
    await kubectl('create', 'pdb', 'web', '--selector=app=web', '--min-available=100%');
    await until(['get', 'pdb', 'web'], /web\s+100%\s+N\/A\s+0\s/);
    const refused = await kubectl.run(['drain', 'node-0', '--force', '--ignore-daemonsets', '--timeout=8s']);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    await kubectl('patch', 'pdb', 'web', '--type=merge', '-p', '{"spec":{"minAvailable":"75%"}}');
    await until(['get', 'pdb', 'web'], /web\s+75%\s+N\/A\s+1\s/);
    expect(await kubectl('drain', 'node-0', '--force', '--ignore-daemonsets', '--timeout=110s')).toContain('node/node-0 drained');
    expect(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}')).not.toContain('node-0');
    await kubectl('uncordon', 'node-0');
  });

  it('is autoscaled by what its pods use', async () => {
    await deploy('busy', 1);
    await kubectl('autoscale', 'deployment', 'busy', '--min=2', '--max=3', '--cpu-percent=50');
    await until(['describe', 'hpa', 'busy'], /SuccessfulRescale\s.*New size: 2; reason: Current number of replicas below Spec.MinReplicas/);
    const metrics = [{ type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 50 } } }];
    await kubectl('patch', 'hpa', 'busy', '--type=merge', '-p', JSON.stringify({ spec: { metrics } }));
    await until(['get', 'deployment', 'busy', '-o', 'jsonpath={.status.readyReplicas}'], /^3$/);
    await until(['describe', 'hpa', 'busy'], /ScalingLimited\s+True\s+TooManyReplicas/);
  });
});
