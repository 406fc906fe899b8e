import { describe, expect, it, test } from 'vitest';
import type { PersistentVolume, Volume } from '../../../api/index.ts';
import { CODE, GrpcError } from '../../../runtime/grpc.ts';
import type { DriverVolume, NodeDriver } from '../../runtime/node-drivers.ts';
import { aContainer, aPod } from '../../testing/builders.ts';
import { TestNode } from '../../testing/node-harness.ts';

const metadata = { name: 'd.io', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
const INLINE: Volume = { name: 'v', csi: { driver: 'd.io', volumeAttributes: { a: 'b' } } };
const CLAIM: Volume = { name: 'v', persistentVolumeClaim: { claimName: 'c' } };

type Call = 'stage' | 'unstage' | 'publish' | 'unpublish' | 'expand';

/** A driver on a node, and what it is asked. */
class FakeDriver implements NodeDriver {
  readonly name = 'd.io';
  readonly nodeId = 'n';
  readonly topology = {};
  readonly volumesMax = 0;
  readonly calls: string[] = [];
  readonly published: DriverVolume[] = [];
  /** Answers to come, by call: errors' numbers. */
  readonly answers: Partial<Record<Call, number[]>> = {};
  readonly can = (capability: string) => Promise.resolve(capability === 'stageUnstageVolume' || capability === 'expandVolume');
  readonly stage = () => this.#answer('stage');
  readonly unstage = () => this.#answer('unstage');
  readonly unpublish = () => this.#answer('unpublish');
  readonly expand = () => this.#answer('expand');
  readonly close = () => undefined;

  publish(volume: DriverVolume): Promise<void> {
    this.published.push(volume);
    return this.#answer('publish');
  }

  #answer(call: Call): Promise<void> {
    const number = this.answers[call]?.shift();
    this.calls.push(number === undefined ? call : `${call} ${number}`);
    return number === undefined ? Promise.resolve() : Promise.reject(new GrpcError(number, 'no'));
  }
}

