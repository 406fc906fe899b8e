// Manifests of the shape that popular charts render: put in as an installer does, waited for, taken away again, with nothing left behind.
import { expect, it } from 'vitest';
import { manifestFile, needsKubectl, useCluster } from '../support/cluster.ts';

needsKubectl();

const { kubectl } = useCluster({ nodes: 2, args: ['--ephemeral'] });
const { until } = kubectl;

const install = async (chart: string) => {
  const file = manifestFile(`charts/${chart}`);
  await kubectl('apply', '--server-side', '-f', file);
  return file;
};
const remove = async (file: string, namespace: string) => {
  await kubectl('delete', '-f', file, '--wait=false', '--ignore-not-found');
  await until(['get', 'namespaces', '-o', 'name'], new RegExp(`^(?!.*namespace/${namespace}\\n)`, 's'));
  await until(['get', 'pods,pvc', '-n', namespace, '-o', 'name'], /^$/);
};

it('an ingress controller', { timeout: 600_000 }, async () => {
  const file = await install('ingress-controller');
  await kubectl('rollout', 'status', '-n', 'edge', 'deployment/edge-controller', '--timeout=110s');
  // The hook's Job goes as soon as it has succeeded.
  await until(['get', 'jobs', '-n', 'edge', '-o', 'name'], /^$/);
  await until(['get', 'events', '-n', 'edge'], /Completed\s+job\/edge-admission-create\s+Job completed/);
  await until(['get', 'pdb', '-n', 'edge'], /edge-controller\s+1\s+N\/A\s+1\s/);
  await until(['get', 'endpoints', '-n', 'edge', 'edge-admission', '-o', 'jsonpath={.subsets[*].addresses[*].ip}'], /^\S+ \S+$/);
  await remove(file, 'edge');
});

it('a database', { timeout: 600_000 }, async () => {
  const file = await install('database');
  await kubectl('rollout', 'status', '-n', 'data', 'statefulset/db', '--timeout=110s');
  expect(await kubectl('logs', '-n', 'data', 'db-1', '-c', 'db')).toBe('prepared\n');
  expect(await kubectl('get', 'pvc', '-n', 'data')).toMatch(/data-db-0\s+Bound[\s\S]*data-db-1\s+Bound/);
  await kubectl('create', 'job', '-n', 'data', 'backup', '--from=cronjob/db-backup');
  await kubectl('wait', '-n', 'data', '--for=condition=complete', 'job/backup', '--timeout=110s');
  await until(['get', 'pdb', '-n', 'data'], /db\s+N\/A\s+1\s+1\s/);
  await remove(file, 'data');
});

it('monitoring', { timeout: 600_000 }, async () => {
  const file = await install('monitoring');
  await kubectl('rollout', 'status', '-n', 'watchtower', 'daemonset/node-agent', '--timeout=110s');
  await kubectl('rollout', 'status', '-n', 'watchtower', 'deployment/server', '--timeout=110s');
  await kubectl('wait', '--for=condition=established', 'crd/rules.monitoring.example.com', '--timeout=110s');
  await until(['get', 'hpa', '-n', 'watchtower'], /server\s+Deployment\/server\s+\S*\s?\S+\/1Gi\s+1\s+1\s+1/);
  await remove(file, 'watchtower');
});
