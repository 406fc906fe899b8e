// Custom resources as people use them: with every kubectl on this machine, on a whole cluster.
import { expect, it } from 'vitest';
import { findKubectls, kubectlOf, manifestFile as manifest, needsKubectl, useCluster } from '../support/cluster.ts';

needsKubectl();

const world = useCluster({ nodes: 1 });
const { kubectl } = world;

const gone = (...args: string[]): Promise<unknown> => kubectl.until(['get', ...args], /NotFound/);

it.each(findKubectls())('%s defines a kind, uses it and takes it away', async (binary) => {
  const use = kubectlOf(binary, world.cluster.kubeconfig);
  expect(await use('create', '-f', manifest('crontabs'))).toContain('created');
  expect(await use('wait', '--for=condition=established', 'crd/crontabs.stable.example.com', '--timeout=110s')).toContain('condition met');
  // Established means: found, described and served.
  expect(await use('explain', 'crontab.spec')).toMatch(/cronSpec\s+<string>/);
  expect(await use('api-resources', '--api-group=stable.example.com')).toMatch(/crontabs\s+ct\s+stable.example.com\/v1\s+true\s+CronTab/);
  expect(await use('apply', '-f', manifest('crontab'))).toBe('crontab.stable.example.com/nightly created\n');
  expect(await use('get', 'ct')).toMatch(/^NAME\s+SPEC\s+REPLICAS\s+AGE\nnightly\s+0 3 \* \* \*\s+2\s+\d+s\n$/);
  expect(await use('get', 'ct', '-o', 'wide')).toMatch(/IMAGE\s+AGE\nnightly\s+0 3 \* \* \*\s+2\s+busybox\s+\d+s/);
  expect(await use('get', 'all')).toContain('crontab.stable.example.com/nightly');
  await use('scale', 'ct/nightly', '--replicas=5');
  await use('patch', 'ct', 'nightly', '--type=merge', '-p', '{"spec":{"image":"alpine"}}');
  expect(await use('get', 'ct', 'nightly', '-o', 'jsonpath={.spec.replicas} {.spec.image}')).toBe('5 alpine');
  const strategic = await use.run(['patch', 'ct', 'nightly', '-p', '{"spec":{}}']);
  expect(strategic.stderr).toContain('application/strategic-merge-patch+json is not supported by stable.example.com/v1, Kind=CronTab');
  const conflict = await use.run(['apply', '--server-side', '-f', manifest('crontab')]);
  expect(conflict.stderr).toContain('.spec.replicas');
  await use('apply', '--server-side', '--force-conflicts', '-f', manifest('crontab'));
  expect(await use('get', 'ct', 'nightly', '-o', 'jsonpath={.spec.replicas}')).toBe('2');
  const unknown = await use.run(['patch', 'ct', 'nightly', '--type=merge', '-p', '{"spec":{"cronSpec":"never"}}']);
  expect(unknown.stderr).toContain('spec.cronSpec: Invalid value: "never": spec.cronSpec in body should match');
  await use('delete', 'crd', 'crontabs.stable.example.com', '--timeout=110s');
  expect((await use.run(['get', 'ct'])).stderr).toMatch(
    /the server (doesn't have a resource type "ct"|could not find the requested resource)/,
  );
});

it('the garbage collector and the namespace controller know a kind that was defined while they run', async () => {
  await kubectl('create', '-f', manifest('crontabs'));
  await kubectl('wait', '--for=condition=established', 'crd/crontabs.stable.example.com', '--timeout=110s');
  await kubectl('create', 'namespace', 'doomed');
  await kubectl('-n', 'doomed', 'create', '-f', manifest('crontab'));
  await kubectl('create', '-f', manifest('crontab'));
  const uid = await kubectl('get', 'ct', 'nightly', '-o', 'jsonpath={.metadata.uid}');
  const owner = { apiVersion: 'stable.example.com/v1', kind: 'CronTab', name: 'nightly', uid };
  await kubectl('create', 'configmap', 'owned');
  await kubectl('patch', 'configmap', 'owned', '--type=merge', '-p', JSON.stringify({ metadata: { ownerReferences: [owner] } }));
  await kubectl('delete', 'ct', 'nightly');
  await gone('configmap', 'owned');
  await kubectl('delete', 'namespace', 'doomed', '--timeout=110s');
  expect(await kubectl('get', 'ct', '-A', '-o', 'name')).toBe('');
}); // The collector asks every 30 seconds which kinds there are, as upstream's.

it('roles may speak of it', async () => {
  await kubectl('create', 'clusterrole', 'crontab-reader', '--verb=get,list', '--resource=crontabs.stable.example.com');
  await kubectl('create', 'clusterrolebinding', 'crontab-reader', '--clusterrole=crontab-reader', '--user=alice');
  expect((await kubectl.run(['get', 'ct', '--as=alice'])).stderr).toContain('No resources found');
  expect((await kubectl.run(['get', 'ct', '--as=bob'])).stderr).toContain(
    'User "bob" cannot list resource "crontabs" in API group "stable.example.com"',
  );
});