/** A node with the driver; a pod with a volume of it is run. */
async function ran(volume: Volume, prepare: (driver: FakeDriver, node: TestNode) => void = () => undefined) {
  const node = new TestNode();
  const driver = new FakeDriver();
  node.services.runtime.drivers.register(driver);
  const csi: NonNullable<PersistentVolume['spec']['csi']> = { driver: 'd.io', volumeHandle: 'h' };
  node.claims.bind('c', { csi, accessModes: ['ReadWriteOnce'] });
  node.claims.drivers.set('d.io', { metadata, spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral', 'Persistent'] } });
  prepare(driver, node);
  await node.run({}, podWith('p', volume));
  await node.pass(1);
  return { driver, node };
}

const podWith = (name: string, volume: Volume) => {
  const mounts = [{ name: 'v', mountPath: '/v' }];
  const containers = [aContainer('main', { image: 'busybox', command: ['sleep', '9999'], volumeMounts: mounts })];
  return aPod({ containers, volumes: [volume], terminationGracePeriodSeconds: 0, serviceAccountName: 'sa' }, { name });
};

async function ends(node: TestNode): Promise<void> {
  node.worker?.remove();
  for (let i = 0; i < 8; i++) await node.pass(1);
}

describe('after a call to stage a volume', () => {
  it.each([
    ['that succeeded it is unstaged', undefined, ['stage', 'publish', 'unpublish', 'unstage']],
    ['that failed for good it is not', CODE.invalidArgument, ['stage 3']],
    ['that may still be under way it is', CODE.deadlineExceeded, ['stage 4', 'unstage']],
  ])('%s', async (_what, number, calls) => {
    const { driver, node } = await ran(CLAIM, ({ answers }) => {
      if (number !== undefined) answers.stage = Array.from({ length: 99 }, () => number);
    });
    await ends(node);
    expect([...new Set(driver.calls)]).toEqual(calls);
  });
});

test('a volume is unpublished and unstaged until that succeeds', async () => {
  const { driver, node } = await ran(CLAIM, ({ answers }) => {
    answers.unpublish = [CODE.internal];
    answers.unstage = [CODE.internal];
  });
  await ends(node);
  expect(driver.calls).toEqual(['stage', 'publish', 'unpublish 13', 'unpublish', 'unstage 13', 'unstage']);
});

test('a driver hears of the pod, its tokens and its secrets where that is wanted', async () => {
  const volume: Volume = { name: 'v', csi: { ...INLINE.csi, driver: 'd.io', nodePublishSecretRef: { name: 's' } } };
  const { driver } = await ran(volume, (_driver, node) => {
    const spec = { podInfoOnMount: true, tokenRequests: [{ audience: 'aud' }], volumeLifecycleModes: ['Ephemeral'] };
    node.claims.drivers.set('d.io', { metadata, spec });
    node.source.secrets.set('s', { k: Buffer.from('x').toString('base64') });
  });
  const [published] = driver.published;
  expect(published?.secrets).toEqual({ k: 'x' });
  expect(published?.context).toMatchObject({
    a: 'b',
    'csi.storage.k8s.io/pod.name': 'p',
    'csi.storage.k8s.io/pod.namespace': 'default',
    'csi.storage.k8s.io/serviceAccount.name': 'sa',
    'csi.storage.k8s.io/ephemeral': 'true',
  });
  expect(Object.keys(JSON.parse(published?.context['csi.storage.k8s.io/serviceAccount.tokens'] ?? '{}') as object)).toEqual(['aud']);
});

test('a volume is published again for as long as the pod lives, where the driver wants it', async () => {
  const { driver, node } = await ran(INLINE, (_driver, { claims }) => {
    claims.drivers.set('d.io', { metadata, spec: { requiresRepublish: true, volumeLifecycleModes: ['Ephemeral'] } });
  });
  for (let i = 0; i < 100; i++) await node.pass(1);
  expect(driver.published.length).toBe(2);
  await ends(node);
  for (let i = 0; i < 100; i++) await node.pass(1);
  expect(driver.calls).toEqual(['publish', 'publish', 'unpublish']);
});

describe('a file system that a driver cannot grow', () => {
  /** Runs a pod whose claim is to grow to 2Gi. @param asked what the claim asks for by now */
  async function grows(numbers: number[], asked: string) {
    const status = { allocatedResources: { storage: '2Gi' }, allocatedResourceStatuses: { storage: 'NodeResizePending' } };
    const { driver, node } = await ran(CLAIM, (made, { claims }) => {
      made.answers.expand = numbers;
      const claim = claims.claims.get('c');
      if (claim)
        claims.claims.set('c', {
          ...claim,
          spec: { ...claim.spec, resources: { requests: { storage: asked } } },
          status: { ...claim.status, ...status },
        });
    });
    for (let i = 0; i < 6; i++) await node.pass(1);
    return { driver, node, status: node.claims.claims.get('c')?.status };
  }
  const step = (name: string) => ({ allocatedResourceStatuses: { storage: name }, conditions: [{ type: 'NodeResizeError' }] });

  it('is not asked again where that would say the same', async () => {
    const { driver, node, status } = await grows([CODE.invalidArgument], '2Gi');
    expect(driver.calls).toEqual(['stage', 'publish', 'expand 3']);
    expect(status).toMatchObject(step('NodeResizeInfeasible'));
    const failure = 'MountVolume.Setup failed while expanding volume for volume "pv-c" : Expander.NodeExpand failed to expand the volume';
    expect(node.events).toContain(`Warning VolumeResizeFailed ${failure} : rpc error: code = InvalidArgument desc = no`);
  });

  it('is asked again as long as that size is wanted', async () => {
    const { driver, status } = await grows([CODE.internal, CODE.internal], '2Gi');
    expect(driver.calls.slice(2)).toEqual(['expand 13', 'expand 13', 'expand']);
    expect(status).toMatchObject({ capacity: { storage: '2Gi' } });
    expect(status?.allocatedResourceStatuses).toBeUndefined();
  });

  it('is left when another size is wanted by now', async () => {
    const { driver, status } = await grows([CODE.internal, CODE.internal], '1500Mi');
    expect(driver.calls.slice(2)).toEqual(['expand 13', 'expand 13']);
    expect(status).toMatchObject(step('NodeResizeInfeasible'));
  });
});
