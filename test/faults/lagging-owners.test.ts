// The cache of owners lags behind that of pods: somebody takes the pods of an owner that is being deleted, as the garbage collector of another process
// does, and its controller knows nothing of the deletion yet. It must not replace them, for they would be taken again, and replaced again.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appsKinds, batchKinds, coreKinds, type KindInfo, type KubeObject, type Live, type Pod } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { Gates } from '../support/gates.ts';

const { pods } = coreKinds;
const NODES = ['n1', 'n2'];
const gates = new Gates();
/** A Job waits for 10 s before it makes a pod again. */
const clock = new VirtualClock(Date.parse('2026-01-01T12:00:00Z'));
let plane: ControlPlane;
beforeAll(async () => {
  // The stand-ins of nodes report once.
  const settings = { nodeMonitorGracePeriodMs: 24 * 3_600_000 };
  plane = await startControlPlane({ nodes: NODES, gates, clock, settings, controllers: ['*', '-garbage-collector-controller'] });
});
let stop = new AbortController();
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => {
  gates.openAll();
  stop.abort();
});
afterAll(() => plane[Symbol.asyncDispose]());

const mine = (app: string) => (all: readonly Live<Pod>[]) => all.filter(({ metadata }) => metadata.labels?.app === app);
const running = (app: string) =>
  plane.eventuallyAll<Pod>(pods, (all) => mine(app)(all).filter(({ status }) => status.phase === 'Running').length === 2, 'default');

/** It asks whether the owner lives: time goes on until it does. */
const asks = (resource: string) => {
  const waiting = async () => {
    await clock.advance(500);
    return gates.waiting(`get ${resource}`);
  };
  return expect.poll(waiting, { interval: 10, timeout: 60_000 }).toBe(1);
};

/** The uids of all pods there ever were since then. */
async function remember(made: Set<string>, signal: AbortSignal): Promise<void> {
  const of = plane.client.resource<Pod>(pods);
  const { metadata } = await of.list({ namespace: 'default' });
  const follow = async () => {
    for await (const { type, object } of of.watch({ namespace: 'default', resourceVersion: metadata.resourceVersion, signal }))
      if (type === 'ADDED') made.add(object.metadata.uid);
  };
  follow().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

interface Counted extends KubeObject {
  readonly status?: { readonly readyReplicas?: number; readonly numberReady?: number; readonly ready?: number };
}

interface Case {
  readonly kind: KindInfo;
  readonly spec: object;
  readonly pod?: object;
  readonly policies?: readonly Policy[];
}
type Policy = 'Foreground' | 'Background';

const CASES: Case[] = [
  { kind: appsKinds.replicasets, spec: { replicas: 2 } },
  { kind: coreKinds.replicationcontrollers, spec: { replicas: 2 } },
  { kind: appsKinds.statefulsets, spec: { replicas: 2, serviceName: 'x', podManagementPolicy: 'Parallel' } },
  { kind: appsKinds.daemonsets, spec: {} },
  { kind: batchKinds.jobs, spec: { parallelism: 2, completions: 2 }, pod: { restartPolicy: 'Never' }, policies: ['Background'] },
];

const anOwner = async ({ kind, spec, pod = {} }: Case, app: string): Promise<void> => {
  const selector = kind === batchKinds.jobs ? {} : { selector: kind.group === '' ? { app } : { matchLabels: { app } } };
  const template = { metadata: { labels: { app } }, spec: { containers: [{ name: 'app', image: 'web:1' }], ...pod } };
  const { group, version } = kind;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const metadata = { name: app, namespace: 'default' };
  await plane.create(kind, { apiVersion, kind: kind.kind, metadata, spec: { ...spec, ...selector, template } });
  await running(app);
  // Nothing is left to be written, of which the cache would have to hear.
  await plane.eventually<Counted>(kind, app, ({ status = {} }) => (status.readyReplicas ?? status.numberReady ?? status.ready) === 2);
};

it('the ReplicaSets of a Deployment are not replaced after a deletion of which the cache does not know', async () => {
  const { deployments, replicasets } = appsKinds;
  const setsOf = (name: string, all: readonly Live<KubeObject>[]) => all.filter(({ metadata }) => metadata.name.startsWith(`${name}-`));
  await anOwner({ kind: deployments, spec: { replicas: 2 } }, 'web');
  const [set] = setsOf('web', await plane.list(replicasets, 'default'));
  gates.holdAt('watch deployments', ({ metadata }) => metadata.annotations?.doomed !== undefined);
  await plane.client
    .resource(deployments)
    .patch('web', { metadata: { annotations: { doomed: '' } } }, { namespace: 'default', type: 'merge' });
  gates.close('get deployments');
  await plane.client.resource(deployments).delete('web', { namespace: 'default', propagationPolicy: 'Background' });
  await plane.client.resource(replicasets).delete(set?.metadata.name ?? '', { namespace: 'default', propagationPolicy: 'Background' });
  await asks('deployments');
  gates.openAll();
  await anOwner({ kind: deployments, spec: { replicas: 2 } }, 'next');
  expect(setsOf('web', await plane.list(replicasets, 'default'))).toEqual([]);
});

describe.each(CASES)('the pods of one of $kind.resource', (one) => {
  const { kind, policies = ['Foreground', 'Background'] } = one;
  it.each(policies)('are not replaced after a deletion of which the cache does not know: %s', async (policy) => {
    const app = `${kind.singular}-${policy.toLowerCase()}`;
    const stop = new AbortController();
    const made = new Set<string>();
    await remember(made, stop.signal);
    await anOwner(one, app);
    gates.close(`watch ${kind.resource}`);
    gates.close(`get ${kind.resource}`);
    await plane.client.resource(kind).delete(app, { namespace: 'default', propagationPolicy: policy });
    for (const { metadata } of mine(app)(await plane.list<Pod>(pods, 'default'))) {
      await plane.client.resource(pods).delete(metadata.name, { namespace: 'default', gracePeriodSeconds: 0 });
    }
    await asks(kind.resource);
    // It is told.
    gates.openAll();
    // By the time that another one has its pods, it would have had more.
    await anOwner(one, `${app}-next`);
    stop.abort();
    expect(made.size).toBe(4);
  });
});
