/** `kubectl delete --cascade=foreground|background|orphan` of each kind of workload. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appsKinds, coreKinds, type KindInfo, type KubeObject, type Live, type Pod } from '../../api/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { deployments, replicasets, daemonsets, statefulsets, controllerrevisions } = appsKinds;
const { replicationcontrollers, pods } = coreKinds;
const NODES = ['n1', 'n2'];

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ nodes: NODES });
});
afterAll(() => plane[Symbol.asyncDispose]());

const KINDS: readonly { readonly kind: KindInfo; readonly between?: KindInfo | undefined }[] = [
  { kind: deployments, between: replicasets },
  { kind: replicasets },
  { kind: replicationcontrollers },
  { kind: daemonsets, between: controllerrevisions },
  { kind: statefulsets, between: controllerrevisions },
];
const POLICIES = ['Foreground', 'Background', 'Orphan'] as const;
const CASES = KINDS.flatMap((row) => POLICIES.map((policy) => ({ ...row, policy, resource: row.kind.resource })));

async function create(kind: KindInfo, name: string): Promise<void> {
  const selector = kind === replicationcontrollers ? { app: name } : { matchLabels: { app: name } };
  const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: 'web:1' }] } };
  await plane.create(kind, {
    apiVersion: kind.group === '' ? 'v1' : `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: { name, namespace: 'default' },
    spec: { selector, template, ...(kind === daemonsets ? {} : { replicas: NODES.length }) },
  });
}

const ofApp = (app: string) => (objects: Live<KubeObject>[]) => objects.filter(({ metadata }) => metadata.labels?.app === app);
const isRunning = ({ status }: Live<Pod>) => status.phase === 'Running';

describe('deletion', () => {
  it.each(CASES)('of $resource: $policy', async ({ kind, between, policy, resource }) => {
    const name = `${resource}-${policy.toLowerCase()}`;
    const mine = ofApp(name);
    await create(kind, name);
    const before = await plane.eventuallyAll<Pod>(pods, (all) => {
      const some = all.filter(({ metadata }) => metadata.labels?.app === name);
      return some.length === NODES.length && some.every(isRunning);
    });
    const uids = mine(before).map(({ metadata }) => metadata.uid);
    await plane.client.resource(kind).delete(name, { namespace: 'default', propagationPolicy: policy });
    await plane.eventuallyGone(kind, name);
    if (policy === 'Orphan') {
      const left = mine(await plane.list<Pod>(pods, 'default'));
      expect(left.map(({ metadata }) => metadata.uid)).toEqual(uids);
      const free = between === replicasets ? await plane.list(replicasets, 'default') : left;
      expect(mine(free).flatMap(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([]);
      return;
    }
    // In the foreground, the owner goes last.
    if (policy === 'Foreground') expect(mine(await plane.list<Pod>(pods, 'default'))).toEqual([]);
    await plane.eventuallyAll<Pod>(pods, (all) => mine(all).length === 0);
    if (between) await plane.eventuallyAll<KubeObject>(between, (all) => mine(all).length === 0);
  });
});
