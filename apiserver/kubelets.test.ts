import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import type { Pod } from '../api/index.ts';
import { generateKey, issueCertificate, keyToPem, systemClock } from '../runtime/index.ts';
import { plainStrategy, startTestServer, type TestServer, type TestServerOptions } from './testing/test-server.ts';

const PODS = '/api/v1/namespaces/default/pods';

/** A kubelet that answers what it was asked for, and echoes what an upgraded connection sends. */
async function aKubelet() {
  const key = generateKey();
  const now = systemClock.now();
  const cert = issueCertificate({
    subject: { commonName: 'kubelet' },
    key,
    use: 'server',
    hosts: ['127.0.0.1'],
    notBeforeMs: now - 60_000,
    notAfterMs: now + 3_600_000,
  });
  const served = new WeakSet<Duplex>();
  const dropped: string[] = [];
  let drops = false;
  /** Closes a connection that has served before, once, when it is to. */
  const isDropped = (request: IncomingMessage): boolean => {
    const { socket } = request;
    if (!drops || !served.has(socket)) {
      served.add(socket);
      return false;
    }
    drops = false;
    dropped.push(`${request.method} ${request.url}`);
    socket.destroy();
    return true;
  };
  const server = https.createServer({ key: keyToPem(key), cert, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    if (isDropped(request)) return;
    if (request.url?.includes('/broken')) {
      response.writeHead(400).end('container "broken" is waiting to start');
      return;
    }
    const shown = request.socket instanceof TLSSocket ? request.socket.getPeerCertificate().subject?.CN : undefined;
    const headers = { 'x-kubelet': `${request.method} ${request.url}`, 'x-client': shown ?? 'nobody' };
    request.pipe(response.writeHead(200, headers), { end: false });
    request.on('end', () => response.end(`${request.method} ${request.url}\n`));
  });
  const asked: string[] = [];
  server.on('request', ({ method, url }) => asked.push(`${method} ${url}`));
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => socket.destroy()); // who asked has gone
    if (isDropped(request)) return;
    if (request.url?.includes('broken')) {
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      server.emit('secureConnection', socket); // which still speaks HTTP
      return;
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\nX-Path: ${request.url}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cert,
    asked,
    dropped,
    dropKept: () => {
      drops = true;
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function aCluster(
  port: number,
  more: TestServerOptions['strategies'] = {},
  settings: TestServerOptions['settings'] = {},
): Promise<TestServer> {
  const api = await startTestServer({ strategies: { '/pods': plainStrategy<Pod>(), '/nodes': plainStrategy(), ...more }, settings });
  const status = { addresses: [{ type: 'ExternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: port } } };
  await api.request('POST', '/api/v1/nodes', { body: { metadata: { name: 'n1' }, status } });
  const containers = [{ name: 'a' }, { name: 'broken' }];
  const running = { podIP: '10.0.0.9', podIPs: [{ ip: '10.0.0.9' }] };
  await api.request('POST', PODS, { body: { metadata: { name: 'p' }, spec: { nodeName: 'n1', containers }, status: running } });
  await api.request('POST', PODS, { body: { metadata: { name: 'q' }, spec: { containers: [{ name: 'a' }] } } });
  return api;
}

test('a log is the kubelet’s, with the parameters it knows', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port);
  const answer = await api.request('GET', `${PODS}/p/log?container=a&tailLines=5&follow=true&pretty=x`);
  expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
    200,
    'text/plain',
    'GET /containerLogs/default/p/a?tailLines=5&follow=true\n',
  ]);
});

test('log errors are upstream’s', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port);
  const said = async (query: string, pod = 'p') => {
    const answer = await api.request('GET', `${PODS}/${pod}/log${query}`);
    return answer.text === '' ? [answer.status] : [answer.status, answer.json<{ message: string }>().message];
  };
  expect(await said('')).toEqual([400, 'a container name must be specified for pod p, choose one of: [a broken]']);
  expect(await said('?container=z')).toEqual([400, 'container z is not valid for pod p']);
  expect(await said('?container=broken')).toEqual([400, 'container "broken" is waiting to start']);
  const time = 'parsing time "noon" as "2006-01-02T15:04:05Z07:00": cannot parse "noon" as "2006"';
  const refused: [query: string, code: number, message: string][] = [
    ['tailLines=-1', 422, 'tailLines: Invalid value: -1: must be greater than or equal to 0'],
    ['limitBytes=0', 422, 'limitBytes: Invalid value: 0: must be greater than 0'],
    ['sinceSeconds=0', 422, 'sinceSeconds: Invalid value: 0: must be greater than 0'],
    ['sinceSeconds=0&sinceTime=', 422, '[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified'],
    ['stream=Stdout', 422, 'stream: Forbidden: may not be specified'],
    ['sinceTime=noon', 400, time],
    ['tailLines=', 400, 'strconv.ParseInt: parsing "": invalid syntax'],
    ['limitBytes=9223372036854775808', 400, 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
  ];
  for (const [query, code, message] of refused) {
    // Whether there is such a pod is asked later.
    for (const pod of ['p', 'none']) {
      expect(await said(`?${query}`, pod)).toEqual([code, code === 422 ? `PodLogOptions "${pod}" is invalid: ${message}` : message]);
    }
  }
  const since = await api.request('GET', `${PODS}/p/log?container=a&sinceTime=2024-01-01T02:00:00.9%2B01:00`);
  expect(since.text).toBe('GET /containerLogs/default/p/a?sinceTime=2024-01-01T01%3A00%3A00Z\n');
  expect(await said('', 'q')).toEqual([204]);
  expect(await said('', 'none')).toEqual([404, 'pods "none" not found']);
});

