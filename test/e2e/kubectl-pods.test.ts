// The life of pods, seen by kubectl: all of one manifest at once, for that is what takes its time.
import { expect, it } from 'vitest';
import { useCluster } from '../support/cluster.ts';

const { kubectl } = useCluster({ manifest: 'pod-lifecycle' });
const { until, minor } = kubectl;

const of = (pod: string, path: string): string[] => ['get', 'pod', pod, '-o', `jsonpath={${path}}`];
const eventsOf = (pod: string): string[] => ['get', 'events', '--field-selector', `involvedObject.name=${pod}`];

it('containers of a pod share its volumes and its address', async () => {
  await kubectl('wait', '--for=condition=Ready', 'pod/shares', '--timeout=110s');
  await until(['logs', 'shares', '-c', 'helper'], 'written by the init container\n');
  expect(await kubectl('exec', 'shares', '-c', 'helper', '--', 'wget', '-qO-', 'http://localhost')).toBe('written by the init container\n');
});

it('variables and files hold what the pod refers to', async () => {
  await until(of('configured', '.status.phase'), /^Succeeded$/);
  expect(await kubectl('logs', 'configured')).toBe('configured debug s3cret 67108864\ncolor=blue\nzone="us-east"');
});

it('hooks run in their container, beside a sidecar whose processes are seen', async () => {
  await kubectl('wait', '--for=condition=Ready', 'pod/hooked', '--timeout=110s');
  await until(['logs', 'hooked', '-c', 'side'], /^started\n$/);
  expect(await kubectl('exec', 'hooked', '-c', 'side', '--', 'ps')).toMatch(/ 1 \S+ .*\/pause\n(.*\n)*.*nginx/);
});

it('a pod is ready once its probes pass, and one whose liveness fails is restarted', async () => {
  await kubectl('wait', '--for=condition=Ready', 'pod/probed', '--timeout=110s');
  await until(of('flaky', '.status.containerStatuses[0].restartCount'), /^[1-9]/);
  await until(eventsOf('flaky'), /Liveness probe failed: cat: can't open '\/tmp\/healthy': No such file or directory/);
  await until(eventsOf('flaky'), /Container main failed liveness probe, will be restarted/);
});

it('what must not run as root waits, and says why', async () => {
  await until(['get', 'pod', 'rootless'], /CreateContainerConfigError/);
  await until(eventsOf('rootless'), /Error: container has runAsNonRoot and image will run as root/);
});

it.skipIf(minor < 32)('a running pod is given other resources', async () => {
  const resources = { requests: { cpu: '200m', memory: '64Mi' } };
  const patch = JSON.stringify({ spec: { containers: [{ name: 'main', resources }] } });
  await kubectl('patch', 'pod', 'hooked', '--subresource', 'resize', '--patch', patch);
  await until(of('hooked', '.status.containerStatuses[0].resources.requests.cpu'), /^200m$/);
  await until(eventsOf('hooked'), /Pod resize completed/);
  expect(await kubectl(...of('hooked', '.status.containerStatuses[0].restartCount'))).toBe('0');
});

it.skipIf(minor < 23)('a pod is debugged by a container that comes to it', async () => {
  await kubectl('debug', 'probed', '--image=busybox', '--container=look', '--target=web', '--', 'sh', '-c', 'ps; sleep 3600');
  await until(['logs', 'probed', '-c', 'look'], /nginx/);
});

it('a deleted pod ends as soon as its containers do, the sidecar last', async () => {
  await kubectl('delete', 'pod', 'hooked', '--timeout=110s');
  await until(eventsOf('hooked'), /Stopping container side/);
  expect((await kubectl.run(['get', 'pod', 'hooked'])).stderr).toContain('not found');
});
