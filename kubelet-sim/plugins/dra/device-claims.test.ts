import { afterEach, describe, expect, test } from 'vitest';
import type { Live, ResourceV1ResourceClaim } from '../../../api/index.ts';
import { GrpcError, handling, UnaryServer } from '../../../runtime/grpc.ts';
import { listenOnSocket } from '../../runtime/simulated/files/sockets.ts';
import { aContainer } from '../../testing/builders.ts';
import { TestNode } from '../../testing/node-harness.ts';
import { REGISTRATION } from '../registration.ts';
import { DRA_SERVICES } from './dra-plugin.ts';

const REGISTRY = '/var/lib/kubelet/plugins_registry';
const DRIVER = 'gpu.example.com';
const ENDPOINT = `/var/lib/kubelet/plugins/${DRIVER}/dra.sock`;

interface ClaimFacts {
  readonly reservedFor: string;
  readonly owner?: string;
  readonly uid?: string;
  readonly isAllocated?: boolean;
}

const claim = ({ reservedFor, owner, uid = 'uid-of-gpu', isAllocated = true }: ClaimFacts): Live<ResourceV1ResourceClaim> => ({
  metadata: {
    name: 'gpu',
    namespace: 'default',
    uid,
    resourceVersion: '1',
    creationTimestamp: '',
    ...(owner ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: owner, controller: true }] } : {}),
  },
  spec: {},
  status: {
    reservedFor: [{ resource: 'pods', name: 'p', uid: reservedFor }],
    ...(isAllocated ? { allocation: { devices: { results: [{ request: 'r', driver: DRIVER, pool: 'node-0', device: 'gpu-0' }] } } } : {}),
  },
});

const failed = (why: string) =>
  `Warning FailedPrepareDynamicResources Failed to prepare dynamic resources: prepare dynamic resources: ${why}`;

const POD = { resourceClaims: [{ name: 'x', resourceClaimName: 'gpu' }] };

test('a pod waits until it may use its devices, and is told why it may not', async () => {
  const node = new TestNode();
  await node.runScript('echo ready; sleep 3600', POD);
  const { uid = '', name = '' } = node.api?.metadata ?? {};
  expect(node.events).toEqual([failed('fetch ResourceClaim gpu: resourceclaims.resource.k8s.io "gpu" not found')]);
  node.claims.deviceClaims.set('gpu', claim({ reservedFor: 'another' }));
  await node.pass(10);
  expect(node.state()).toBe('ContainerCreating');
  expect(node.events.at(-1)).toBe(failed(`pod ${name} (${uid}) is not allowed to use ResourceClaim gpu (uid-of-gpu)`));
  node.claims.deviceClaims.set('gpu', claim({ reservedFor: uid, isAllocated: false }));
  await node.pass(10);
  expect(node.events.at(-1)).toBe(failed('ResourceClaim gpu: not allocated'));
  node.claims.deviceClaims.set('gpu', claim({ reservedFor: uid }));
  await node.pass(10);
  expect(await node.log()).toBe('ready\n');
});

test('a pod waits for the claim of its template, and takes no other', async () => {
  const node = new TestNode();
  await node.runScript('sleep 3600', { resourceClaims: [{ name: 'x', resourceClaimTemplateName: 't' }] });
  const { namespace, name } = node.api?.metadata ?? {};
  expect(node.events).toEqual([failed(`pod "${namespace}/${name}": ResourceClaim not created yet`)]);
});

/** A driver of devices on a node, without a pod. */
class Driver {
  readonly calls: string[] = [];
  readonly statuses: string[] = [];
  /** What it says instead of doing what it is asked. */
  complaint: string | undefined;
  readonly #node: TestNode;
  readonly #servers: UnaryServer[] = [];
  readonly #stops: (() => void)[] = [];

  constructor(node: TestNode) {
    this.#node = node;
  }