test('a kubelet that does not listen is named', async () => {
  await using api = await aCluster(1);
  const answer = await api.request('GET', `${PODS}/p/log?container=a`);
  expect(answer.json()).toMatchObject({
    code: 500,
    message: 'Get "https://127.0.0.1:1/containerLogs/default/p/a": dial tcp 127.0.0.1:1: connect: connection refused',
  });
});

test('a kubelet that nobody vouches for is not asked for a log, unless that is asked for', async () => {
  await using kubelet = await aKubelet();
  const ca = issueCertificate({
    subject: { commonName: 'ca' },
    key: generateKey(),
    use: 'ca',
    notBeforeMs: systemClock.now() - 60_000,
    notAfterMs: systemClock.now() + 3_600_000,
  });
  await using api = await aCluster(kubelet.port, {}, { kubelet: { addressTypes: ['InternalIP', 'ExternalIP'], ca } });
  const why = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  const message = `Get "https://127.0.0.1:${kubelet.port}/containerLogs/default/p/a": ${why}`;
  expect((await api.request('GET', `${PODS}/p/log?container=a`)).json()).toMatchObject({ code: 500, message });
  const trusted = await api.request('GET', `${PODS}/p/log?container=a&insecureSkipTLSVerifyBackend=true`);
  expect(trusted.text).toBe('GET /containerLogs/default/p/a\n');
  expect((await api.request('GET', `${PODS}/p/log?container=a`)).status).toBe(500);
});

test('a kubelet’s certificate is for its address, whatever the name of its node', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port, {}, { kubelet: { addressTypes: ['ExternalIP'], ca: kubelet.cert } });
  expect((await api.request('GET', `${PODS}/p/log?container=a`)).text).toBe('GET /containerLogs/default/p/a\n');
  const answer = await api.request('GET', `/api/v1/nodes/n1/proxy/a`);
  expect(answer.status, answer.text).toBe(200);
});

/** A certificate that a client may show, and its key. */
function anIdentity(commonName: string) {
  const key = generateKey();
  const now = systemClock.now();
  const certificate = issueCertificate({
    subject: { commonName },
    key,
    use: 'client',
    notBeforeMs: now - 60_000,
    notAfterMs: now + 3_600_000,
  });
  return { certificate, key: keyToPem(key) };
}

test('kubelets are shown the certificate that there is now, on connections of its own', async () => {
  await using kubelet = await aKubelet();
  let identity = anIdentity('before');
  await using api = await aCluster(kubelet.port, {}, { kubelet: { addressTypes: ['ExternalIP'], identity: () => identity } });
  const shown = async () => (await api.request('GET', '/api/v1/nodes/n1/proxy/a')).headers['x-client'];
  expect(await shown()).toBe('before');
  identity = anIdentity('after');
  expect(await shown()).toBe('after');
});

