// Two controller managers of one cluster: one works, the other takes over when the lease has run out, and nothing is done twice.
import { expect, it } from 'vitest';
import { appsKinds, coordinationKinds, coreKinds, type Lease, type Pod, type ReplicaSet } from '../../api/index.ts';
import { type ApiClient, createClient } from '../../client/index.ts';
import { createControllerManager } from '../../controller-manager/index.ts';
import { type Service, seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane, waitFor } from '../support/control-plane.ts';

const LEASE = { name: 'two-managers', namespace: 'kube-system' };
/** Long enough that no stall of a busy machine loses it. */
const LEASE_MS = 6000;
const RENEW_MS = 4500;
const RETRY_MS = 200;

interface Manager {
  readonly service: Service;
  readonly client: ApiClient;
}

async function aManager(plane: ControlPlane, identity: string, seed: number): Promise<Manager> {
  const client = createClient({ ...plane.manager, userAgent: identity });
  const service = createControllerManager({
    client,
    clock: systemClock,
    random: seededRandom(seed),
    logger: silentLogger,
    controllers: ['replicaset'],
    leaderElection: { ...LEASE, identity, leaseDurationMs: LEASE_MS, renewDeadlineMs: RENEW_MS, retryPeriodMs: RETRY_MS },
  });
  await service.start();
  return { service, client };
}

const leader = async (plane: ControlPlane): Promise<string | undefined> =>
  (await plane.get<Lease>(coordinationKinds.leases, LEASE.name, LEASE.namespace)).spec.holderIdentity;

const leads = (plane: ControlPlane, identity: string): Promise<true> =>
  waitFor(
    async () => ((await leader(plane)) === identity ? true : undefined),
    () => `${identity} does not lead`,
  );

const replicaSet = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
  },
});

/** Every pod that was ever made, by who watches. */
async function watchPods(client: ApiClient, signal: AbortSignal): Promise<Set<string>> {
  const made = new Set<string>();
  const pods = client.resource<Pod>(coreKinds.pods);
  const { metadata } = await pods.list({ namespace: 'default' });
  const follow = async () => {
    for await (const event of pods.watch({ namespace: 'default', resourceVersion: metadata?.resourceVersion ?? '', signal })) {
      if (event.type === 'ADDED') made.add(event.object.metadata.uid);
    }
  };
  follow().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return made;
}

it('the second takes over when the first stops, or is cut off, and no pod is made twice', async () => {
  await using plane = await startControlPlane({ controllers: ['serviceaccount'], nodes: ['n1'] });
  await plane.eventuallyAll(coreKinds.serviceaccounts, (all) => all.length === 1);
  const end = new AbortController();
  const made = await watchPods(plane.client, end.signal);
  const first = await aManager(plane, 'first', 1);
  const second = await aManager(plane, 'second', 2);
  const running: Manager[] = [first, second];
  try {
    expect(await leader(plane)).toBe('first');
    await plane.create(appsKinds.replicasets, replicaSet('web', 10));
    await plane.eventually<ReplicaSet>(appsKinds.replicasets, 'web', ({ status }) => status.readyReplicas === 10);

    // Cut off in the middle of its work: nobody gives the lease back.
    await plane.client
      .resource<ReplicaSet>(appsKinds.replicasets)
      .patch('web', { spec: { replicas: 60 } }, { namespace: 'default', type: 'merge' });
    await waitFor(
      async () => (made.size > 12 ? true : undefined),
      () => `${made.size} pods were made`,
    );
    await first.client.close();
    await leads(plane, 'second');
    await plane.eventually<ReplicaSet>(appsKinds.replicasets, 'web', ({ status }) => status.readyReplicas === 60);
    await expect.poll(() => made.size).toBe(60);

    // Stopped, it gives the lease back: the next need not wait for it.
    const third = await aManager(plane, 'third', 3);
    running.push(third);
    await second.service.stop();
    expect(await leader(plane)).not.toBe('second');
    await leads(plane, 'third');
    await plane.create(appsKinds.replicasets, replicaSet('more', 5));
    await plane.eventually<ReplicaSet>(appsKinds.replicasets, 'more', ({ status }) => status.readyReplicas === 5);
    await expect.poll(() => made.size).toBe(65);
  } finally {
    end.abort();
    for (const { service, client } of running) {
      await service.stop();
      await client.close();
    }
  }
});