  async start(
    versions: readonly (keyof typeof DRA_SERVICES)[] = ['v1.DRAPlugin', 'v1beta1.DRAPlugin'],
    endpoint = ENDPOINT,
  ): Promise<void> {
    const services = versions.map((version) => ({ version, ...DRA_SERVICES[version] }));
    await this.#serve(
      endpoint,
      services.flatMap(({ version, prepare, unprepare }) => [
        handling(prepare, ({ claims }) => ({ claims: this.#prepare(version, claims) })),
        handling(unprepare, ({ claims }) => ({ claims: this.#unprepare(version, claims) })),
      ]),
    );
    await this.#serve(`${REGISTRY}/${DRIVER}-reg.sock`, [
      handling(REGISTRATION.getInfo, () => ({ type: 'DRAPlugin', name: DRIVER, endpoint, supportedVersions: versions })),
      handling(REGISTRATION.notifyRegistrationStatus, ({ pluginRegistered, error }) => {
        this.statuses.push(`${pluginRegistered} ${error}`);
        return {};
      }),
    ]);
    await this.#settled();
  }

  /** The node's time goes on until something has come of it, which is a matter of the platform's streams too. */
  async #settled(): Promise<void> {
    for (let i = 0; i < 20; i++) await this.#node.pass(0.1);
  }

  async #serve(path: string, handlers: ConstructorParameters<typeof UnaryServer>[0]): Promise<void> {
    const files = await this.#node.runtime.nodeFiles();
    await files.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
    const server = new UnaryServer(handlers);
    this.#servers.push(server);
    this.#stops.push(await listenOnSocket(files, path, server));
  }

  #prepare(version: string, claims: readonly { readonly uid: string; readonly name: string }[]) {
    return claims.map(({ uid, name }) => {
      this.calls.push(`${version} prepare ${uid}`);
      const devices = [{ requestNames: ['r'], poolName: 'node-0', deviceName: 'gpu-0', cdiDeviceIds: [`example.com/gpu=${name}`] }];
      return { key: uid, value: this.complaint === undefined ? { devices } : { error: this.complaint } };
    });
  }

  #unprepare(version: string, claims: readonly { readonly uid: string }[]) {
    if (this.complaint !== undefined) throw new GrpcError(2, this.complaint);
    return claims.map(({ uid }) => {
      this.calls.push(`${version} unprepare ${uid}`);
      return { key: uid };
    });
  }

  /** Its process ends. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    for (const server of this.#servers.splice(0)) server.close();
    await this.#settled();
  }

  /** Its sockets are removed. */
  async clean(): Promise<void> {
    const files = await this.#node.runtime.nodeFiles();
    for (const path of [`${REGISTRY}/${DRIVER}-reg.sock`, ENDPOINT]) await files.rm(path, { force: true });
    await this.#settled();
  }
}