test('node and pod proxies pass on method, path, query and body', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port);
  const node = await api.request('POST', '/api/v1/nodes/n1/proxy/run/x?a=b', { raw: 'hello ' });
  expect([node.status, node.text, node.headers['x-kubelet']]).toEqual([200, 'hello POST /run/x?a=b\n', 'POST /run/x?a=b']);
  const pod = await api.request('GET', `${PODS}/p:8080/proxy/index.html`);
  expect(pod.text).toBe('GET /podProxy/default/p/8080/index.html\n');
  // A proxy has every method; what is not passed on has those that it says (upstream: `proxyMethods`, `upgradeableMethods`).
  expect((await api.request('HEAD', `${PODS}/p:8080/proxy/index.html`)).headers['x-kubelet']).toBe(
    'HEAD /podProxy/default/p/8080/index.html',
  );
  expect((await api.request('HEAD', `${PODS}/p/log`)).status).toBe(405);
  const early = await api.request('GET', `${PODS}/q/proxy/`);
  expect(early.json()).toMatchObject({ code: 400, message: 'address not allowed' });
  expect((await api.request('GET', '/api/v1/nodes/n2/proxy/')).json()).toMatchObject({ code: 404, message: 'nodes "n2" not found' });
});

test('a node that is not there is told of the resource that was asked for', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port);
  const pod = (name: string, podIP: string) => ({
    metadata: { name },
    spec: { nodeName: 'gone', containers: [{ name: 'c' }] },
    status: { podIP, podIPs: [{ ip: podIP }] },
  });
  for (const [name, ip] of [
    ['far', '10.1.2.3'],
    ['near', '127.0.0.1'],
  ] as const)
    await api.request('POST', PODS, { body: pod(name, ip) });
  const said = async (path: string) => (await api.request('GET', `${PODS}/${path}`)).json<{ code: number; message: string }>();
  for (const path of ['far/log', 'far/exec?command=a&stdout=1', 'far/portforward?ports=80', 'far/proxy/']) {
    expect(await said(path)).toMatchObject({ code: 404, message: 'pods "gone" not found', details: { kind: 'pods' } });
  }
  // Nobody is led to an address that is the API server's own.
  expect(await said('near/proxy/')).toMatchObject({ code: 400, message: 'address not allowed' });
});

test('a service’s proxy leads to a pod that is ready behind the port', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port, { '/services': plainStrategy(), '/endpoints': plainStrategy() });
  const services = '/api/v1/namespaces/default/services';
  const said = async (path: string) => {
    const answer = await api.request('GET', `${services}/${path}`);
    return answer.status === 200 ? answer.text : [answer.status, answer.json<{ message: string }>().message];
  };
  const ports = [
    { name: 'web', port: 80 },
    { name: 'admin', port: 81 },
  ];
  await api.request('POST', services, { body: { metadata: { name: 's' }, spec: { ports } } });
  expect(await said('s:web/proxy/')).toEqual([404, 'services "s" not found']);
  expect(await said('s:99/proxy/')).toEqual([503, 'no service port 99 found for service "s"']);
  expect(await said('ftp:s:80/proxy/')).toEqual([400, 'invalid service request "ftp:s:80"']);

  const target = (name: string) => ({ kind: 'Pod', namespace: 'default', name });
  // The second address is that of no pod there is, the third one the pod no longer has: nobody may be led there.
  const addresses = [
    { ip: '10.0.0.1', targetRef: target('p') },
    { ip: '169.254.0.1', targetRef: target('gone') },
    { ip: '169.254.0.2', targetRef: target('p') },
  ];
  const subsets = [{ addresses, ports: [{ name: 'web', port: 8080 }] }];
  const endpoints = '/api/v1/namespaces/default/endpoints';
  await api.request('POST', endpoints, { body: { metadata: { name: 's' } } });
  expect(await said('s:web/proxy/')).toEqual([503, 'no endpoints available for service "s"']);
  await api.request('PUT', `${endpoints}/s`, { body: { metadata: { name: 's' }, subsets } });
  expect(await said('s:web/proxy/')).toEqual([503, 'no endpoints available for service "s:web"']);
  const status = { podIPs: [{ ip: '10.0.0.1' }] };
  await api.request('PATCH', `${PODS}/p`, { body: { status }, headers: { 'content-type': 'application/merge-patch+json' } });
  for (const port of ['web', '80']) expect(await said(`s:${port}/proxy/a/b?c=d`)).toBe('GET /podProxy/default/p/8080/a/b?c=d\n');
  expect(await said('s:admin/proxy/')).toEqual([503, 'no endpoints available for service "s:admin"']);
});

