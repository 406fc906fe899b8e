// Health of scheduler and controller manager, as upstream's tell of it. Upstream: cmd/kube-scheduler/app/server.go,
// cmd/kube-controller-manager/app/controllermanager.go.
import { expect, it } from 'vitest';
import { coreKinds } from '../../api/index.ts';
import { createClient } from '../../client/index.ts';
import { createControllerManager } from '../../controller-manager/index.ts';
import { createMetrics, type Health, seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { createScheduler, readConfiguration } from '../../scheduler/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const told = async (health: Health, url: string): Promise<string> => {
  const { status, body } = (await health.answer('GET', url)) ?? { status: 404, body: '' };
  return `${status} ${body}`;
};

/** @param seed of its identity: one for each candidate. */
function aScheduler(plane: ControlPlane, configuration: object, seed: number) {
  const client = createClient({ ...plane.manager, userAgent: 'scheduler' });
  const metrics = createMetrics();
  const read = readConfiguration(configuration, '.');
  const parts = { clock: systemClock, random: seededRandom(seed), logger: silentLogger };
  const service = createScheduler({ client, metrics, configuration: read, ...parts });
  return {
    health: service.health,
    resources: () => metrics.textAt('/metrics/resources'),
    start: () => service.start(),
    async [Symbol.asyncDispose]() {
      await service.stop();
      await client.close();
    },
  };
}

it('a scheduler is ready when it knows the cluster, whether it leads or stands by', async () => {
  await using plane = await startControlPlane({ controllers: ['serviceaccount'] });
  await using first = aScheduler(plane, {}, 1);
  expect(await told(first.health, '/readyz')).toBe(
    '500 [+]leaderElection ok\n[+]shutdown ok\n[-]sched-handler-sync failed: reason withheld\nreadyz check failed\n',
  );
  expect(await told(first.health, '/readyz/sched-handler-sync')).toBe('500 internal server error: handlers are not fully synchronized\n');
  await first.start();
  await expect.poll(() => told(first.health, '/readyz')).toBe('200 ok');
  expect(await told(first.health, '/healthz?verbose')).toBe('200 [+]leaderElection ok\nhealthz check passed\n');
  expect(await told(first.health, '/livez?verbose')).toBe('200 [+]ping ok\nlivez check passed\n');
  expect(await told(first.health, '/readyz?verbose')).toBe(
    '200 [+]leaderElection ok\n[+]shutdown ok\n[+]sched-handler-sync ok\nreadyz check passed\n',
  );
  await plane.create(coreKinds.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }] },
  });
  await expect.poll(() => first.resources()).toContain('kube_pod_resource_request{namespace="default"');

  await using standby = aScheduler(plane, {}, 2);
  await standby.start();
  await expect.poll(() => told(standby.health, '/readyz')).toBe('200 ok');
  // It knows of the pod, and leaves it to who leads to tell of it.
  expect(await standby.resources()).toBe('');

  await using idle = aScheduler(plane, { delayCacheUntilActive: true }, 3);
  await idle.start();
  expect(await told(idle.health, '/readyz?exclude=sched-handler-sync')).toBe('200 ok');
  expect(await told(idle.health, '/readyz')).toMatch(/^500 /);
});

it('a scheduler that leads by nobody’s leave, and stops, says so', async () => {
  await using plane = await startControlPlane({ controllers: ['serviceaccount'] });
  const scheduler = aScheduler(plane, { leaderElection: { leaderElect: false } }, 1);
  await scheduler.start();
  expect(await told(scheduler.health, '/healthz?verbose')).toBe('200 [+]ping ok\nhealthz check passed\n');
  await scheduler[Symbol.asyncDispose]();
  expect(await told(scheduler.health, '/readyz/shutdown')).toBe('500 internal server error: process is shutting down\n');
});

it('a controller manager names the controllers that work, as long as it leads', async () => {
  await using plane = await startControlPlane({ controllers: ['serviceaccount'] });
  const client = createClient({ ...plane.manager, userAgent: 'manager' });
  const aManager = (identity: string) =>
    createControllerManager({ client, controllers: ['ttl', 'root-ca-cert-publisher'], leaderElection: { name: 'health', identity } });
  const [first, second] = [aManager('first'), aManager('second')];
  try {
    expect(await told(first.health, '/healthz?verbose')).toBe('200 [+]leaderElection ok\nhealthz check passed\n');
    await first.start();
    await second.start();
    expect(await told(first.health, '/healthz?verbose')).toBe(
      '200 [+]leaderElection ok\n[+]root-ca-certificate-publisher-controller ok\n[+]ttl-controller ok\nhealthz check passed\n',
    );
    expect(await told(first.health, '/healthz/ttl-controller')).toBe('200 ok');
    expect(await told(second.health, '/healthz?verbose')).toBe('200 [+]leaderElection ok\nhealthz check passed\n');
    expect(await told(second.health, '/healthz/ttl-controller')).toBe('404 ');
    await first.stop();
    expect(await told(first.health, '/healthz?verbose')).toBe('200 [+]leaderElection ok\nhealthz check passed\n');
  } finally {
    await first.stop();
    await second.stop();
    await client.close();
  }
});