describe('a driver that has registered', () => {
  const running: { node: TestNode; driver: Driver }[] = [];
  afterEach(async () => {
    for (const { node, driver } of running.splice(0)) {
      await driver.stop();
      node.plugins?.close();
    }
  });

  const begin = (): { node: TestNode; driver: Driver } => {
    const node = new TestNode();
    const made = { node, driver: new Driver(node) };
    running.push(made);
    return made;
  };

  const describeDevice = async (node: TestNode, text = JSON.stringify(SPECIFICATION)) => {
    const files = await node.runtime.nodeFiles();
    await files.mkdir('/var/run/cdi', { recursive: true });
    await files.writeFile('/var/run/cdi/gpu.json', Buffer.from(text));
  };

  const SPECIFICATION = {
    cdiVersion: '0.3.0',
    kind: 'example.com/gpu',
    containerEdits: { env: ['ALL=1'] },
    devices: [{ name: 'gpu', containerEdits: { env: ['GPU=zero'], deviceNodes: [{ path: '/dev/gpu0' }] } }],
  };

  /** A pod with a container that has the device, and one that has it not. */
  const runPod = async (node: TestNode) => {
    const script = (name: string, claims: { name: string }[]) =>
      aContainer(name, {
        image: 'busybox',
        command: ['sh', '-c', 'echo gpu=$GPU all=$ALL; ls /dev/gpu0; sleep 3600'],
        resources: { claims },
      });
    await node.run({ ...POD, containers: [script('with', [{ name: 'x' }]), script('without', [])] });
    node.claims.deviceClaims.set('gpu', claim({ reservedFor: node.api?.metadata.uid ?? '' }));
    await node.pass(10);
    await node.pass(1);
  };

  test('prepares claims before their pod starts and takes them back when it has ended; containers get what CDI says of their devices', async () => {
    const { node, driver } = begin();
    await driver.start();
    await describeDevice(node);
    expect(driver.statuses).toEqual(['true ']);
    await runPod(node);
    expect(driver.calls).toEqual(['v1.DRAPlugin prepare uid-of-gpu']);
    expect(await node.log('with')).toBe('gpu=zero all=1\n/dev/gpu0\n');
    expect(await node.log('without')).toContain('gpu= all=\n');
    expect([...node.services.plugins.devices.inUse]).toEqual([
      ['<any>', 1],
      [DRIVER, 1],
    ]);
    await node.delete(1);
    await node.pass(2);
    expect(driver.calls.slice(1)).toEqual(['v1.DRAPlugin unprepare uid-of-gpu']);
    expect([...node.services.plugins.devices.inUse]).toEqual([['<any>', 0]]);
    expect(node.deleted).toHaveLength(1);
  });

  test('is called by the first version of its own that the kubelet knows', async () => {
    const { node, driver } = begin();
    await driver.start(['v1beta1.DRAPlugin']);
    await describeDevice(node);
    await runPod(node);
    expect(driver.calls).toEqual(['v1beta1.DRAPlugin prepare uid-of-gpu']);
  });

  test('may refuse: its pod waits, then tries again', async () => {
    const { node, driver } = begin();
    await driver.start();
    await describeDevice(node);
    driver.complaint = 'no such luck';
    await runPod(node);
    expect(node.events.at(-1)).toBe(failed('NodePrepareResources failed for ResourceClaim gpu: no such luck'));
    driver.complaint = undefined;
    await node.pass(10);
    expect(node.state('with')).toBe('running');
  });

  test('whose devices no specification describes leaves its container uncreated', async () => {
    const { node, driver } = begin();
    await driver.start();
    await runPod(node);
    expect(node.told('Failed')[0]).toBe('Error: CDI device injection failed: unresolvable CDI devices example.com/gpu=gpu');
    expect(node.state('with')).toBe('CreateContainerError');
    expect(node.state('without')).toBe('running');
  });

  test('keeps a pod from having ended until it has taken its devices back, and another claim of the name waits for that', async () => {
    const { node, driver } = begin();
    await driver.start();
    await describeDevice(node);
    await runPod(node);
    driver.complaint = 'still busy';
    const old = node.worker;
    await node.forceDelete();
    node.claims.deviceClaims.delete('gpu');
    const { api } = node;
    await node.run({}, { ...(api ?? fail()), metadata: { ...(api ?? fail()).metadata, uid: 'another', deletionTimestamp: undefined } });
    node.claims.deviceClaims.set('gpu', claim({ reservedFor: 'another', uid: 'uid-of-the-next' }));
    await node.pass(10);
    const why = 'old ResourceClaim with same name gpu and different UID uid-of-gpu still exists (previous pod force-deleted?!)';
    expect(node.events.at(-1)).toBe(failed(why));
    expect(old?.lifecycle).toBe('terminating');
    driver.complaint = undefined;
    await node.pass(15);
    await node.pass(10);
    expect(driver.calls.slice(1)).toEqual(['v1.DRAPlugin unprepare uid-of-gpu', 'v1.DRAPlugin prepare uid-of-the-next']);
    expect(node.state('with')).toBe('running');
  });

  test('is missed once it is gone, and what it published goes after half a minute', async () => {
    const { node, driver } = begin();
    await driver.start();
    await driver.stop();
    await driver.clean();
    await runPod(node);
    expect(node.events.at(-1)).toBe(failed(`DRA driver ${DRIVER} is not registered`));
    expect(node.told(DRIVER)).toEqual([]);
    await node.pass(30);
    expect(node.events.filter((text) => text.startsWith('wiped'))).toEqual([`wiped ${DRIVER}`]);
  });

  test('that comes back in time keeps what it published', async () => {
    const { node, driver } = begin();
    await driver.start();
    await driver.stop();
    await driver.clean();
    await node.pass(20);
    await driver.start();
    await node.pass(60);
    expect(node.events.filter((text) => text.startsWith('wiped'))).toEqual([]);
  });

  test('is told when a pod ends that has been running since before the kubelet', async () => {
    const { node, driver } = begin();
    await driver.start();
    await describeDevice(node);
    await runPod(node);
    await driver.stop();
    await driver.clean();
    await node.restartAgent();
    await driver.start();
    await node.delete(1);
    await node.pass(15);
    expect(driver.calls.at(-1)).toBe('v1.DRAPlugin unprepare uid-of-gpu');
    expect(node.deleted).toHaveLength(1);
  });
});

const fail = (): never => {
  throw new Error('there is no pod');
};