test('a pod’s proxy leads to nothing else that the kubelet has', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port);
  for (const path of ['../../../../containerLogs/default/q/a', '%2e%2e/%2E./.%2e/../containerLogs/default/q/a', 'x/..//../..\\..\\a']) {
    const socket = connect({ host: '127.0.0.1', port: api.server.port, rejectUnauthorized: false });
    socket.write(`GET ${PODS}/p:80/proxy/${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await socket.setEncoding('utf8').reduce((all, chunk) => all + chunk, '');
    const asked = kubelet.asked.pop()?.split(' ')[1] ?? '';
    expect(new URL(asked, 'http://kubelet').pathname).toMatch(/^\/podProxy\/default\/p\/80\//);
  }
  expect((await api.request('GET', `${PODS}/p:../proxy/`)).status).toBe(400);
});

test('a kubelet that closed a connection which was kept is asked again over another', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port);
  const log = async () => (await api.request('GET', `${PODS}/p/log?container=a`)).status;
  expect(await log()).toBe(200);
  kubelet.dropKept();
  expect(await log()).toBe(200);
  expect(kubelet.dropped).toEqual(['GET /containerLogs/default/p/a']);
});

test('exec becomes a connection to the kubelet', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port);
  const socket = connect({ host: '127.0.0.1', port: api.server.port, rejectUnauthorized: false });
  socket.write(
    `GET ${PODS}/p/exec?container=a&command=ls&command=-l&stdout=true HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer secret\r\n\r\n`,
  );
  const chunks = socket.setEncoding('utf8')[Symbol.asyncIterator]();
  const head = String((await chunks.next()).value);
  expect(head).toContain('HTTP/1.1 101 Switching Protocols');
  expect(head).toContain('X-Path: /exec/default/p/a?output=1&command=ls&command=-l');
  socket.write('ping');
  expect((await chunks.next()).value).toBe('ping');
  socket.destroy();
});

test('exec that the kubelet refuses is not a connection to the kubelet', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port);
  const socket = connect({ host: '127.0.0.1', port: api.server.port, rejectUnauthorized: false });
  socket.write(`POST ${PODS}/p/exec?container=broken HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n`);
  socket.write('GET /pods HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const chunks = socket.setEncoding('utf8')[Symbol.asyncIterator]();
  let text = '';
  while (!text.includes('\r\n\r\nno')) text += String((await chunks.next()).value);
  expect(text).toMatch(/^HTTP\/1.1 403 Forbidden\r\n.*\r\n\r\nno$/s);
  expect(kubelet.asked).toEqual([]);
  socket.destroy();
});

test('a server that stops does not wait for what is upgraded', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port);
  const socket = connect({ host: '127.0.0.1', port: api.server.port, rejectUnauthorized: false });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const answered = new Promise((resolve) => socket.once('data', resolve));
  socket.write(`GET ${PODS}/p/exec?container=a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
  await answered;
  await api.server.stop();
  await closed;
});

test('exec without an upgrade, or of a pod without a node, is refused', async () => {
  await using kubelet = await aKubelet();
  await using api = await aCluster(kubelet.port);
  expect((await api.request('POST', `${PODS}/p/exec?container=a`)).json()).toMatchObject({
    code: 400,
    message: 'Upgrade request required',
  });
  expect((await api.request('POST', `${PODS}/q/exec`)).json()).toMatchObject({ code: 400, message: 'pod q does not have a host assigned' });
});
