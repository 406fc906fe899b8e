// Two schedulers of one cluster: one works, the other takes over when the lease has run out, and every pod is bound once.
import { expect, it } from 'vitest';
import { coordinationKinds, coreKinds, type Event, type Lease, type Node, type Pod } from '../../api/index.ts';
import { type ApiClient, createClient } from '../../client/index.ts';
import { type Service, seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { createScheduler, readConfiguration } from '../../scheduler/index.ts';
import { type ControlPlane, startControlPlane, waitFor } from '../support/control-plane.ts';

const LEASE = { resourceName: 'two-schedulers', resourceNamespace: 'kube-system' };
/** Long enough that no stall of a busy machine loses it. */
const LEASE_MS = 6000;
const RENEW_MS = 4500;
const RETRY_MS = 200;

interface Candidate {
  readonly service: Service;
  readonly client: ApiClient;
  /** Whether it was told that it leads no more. */
  readonly lost: () => boolean;
}

async function aScheduler(plane: ControlPlane, userAgent: string, seed: number): Promise<Candidate> {
  const client = createClient({ ...plane.manager, userAgent });
  const leaderElection = { ...LEASE, leaseDuration: `${LEASE_MS}ms`, renewDeadline: `${RENEW_MS}ms`, retryPeriod: `${RETRY_MS}ms` };
  let lost = false;
  const service = createScheduler({
    client,
    clock: systemClock,
    random: seededRandom(seed),
    logger: silentLogger,
    configuration: readConfiguration({ leaderElection: { ...leaderElection, leaderElect: true } }, '.'),
    onLeadershipLost: () => {
      lost = true;
    },
  });
  await service.start();
  return { service, client, lost: () => lost };
}

const leader = async (plane: ControlPlane): Promise<string | undefined> => {
  const leases = await plane.list<Lease>(coordinationKinds.leases, LEASE.resourceNamespace);
  return leases.find(({ metadata }) => metadata.name === LEASE.resourceName)?.spec.holderIdentity || undefined;
};

/** Waits until somebody else leads than before. @returns who. */
const leadsAfter = (plane: ControlPlane, before: string | undefined): Promise<string> =>
  waitFor(
    async () => {
      const now = await leader(plane);
      return now === before ? undefined : now;
    },
    () => `nobody leads after ${before}`,
  );

async function aNode(plane: ControlPlane, name: string): Promise<void> {
  const amounts = { cpu: '100', memory: '100Gi', pods: '110' };
  await plane.create(coreKinds.nodes, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: { allocatable: amounts, capacity: amounts },
  });
  // Admission keeps new nodes out until their controller has looked at them; there is none here.
  await plane.client.resource<Node>(coreKinds.nodes).patch(name, { spec: { taints: null } }, { type: 'merge' });
}

async function pods(plane: ControlPlane, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const metadata = { name, namespace: 'default' };
    await plane.create(coreKinds.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }] },
    });
  }
}

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

const areBound = (plane: ControlPlane, count: number): Promise<unknown> =>
  plane.eventuallyAll<Pod>(coreKinds.pods, (all) => all.filter(({ spec }) => spec.nodeName).length === count);

/** How many Scheduled events there are of each pod. */
async function scheduled(plane: ControlPlane): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const { reason, involvedObject } of await plane.list<Event>(coreKinds.events, 'default')) {
    const { name = '' } = involvedObject;
    if (reason === 'Scheduled') counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Waits until who bound these pods has told of all of them. */
const areTold = (plane: ControlPlane, pods: readonly string[]): Promise<unknown> =>
  expect
    .poll(async () => {
      const told = await scheduled(plane);
      return pods.filter((name) => !told.has(name));
    })
    .toEqual([]);

it('the second takes over when the first stops, or is cut off, and no pod is bound twice', async () => {
  await using plane = await startControlPlane({ controllers: ['serviceaccount'] });
  await plane.eventuallyAll(coreKinds.serviceaccounts, (all) => all.length === 1);
  await aNode(plane, 'a');
  await aNode(plane, 'b');
  const first = await aScheduler(plane, 'first', 1);
  const one = await leadsAfter(plane, undefined);
  const second = await aScheduler(plane, 'second', 2);
  const running: Candidate[] = [first, second];
  try {
    await pods(plane, names('before', 10));
    await areBound(plane, 10);

    // Cut off in the middle of its work: nobody gives the lease back.
    const created = pods(plane, names('during', 30));
    await first.client.close();
    const two = await leadsAfter(plane, one);
    await created;
    await areBound(plane, 40);
    // Each sees by its own clock that it leads no more.
    await expect.poll(first.lost).toBe(true);
    expect(second.lost()).toBe(false);
    // Of what the first bound before, some events are lost with it: only who is cut off cannot write them.
    await pods(plane, names('late', 20));
    await areBound(plane, 60);
    await areTold(plane, names('late', 20));

    // Stopped, it gives the lease back: the next need not wait for it.
    const third = await aScheduler(plane, 'third', 3);
    running.push(third);
    await second.service.stop();
    expect(await leader(plane)).not.toBe(two);
    await leadsAfter(plane, two);
    await pods(plane, names('after', 5));
    await areBound(plane, 65);
    await areTold(plane, names('after', 5));

    await third.service.stop();
    expect([...(await scheduled(plane))].filter(([, count]) => count > 1)).toEqual([]);
  } finally {
    for (const { service, client } of running) {
      await service.stop();
      await client.close();
    }
  }
});
