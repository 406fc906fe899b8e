import { afterEach, expect, test } from 'vitest';
import type { Live, Node } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';
import { silentLogger, systemClock, VirtualClock } from '../../runtime/index.ts';
import { ConnectError } from '../runtime/simulated/network/listener.ts';
import { KubeletAccess } from '../server/access.ts';
import { createKubeletServer, type KubeletServer } from '../server/server.ts';
import { newServerIdentity, type ServerIdentity } from '../server/server-identity.ts';
import { TestRuntime } from '../testing/runtime-harness.ts';
import { PeerLink } from './peer-link.ts';
import { CERTIFICATE_ANNOTATION, PeerTable } from './peer-table.ts';
import { Peers } from './peers.ts';

const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.57';
const FROM = { ip: '10.244.9.9', namespace: 'default', labels: {}, namespaceLabels: {} };
const identity = () => newServerIdentity({ clock: systemClock, advertiseAddress: 'localhost' });

function aNode(
  name: string,
  { port, fingerprint, cidr = '10.244.0.0/24', ip = '172.18.0.2' }: { port: number; fingerprint?: string; cidr?: string; ip?: string },
): Live<Node> {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations: fingerprint === undefined ? {} : { [CERTIFICATE_ANNOTATION]: fingerprint },
    },
    spec: { podCIDR: cidr, podCIDRs: [cidr] },
    status: {
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'InternalDNS', address: 'localhost' },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  };
}

/** A process with nodes: its kubelets' server, and its side of the network. */
class Process {
  readonly identity: ServerIdentity = identity();
  readonly runtime = new TestRuntime();
  readonly peers: Peers;
  readonly server: KubeletServer;

  constructor() {
    this.peers = new Peers({
      identity: this.identity,
      clock: systemClock,
      logger: silentLogger,
      isOwn: () => false,
      follow: () => Promise.resolve(),
      host: () => this.runtime.host,
    });
    this.server = createKubeletServer({
      address: '127.0.0.1',
      port: 0,
      advertiseAddress: 'localhost',
      clientCa: undefined,
      identity: this.identity,
      acceptPeer: (socket) => this.peers.server.accept(socket),
      access: new KubeletAccess({ client: undefined as ApiClient | undefined, clock: systemClock }),
      clock: systemClock,
      logger: silentLogger,
      nodes: { node: () => undefined, locate: () => undefined, all: () => [] },
    });
  }

  knows(other: Process, fingerprint = other.identity.fingerprint): void {
    this.peers.nodeChanged(aNode('other', { port: other.server.port, fingerprint }));
  }

  async stop(): Promise<void> {
    this.peers.close();
    await this.server.stop();
  }
}

