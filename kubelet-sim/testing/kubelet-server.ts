import { request as call } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ApiClient, RawRequest } from '../../client/index.ts';
import { generateKey, issueCertificate, keyToPem, silentLogger, systemClock } from '../../runtime/index.ts';
import type { NodeUsage } from '../node/node-stats.ts';
import { KubeletAccess } from '../server/access.ts';
import type { ServedNode } from '../server/served-nodes.ts';
import { createKubeletServer } from '../server/server.ts';
import { newServerIdentity } from '../server/server-identity.ts';
import { TestNode } from './node-harness.ts';

/** A CA, and a client whose certificate it signed, by the name of the API server unless it is given another. */
export function authority(commonName = 'apiserver'): { ca: string; client: { cert: string; key: string } } {
  const valid = { notBeforeMs: systemClock.now() - 1000, notAfterMs: systemClock.now() + 3_600_000 };
  const key = generateKey();
  const subject = { commonName: 'ca' };
  const ca = issueCertificate({ subject, key, use: 'ca', ...valid });
  const clientKey = generateKey();
  const cert = issueCertificate({
    subject: { commonName },
    key: clientKey,
    issuer: { subject, key },
    use: 'client',
    ...valid,
  });
  return { ca, client: { cert, key: keyToPem(clientKey) } };
}

/** An API server that knows one token, and whom it lets do what. */
function reviewer(isAllowed: (spec: Review) => boolean) {
  const asked: Review[] = [];
  const request = (_method: string, path: string, { body }: RawRequest = {}) => {
    const { spec } = body as { spec: Review & { token: string } };
    if (!path.endsWith('tokenreviews')) asked.push(spec);
    const status = path.endsWith('tokenreviews')
      ? { authenticated: spec.token === 'good', user: { username: 'scraper', groups: ['metrics'] } }
      : { allowed: isAllowed(spec) };
    return Promise.resolve({ status: 201, headers: {}, body: Buffer.from(JSON.stringify({ status })) });
  };
  return { asked, client: { request } as unknown as ApiClient };
}

interface Review {
  readonly user: string;
  readonly groups: readonly string[];
  readonly resourceAttributes: { readonly verb: string; readonly subresource: string; readonly name: string };
}

/** The server of a node's kubelet, and a client that may use it. */
export async function startKubelet(isAllowed: (spec: Review) => boolean = () => true, clientName?: string) {
  const node = new TestNode();
  const { ca, client } = authority(clientName);
  const api = reviewer(isAllowed);
  const served: ServedNode = {
    name: 'node-0',
    runtime: node.runtime,
    counts: node.services.counts,
    get workers() {
      return node.worker ? [node.worker] : [];
    },
    usage: () => ({ ...usage, pods: usageOf(node) }),
    machine: {
      cpuCores: 8,
      memoryBytes: 2 ** 35,
      machineId: 'machine',
      systemUuid: 'system',
      bootId: 'boot',
      kernelVersion: '6.8',
      osVersion: 'os',
    },
    times: { bootedAt: 0, startedAt: 0, registeringAt: 500, registeredAt: 2000, shutdown: { startedAt: 0, endedAt: 0 } },
    configuration: () => ({ kind: 'KubeletConfiguration' }),
    isReachable: true,
  };
  const server = createKubeletServer({
    identity: newServerIdentity({ clock: systemClock, advertiseAddress: 'localhost' }),
    address: '127.0.0.1',
    port: 0,
    advertiseAddress: 'localhost',
    clientCa: ca,
    clock: node.clock,
    logger: silentLogger,
    access: new KubeletAccess({ client: api.client, clock: node.clock }),
    nodes: {
      node: (name) => (name === 'node-0' ? served : undefined),
      locate: (namespace, pod) =>
        node.worker && namespace === 'default' && pod === 'web' ? { node: served, worker: node.worker } : undefined,
      all: () => [served],
    },
  });
  await server.start();
  const ask = (path: string, credentials: object = client, method = 'GET') =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const request = call(
        `https://127.0.0.1:${server.port}${path}`,
        { ...credentials, method, rejectUnauthorized: false, agent: false },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode, text }));
        },
      );
      request.on('error', reject).end();
    });
  const upgrade = (path: string, headers: Record<string, string | string[]>) =>
    new Promise<Duplex>((resolve, reject) => {
      const options = { ...client, rejectUnauthorized: false, agent: false, headers: { connection: 'Upgrade', ...headers } };
      call(`https://127.0.0.1:${server.port}${path}`, options, ({ statusCode }) => reject(new Error(`status ${statusCode}`)))
        .on('upgrade', (_response, socket) => resolve(socket))
        .on('error', reject)
        .end();
    });
  return { node, server, client, ask, upgrade, asked: api.asked, [Symbol.asyncDispose]: () => server.stop() };
}

/** What the pod of a node uses, once it runs. */
function usageOf({ worker, runtime }: TestNode): NodeUsage['pods'] {
  const stats = worker?.sandboxId === undefined ? undefined : runtime.podSandboxStats(worker.sandboxId);
  return worker && stats ? [{ worker, stats, volumes: () => [] }] : [];
}

const none = { usageBytes: 0, workingSetBytes: 0, rssBytes: 0, availableBytes: 0, pageFaults: 0, majorPageFaults: 0 };
const usage = {
  time: 0,
  bootedAt: 0,
  cpu: { usageNanoCores: 1e6, usageCoreNanoSeconds: 2e9 },
  memory: { ...none, workingSetBytes: 1024 },
  processCount: 1,
  fs: { time: 0, mountpoint: '/', capacityBytes: 10, usedBytes: 4, inodes: 3, inodesUsed: 1 },
};
