import { request as httpRequest } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { connect } from 'node:tls';
import { PortForward } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateKey, issueCertificate, keyToPem } from '../../runtime/index.ts';
import { agnhostPod, type Thing, World } from '../conformance/network/world.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';

// What `up --addons ingress` makes, from the webhook to a request of the host over TLS.

let cluster: TestCluster;
let world: World;
/** The namespace's path, and its name. */
let ns: string;
let name: string;
/** The webhook as it was when the cluster was said to be ready, and how often its Jobs had failed. */
let atReady: { webhook: Thing; failures: number };
const servers: Server[] = [];

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, args: ['--ephemeral', '--addons=coredns,ingress'] });
  world = new World(cluster.kubeconfig);
  const webhook = await world.get('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/ingress-nginx-admission');
  const { items } = await world.get('/api/v1/namespaces/ingress-nginx/events?fieldSelector=reason=BackOff');
  atReady = { webhook, failures: items.length };
  ns = await world.namespace('ingress');
  name = ns.slice(ns.lastIndexOf('/') + 1);
});

afterAll(async () => {
  for (const server of servers) server.close();
  world?.close();
  await cluster?.[Symbol.asyncDispose]();
});

const INGRESSES = () => `/apis/networking.k8s.io/v1/namespaces/${name}/ingresses`;

const ingress = (named: string, host: string, more: object = {}): object => ({
  metadata: { name: named },
  spec: {
    rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }],
    ...more,
  },
});

/** A port of this machine that leads to one of the controller's pod, as `kubectl port-forward` makes it. */
async function forwarded(port: number): Promise<number> {
  const { items } = await world.get('/api/v1/namespaces/ingress-nginx/pods?labelSelector=app.kubernetes.io/component=controller');
  const forward = new PortForward(world.config);
  const server = createServer((socket) => {
    void forward.portForward('ingress-nginx', items[0].metadata.name, [port], socket, null, socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** One request in the clear. */
function get(port: number, host: string, path: string): Promise<{ status: number; location: string | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ port, host: '127.0.0.1', path, headers: { host }, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, location: response.headers.location, text }));
    });
    asked.on('error', reject).end();
  });
}

/** Who shows itself to a client that asks for a name over TLS, and what it answers. */
function secure(port: number, host: string): Promise<{ subject: string; text: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1', servername: host, rejectUnauthorized: false }, () => {
      socket.write(`GET /hostname HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    });
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const subject = () => String(socket.getPeerCertificate().subject?.CN);
    let shown = '';
    socket.on('secureConnect', () => {
      shown = subject();
    });
    socket.on('end', () => resolve({ subject: shown, text })).on('error', reject);
  });
}

it('is ready when its webhook is: who made an Ingress before that had an authority was refused for ten seconds', () => {
  expect(atReady.webhook.webhooks[0].clientConfig.caBundle).toMatch(/^[A-Za-z0-9+/=]+$/);
  expect(atReady.failures).toBe(0);
});

it('an Ingress without a class is served by ingress-nginx, which says where and writes events', async () => {
  const w = world;
  await w.pods(ns, agnhostPod('web', ['netexec', '--http-port=8080'], { labels: { app: 'web' } }));
  await w.object('POST', `${ns}/services`, {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await w.object('POST', INGRESSES(), ingress('web', 'foo.test'));
  const stored = async (): Promise<Thing> => await w.get(`${INGRESSES()}/web`);
  await w.until('its address', async () => (await stored()).status.loadBalancer.ingress?.[0]?.ip !== undefined);
  expect((await stored()).spec.ingressClassName).toBe('nginx');
  const port = await forwarded(80);
  await w.until('an answer', async () => (await get(port, 'foo.test', '/hostname')).text === 'web');
  expect(await get(port, 'other.test', '/')).toMatchObject({ status: 404 });
  const { items } = await w.get(`${ns}/events?fieldSelector=reason=Sync`);
  expect(items[0]).toMatchObject({ message: 'Scheduled for sync', involvedObject: { name: 'web' } });
  const lease = await w.get('/apis/coordination.k8s.io/v1/namespaces/ingress-nginx/leases/ingress-nginx-leader');
  expect(lease.spec.holderIdentity).toMatch(/^ingress-nginx-controller-/);
});

it('the webhook refuses what another Ingress has', async () => {
  const answer = await world.ask('POST', INGRESSES(), ingress('again', 'foo.test'));
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text).message).toBe(
    `admission webhook "validate.nginx.ingress.kubernetes.io" denied the request: host "foo.test" and path "/" is already defined in ingress ${name}/web`,
  );
});

it('TLS is real from end to end: with the certificate of the Secret by name, else with the fake one', async () => {
  const w = world;
  const key = generateKey();
  const times = { notBeforeMs: Date.UTC(2020, 0), notAfterMs: Date.UTC(2049, 0) };
  const cert = issueCertificate({ subject: { commonName: 'tls.test' }, key, use: 'server', hosts: ['tls.test'], ...times });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  await w.object('POST', `${ns}/secrets`, {
    metadata: { name: 'tls' },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(cert), 'tls.key': base64(keyToPem(key)) },
  });
  await w.object('POST', INGRESSES(), ingress('tls', 'tls.test', { tls: [{ hosts: ['tls.test'], secretName: 'tls' }] }));
  const [plain, port] = [await forwarded(80), await forwarded(443)];
  await w.until('the redirect', async () => (await get(plain, 'tls.test', '/a')).location === 'https://tls.test/a');
  const own = await secure(port, 'tls.test');
  expect(own.subject).toBe('tls.test');
  expect(own.text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nweb$/);
  expect((await secure(port, 'foo.test')).subject).toBe('Kubernetes Ingress Controller Fake Certificate');
});

it('pods reach it by its Service', async () => {
  const w = world;
  await w.pods(ns, agnhostPod('client', ['pause']));
  const ask = 'curl -s -H "Host: foo.test" http://ingress-nginx-controller.ingress-nginx/hostname';
  await w.until('an answer', async () => (await w.sh(ns, 'client', ask)).stdout === 'web');
});