const running: Process[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

/** Two processes; in the second runs a pod that says its name, at 10.244.0.2. */
async function two(): Promise<[Process, Process]> {
  const pair: [Process, Process] = [new Process(), new Process()];
  running.push(...pair);
  for (const one of pair) await one.server.start();
  await pair[1].runtime.start(pair[1].runtime.sandbox({ name: 'there' }), { image: AGNHOST, args: ['netexec'] });
  return pair;
}

async function hostname(from: Process): Promise<string> {
  const holder = await from.peers.remote.holderOf('10.244.0.2');
  if (!holder) return 'nobody';
  try {
    const listener = await holder.connect(FROM, { address: '10.244.0.2', port: 8080, protocol: 'TCP' });
    return (await listener.http({ method: 'GET', path: '/hostname', headers: {}, from: FROM.ip, host: 'x' })).body;
  } catch (error) {
    if (error instanceof ConnectError) return error.failure;
    throw error;
  }
}

test('processes whose nodes declare their certificates reach each other’s pods', async () => {
  const [here, there] = await two();
  expect(await hostname(here)).toBe('nobody');
  here.knows(there);
  there.knows(here);
  expect(await hostname(here)).toBe('there');
  const holder = await here.peers.remote.holderOf('10.244.0.2');
  const udp = { address: '10.244.0.2', port: 8081, protocol: 'UDP' } as const;
  expect(await holder?.datagram(FROM, udp, 'hostname')).toBe('there');
  await expect(holder?.datagram(FROM, { ...udp, port: 1 }, 'x')).rejects.toMatchObject({ failure: 'refused' });
  expect([await holder?.answersPing('10.244.0.2'), await holder?.answersPing('10.244.0.77')]).toEqual([true, false]);
});

test('bytes arrive as they were, many of them too; what is more than can be kept breaks off', async () => {
  const [here, there] = await two();
  here.knows(there);
  there.knows(here);
  const zeros = await there.runtime.start(there.runtime.sandbox({ name: 'files' }), { image: AGNHOST, args: ['test-webserver'] });
  await there.runtime.exec(zeros, 'dd if=/dev/zero of=/big bs=1M count=8; dd if=/dev/zero of=/huge bs=1M count=30', 5);
  const holder = await here.peers.remote.holderOf('10.244.0.3');
  const listener = await holder?.connect(FROM, { address: '10.244.0.3', port: 80, protocol: 'TCP' });
  const get = (path: string) => listener?.http({ method: 'GET', path, headers: {}, from: FROM.ip, host: 'x' });
  expect((await get('/big'))?.body.length).toBe(8 * 1024 * 1024);
  await expect(get('/huge')).rejects.toThrow('EOF');
  expect((await get('/none'))?.status).toBe(404);
});

test('nobody gets in whose certificate no node declares', async () => {
  const [here, there] = await two();
  here.knows(there);
  expect(await hostname(here)).toBe('timeout');
});

test('nothing is said to a server that shows another certificate than its nodes declare', async () => {
  const [here, there] = await two();
  there.knows(here);
  here.knows(there, identity().fingerprint);
  expect(await hostname(here)).toBe('timeout');
});

test('a process that says nothing for too long is given up, and tried anew the next time', async () => {
  const [here, there] = await two();
  here.knows(there);
  there.knows(here);
  const clock = new VirtualClock();
  const link = new PeerLink({
    identity: here.identity,
    clock,
    logger: silentLogger,
    holderOf: () => Promise.resolve({ peer: { host: 'localhost', port: there.server.port, fingerprint: there.identity.fingerprint } }),
  });
  const target = { address: '10.244.0.2', port: 8080, protocol: 'TCP' } as const;
  const connect = async () => await (await link.holderOf(target.address))?.connect(FROM, target);
  expect(await connect()).toBeDefined();
  const { directory } = there.runtime.host;
  Object.assign(there.runtime.host, { directory: { namespaceLabels: () => new Promise(() => undefined) } });
  const failed = expect(connect()).rejects.toMatchObject({ failure: 'timeout' });
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(5000);
  await failed;
  Object.assign(there.runtime.host, { directory });
  expect(await connect()).toBeDefined();
  link.close();
});

test('who holds an address is what nodes say of their ranges and addresses, until they change or go', () => {
  const table = new PeerTable();
  const add = (name: string, port: number, cidr: string, ip: string) => table.changed(aNode(name, { port, fingerprint: name, cidr, ip }));
  add('a', 1, '10.244.0.0/24', '172.18.0.2');
  add('b', 2, '10.244.128.0/17', '172.18.0.3');
  add('c', 3, 'fd00:1::/64', '172.18.0.4');
  table.changed(aNode('plain', { port: 4, cidr: '10.250.0.0/16', ip: '172.18.0.9' }));
  const port = (address: string) => table.holderOf(address)?.peer.port;
  expect(['10.244.0.9', '10.244.200.1', '10.244.1.1', 'fd00:1::5', '10.250.0.1', 'x'].map(port)).toEqual([
    1,
    2,
    undefined,
    3,
    undefined,
    undefined,
  ]);
  expect([table.holderOf('172.18.0.3')?.node, table.holderOf('10.244.0.9')?.node]).toEqual(['b', undefined]);
  expect([table.isKnown('a'), table.isKnown('plain')]).toEqual([true, false]);
  add('a', 1, '10.244.1.0/24', '172.18.0.2');
  expect(['10.244.0.9', '10.244.1.1'].map(port)).toEqual([undefined, 1]);
  const both = aNode('d', { port: 5, fingerprint: 'd', cidr: '10.9.0.0/24', ip: '172.18.0.8' });
  both.status?.addresses?.push({ type: 'InternalIP', address: 'fd00:172::8' });
  both.spec.podCIDRs = ['10.9.0.0/24', 'fd00:9::/64'];
  table.changed(both);
  expect(['172.18.0.8', 'fd00:172::8', '10.9.0.4', 'fd00:9::4'].map(port)).toEqual([5, 5, 5, 5]);
  table.deleted('d');
  expect(['172.18.0.8', 'fd00:172::8', '10.9.0.4', 'fd00:9::4'].map(port)).toEqual([undefined, undefined, undefined, undefined]);
  table.deleted('a');
  expect(['10.244.1.1', '172.18.0.2', '10.244.200.1'].map(port)).toEqual([undefined, undefined, 2]);
});
