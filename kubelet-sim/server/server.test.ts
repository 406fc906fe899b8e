import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import WebSocket, { createWebSocketStream } from 'ws';
import { KUBELET_CLIENT_USER } from '../../runtime/index.ts';
import { aContainer } from '../testing/builders.ts';
import { authority, startKubelet } from '../testing/kubelet-server.ts';
import { HeaderCodec } from './spdy/header-codec.ts';

test('a certificate or a token says who asks, the API server says whether they may', async () => {
  await using world = await startKubelet(({ resourceAttributes: { subresource } }) => subresource !== 'proxy');
  const token = (text: string) => ({ headers: { authorization: `Bearer ${text}` } });
  expect(await world.ask('/healthz', {})).toEqual({ status: 401, text: 'Unauthorized' });
  expect(await world.ask('/pods', authority().client)).toMatchObject({ status: 401 });
  expect(await world.ask('/pods', token('bad'))).toMatchObject({ status: 401 });
  expect((await world.ask('/metrics/resource', token('good'))).status).toBe(200);
  expect(world.asked).toMatchObject([
    { user: 'scraper', groups: ['metrics'], resourceAttributes: { verb: 'get', subresource: 'metrics', name: 'node-0' } },
  ]);
  expect(await world.ask('/healthz')).toEqual({ status: 200, text: 'ok' });
  expect(await world.ask('/containerLogs/default/web/main')).toEqual({
    status: 403,
    text: 'Forbidden (user=apiserver, verb=get, resource=nodes, subresource(s)=[proxy])\n',
  });
  const before = world.asked.length;
  await world.ask('/metrics/resource', token('good'));
  expect(world.asked.length).toBe(before); // remembered
});

test('what a node reports of itself', async () => {
  await using world = await startKubelet();
  const summary = JSON.parse((await world.ask('/stats/summary')).text);
  expect(summary).toMatchObject({
    node: { nodeName: 'node-0', cpu: { usageNanoCores: 1e6 }, memory: { workingSetBytes: 1024 }, fs: { availableBytes: 6, inodesFree: 2 } },
    pods: [],
  });
  expect((await world.ask('/metrics/resource')).text).toContain('node_cpu_usage_seconds_total 2 0\n');
  expect((await world.ask('/metrics')).text).toContain('kubelet_node_name{node="node-0"} 1\n');
  expect(JSON.parse((await world.ask('/configz')).text)).toEqual({ kubeletconfig: { kind: 'KubeletConfiguration' } });
  expect((await world.ask('/nothing')).status).toBe(404);
});

test('/metrics counts pods by where they come from, and how far they are', async () => {
  await using world = await startKubelet();
  const shown = async (...names: string[]) => {
    const { text } = await world.ask('/metrics');
    return text.split('\n').filter((line) => names.some((name) => line.startsWith(name)) && !line.endsWith(' 0'));
  };
  expect(await shown('kubelet_active_pods', 'kubelet_working_pods')).toEqual([]);
  await world.node.runScript('trap "" TERM; while true; do sleep 1; done');
  expect(await shown('kubelet_active_pods', 'kubelet_desired_pods', 'kubelet_mirror_pods', 'kubelet_working_pods')).toEqual([
    'kubelet_active_pods{static=""} 1',
    'kubelet_desired_pods{static=""} 1',
    'kubelet_working_pods{config="desired",lifecycle="sync",static=""} 1',
  ]);
  await world.node.delete(5);
  await world.node.pass(1);
  expect(await shown('kubelet_working_pods')).toEqual(['kubelet_working_pods{config="desired",lifecycle="terminating",static=""} 1']);
});

test('logs, and why there are none', async () => {
  await using world = await startKubelet();
  const logs = (query = '', container = 'main') => world.ask(`/containerLogs/default/web/${container}${query}`);
  expect(await logs()).toEqual({ status: 404, text: 'pod "web" does not exist' });
  await world.node.runScript('echo one; echo two; exit 1');
  expect(await logs()).toEqual({ status: 200, text: 'one\ntwo\n' });
  expect((await logs('?tailLines=1&timestamps=true')).text).toBe('2026-01-01T00:00:00.000000000Z two\n');
  expect((await logs('?previous=true')).text).toBe('one\ntwo\n');
  expect(await logs('', 'other')).toEqual({ status: 404, text: 'container "other" not found in pod "web"' });
  expect((await logs('?tail=1')).text).toBe('two\n');
  expect((await logs('?tail=all&tailLines=1')).text).toBe('one\ntwo\n');
  expect(await logs('?tail=-1', 'other')).toEqual({ status: 422, text: '{"message": "Invalid request."}' });
  expect(await logs('?tailLines=x')).toEqual({ status: 400, text: '{"message": "Unable to decode query."}' });
  await world.node.run({ containers: [aContainer('main', { image: 'nginx:does-not-exist' })] });
  expect(await logs()).toEqual({ status: 400, text: 'container "main" in pod "web" is waiting to start: image can\'t be pulled' });
});

test('/run answers with what a command wrote, and with an error when it fails', async () => {
  await using world = await startKubelet();
  const run = (path: string, method = 'POST') => world.ask(`/run/default/${path}`, undefined, method);
  await world.node.run({ containers: [aContainer('main', { image: 'busybox', command: ['sleep', '3600'] })] });
  expect(await run('web/main?cmd=echo+hello+there')).toEqual({ status: 200, text: 'hello there\n' });
  expect(await run('web/uid-of-web/main?cmd=echo+hello')).toEqual({ status: 200, text: 'hello\n' });
  expect(await run('other/main?cmd=ls')).toEqual({ status: 404, text: 'pod does not exist' });
  expect(await run('web/other?cmd=ls')).toEqual({ status: 500, text: 'container not found ("other")' });
  expect(await run('web/main?cmd=cat+/none')).toEqual({
    status: 500,
    text: "command 'cat /none' exited with 1: cat: can't open '/none': No such file or directory\n",
  });
  expect(await run('web/main?cmd=ls', 'GET')).toEqual({ status: 405, text: '405: Method Not Allowed' });
});

test('paths with a router of their own have its words for what is not there; streams want a connection that is switched over', async () => {
  await using world = await startKubelet();
  await world.node.run({});
  for (const path of ['/pods/x', '/stats/', '/exec/default/web', '/containerLogs/default/web'])
    expect(await world.ask(path), path).toEqual({ status: 404, text: '404: Page Not Found' });
  for (const path of ['/pods', '/containerLogs/default/web/main'])
    expect(await world.ask(path, undefined, 'POST'), path).toEqual({ status: 405, text: '405: Method Not Allowed' });
  expect(await world.ask('/exec/default/web/main?output=1&command=ls')).toEqual({ status: 500, text: 'Upgrade request required\n' });
  expect(await world.ask('/portForward/default/web')).toEqual({ status: 500, text: 'Upgrade request required\n' });
});

test('ports of a pod under another UID are not found; commands go by its name, whatever the UID', async () => {
  await using world = await startKubelet();
  await world.node.run({});
  const forward = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'portforward.k8s.io' };
  (await world.upgrade('/portForward/default/web/uid-of-web', forward)).destroy();
  await expect(world.upgrade('/portForward/default/web/other', forward)).rejects.toThrow('status 404');
  const command = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' };
  for (const verb of ['exec', 'attach']) (await world.upgrade(`/${verb}/default/web/other/main?output=1&command=ls`, command)).destroy();
});

test('the end of a log comes apart from its last bytes, which some API servers lose otherwise', async () => {
  await using world = await startKubelet();
  await world.node.runScript('echo done');
  const socket = connect({ ...world.client, port: world.server.port, host: '127.0.0.1', rejectUnauthorized: false });
  const pieces: string[] = [];
  socket.on('data', (data: Buffer) => pieces.push(data.toString()));
  socket.write('GET /containerLogs/default/web/main HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await once(socket, 'close');
  expect(pieces.at(-1)).toBe('0\r\n\r\n');
  expect(pieces.join('')).toContain('done\n');
});

test('health, whole and check by check', async () => {
  await using world = await startKubelet(({ resourceAttributes: { subresource } }) => subresource === 'healthz');
  for (const path of ['', '/ping', '/log', '/syncloop']) expect(await world.ask(`/healthz${path}`)).toEqual({ status: 200, text: 'ok' });
  expect((await world.ask('/healthz?verbose')).text).toBe('[+]ping ok\n[+]log ok\n[+]syncloop ok\nhealthz check passed\n');
  expect(await world.ask('/healthz/etcd')).toEqual({ status: 404, text: '404 page not found\n' });
});

test('exec: streams by channel, and the exit code at the end; nothing comes before an older client has made its streams', async () => {
  await using world = await startKubelet();
  await world.node.run({});
  const connect = (container: string, ...command: string[]) => {
    const query = new URLSearchParams([
      ['input', '1'],
      ['output', '1'],
      ['error', '1'],
      ...command.map((arg): [string, string] => ['command', arg]),
    ]);
    const url = `wss://127.0.0.1:${world.server.port}/exec/default/web/${container}?${query}`;
    return new WebSocket(url, ['v5.channel.k8s.io'], { ...world.client, rejectUnauthorized: false });
  };
  const socket = connect('main', 'sh', '-c', 'read x; echo "got $x"; echo bad >&2; exit 3');
  const channels: Record<number, string> = {};
  socket.on('message', (data: Buffer) => {
    const [channel = -1] = data;
    channels[channel] = (channels[channel] ?? '') + data.toString('utf8', 1);
  });
  await once(socket, 'open');
  socket.send(Buffer.from('\0hello\n'));
  socket.ping();
  await once(socket, 'pong');
  expect(channels).toEqual({});
  const closed = once(socket, 'close');
  await world.node.pass(0.01);
  await closed;
  expect(channels[1]).toBe('got hello\n');
  expect(channels[2]).toBe('bad\n');
  expect(JSON.parse(channels[3] ?? '')).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  });
});

test('exec and attach: a container that does not run is not found, which clients of v5 are told inside the connection', async () => {
  await using world = await startKubelet();
  await world.node.runScript('echo done');
  const told = (path: string, query = 'output=1&command=ls') => {
    const url = `wss://127.0.0.1:${world.server.port}${path}?${query}`;
    const socket = new WebSocket(url, ['v5.channel.k8s.io'], { ...world.client, rejectUnauthorized: false });
    return new Promise<unknown>((resolve, reject) => {
      socket.on('message', (data: Buffer) => data[0] === 3 && data.length > 1 && resolve(JSON.parse(data.toString('utf8', 1))));
      socket.on('error', reject);
      socket.on('open', () => void world.node.pass(0.01).catch(reject));
    });
  };
  const refusal = (why: string) => ({ status: 'Failure', reason: 'InternalError', code: 500, message: `Internal error occurred: ${why}` });
  const [upgrade, streams] = ['unable to upgrade connection: ', 'you must specify at least 1 of stdin, stdout, stderr'];
  expect(await told('/exec/default/web/main')).toMatchObject(refusal(`${upgrade}container not found ("main")`));
  expect(await told('/exec/default/web/nope')).toMatchObject(refusal(`${upgrade}container not found ("nope")`));
  expect(await told('/attach/default/web/main')).toMatchObject(refusal(`${upgrade}container main not found in pod web_default`));
  expect(await told('/exec/default/web/main', 'x=')).toMatchObject(refusal(`${upgrade}${streams}`));
  const older = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' };
  await expect(world.upgrade('/attach/default/web/main?output=1', older)).rejects.toThrow('status 500');
});

test.each([
  ['v4.channel.k8s.io', 'input=1&output=1&error=1', [1], false],
  ['v4.channel.k8s.io', 'input=1&error=1', [2], false],
  ['v4.channel.k8s.io', 'input=1', [3], false],
  ['v5.channel.k8s.io', 'input=1&output=1&error=1', [1, 3], true],
])('%s with %s: an empty message on the first channel only, and input ends in v5 alone', async (protocol, query, channels, isOver) => {
  await using world = await startKubelet();
  await world.node.run({});
  const url = `wss://127.0.0.1:${world.server.port}/exec/default/web/main?${query}&command=cat`;
  const socket = new WebSocket(url, [protocol], { ...world.client, rejectUnauthorized: false });
  const seen: number[] = [];
  socket.on('message', (data: Buffer) => seen.push(data[0] ?? -1));
  await once(socket, 'open');
  socket.send(Buffer.from([255, 0]));
  const closed = once(socket, 'close');
  const heard = async () => {
    socket.ping();
    await once(socket, 'pong');
  };
  await heard();
  await world.node.pass(0.01);
  await (isOver ? closed : heard());
  expect(seen).toEqual(channels);
  socket.terminate();
});

/** A client's side of SPDY: opens streams, and gathers what comes on each. */
class SpdyClient {
  readonly received = new Map<number, string>();
  readonly #socket: Duplex;
  readonly #codec = new HeaderCodec();
  readonly #ended = new Set<number>();

  constructor(socket: Duplex) {
    this.#socket = socket;
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 8 && rest.length >= 8 + rest.readUIntBE(5, 3)) {
        const length = 8 + rest.readUIntBE(5, 3);
        this.#frame(rest.subarray(0, length));
        rest = rest.subarray(length);
      }
    });
  }

  #frame(frame: Buffer): void {
    if (frame.readUInt8(0) & 0x80) return;
    const id = frame.readUInt32BE(0);
    this.received.set(id, (this.received.get(id) ?? '') + frame.toString('utf8', 8));
    if (frame.readUInt8(4) & 1) this.#ended.add(id);
  }

  async open(id: number, headers: Record<string, string>): Promise<void> {
    const block = await this.#codec.pack(new Map(Object.entries(headers)));
    const body = Buffer.concat([Buffer.alloc(10), block]);
    body.writeUInt32BE(id, 0);
    this.#send(Buffer.from([0x80, 3, 0, 1]), 0, body);
  }

  data(id: number, text: string, isLast = false): void {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(id);
    this.#send(head, isLast ? 1 : 0, Buffer.from(text));
  }

  #send(start: Buffer, flags: number, body: Buffer): void {
    const middle = Buffer.alloc(4);
    middle.writeUInt32BE((flags << 24) | body.length);
    this.#socket.write(Buffer.concat([start, middle, body]));
  }

  async ended(...ids: number[]): Promise<void> {
    while (!ids.every((id) => this.#ended.has(id))) await new Promise((resolve) => setImmediate(resolve));
  }
}

test('exec over SPDY, as clients before 1.31 ask for it', async () => {
  await using world = await startKubelet();
  await world.node.run({});
  const query = 'input=1&output=1&error=1&command=sh&command=-c&command=cat;echo+bad>%262;exit+3';
  const socket = await world.upgrade(`/exec/default/web/main?${query}`, {
    upgrade: 'SPDY/3.1',
    'x-stream-protocol-version': ['v4.channel.k8s.io', 'v1.channel.k8s.io'],
  });
  const client = new SpdyClient(socket);
  for (const [i, streamType] of ['error', 'stdin', 'stdout', 'stderr'].entries()) await client.open(2 * i + 1, { streamType });
  client.data(3, 'hello ');
  client.data(3, 'there', true);
  await client.ended(1, 5, 7);
  expect(client.received.get(5)).toBe('hello there');
  expect(client.received.get(7)).toBe('bad\n');
  expect(JSON.parse(client.received.get(1) ?? '')).toMatchObject({ reason: 'NonZeroExitCode' });
  socket.destroy();
});

test('a client that speaks no protocol of ours is refused', async () => {
  await using world = await startKubelet();
  await world.node.run({});
  const ask = (headers: Record<string, string>) => world.upgrade('/exec/default/web/main?output=1&command=ls', headers);
  await expect(ask({ upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v9.channel.k8s.io' })).rejects.toThrow('status 403');
  await expect(ask({ upgrade: 'h2c' })).rejects.toThrow('status 400');
});

test('ports are forwarded over SPDY, over SPDY inside a WebSocket, and over channels', async () => {
  await using world = await startKubelet();
  await world.node.run({});
  const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const overSpdy = async (socket: Duplex) => {
    const client = new SpdyClient(socket);
    for (const [i, port] of ['80', '81'].entries()) {
      await client.open(4 * i + 1, { streamType: 'error', port, requestID: String(i) });
      await client.open(4 * i + 3, { streamType: 'data', port, requestID: String(i) });
    }
    client.data(3, request, true);
    await client.ended(1, 3, 5, 7);
    expect(client.received.get(3)).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*nginx/);
    expect(client.received.get(1)).toBe('');
    expect(client.received.get(5)).toMatch(/^error forwarding port 81 to pod .*connect: connection refused$/);
    socket.destroy();
  };
  const path = '/portForward/default/web';
  await overSpdy(await world.upgrade(path, { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'portforward.k8s.io' }));
  const url = `wss://127.0.0.1:${world.server.port}${path}`;
  const options = { ...world.client, rejectUnauthorized: false };
  const tunnel = new WebSocket(url, ['v2.portforward.k8s.io'], options);
  await overSpdy(createWebSocketStream(tunnel));

  const named = await world.upgrade(path, {
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
  });
  named.destroy();

  const channels = new WebSocket(`${url}?port=80`, ['v4.channel.k8s.io'], options);
  let text = '';
  channels.on('message', (data: Buffer) => {
    if (data[0] === 0) text += data.toString('latin1', 1);
    if (text.includes('</html>')) channels.close();
  });
  channels.on('open', () => channels.send(Buffer.from(`\0${request}`)));
  await new Promise((resolve, reject) => channels.on('close', resolve).on('error', reject));
  expect(text).toMatch(/^P\0HTTP\/1.1 200 OK/);
});

test('a pod’s ports are proxied; one that nobody listens on is an error of upstream’s API server', async () => {
  await using world = await startKubelet();
  await world.node.run({});
  const answer = await world.ask('/podProxy/default/web/80/');
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('nginx')]);
  expect(JSON.parse((await world.ask('/podProxy/default/web/81/x')).text)).toMatchObject({
    code: 503,
    reason: 'ServiceUnavailable',
    message: expect.stringMatching(/^error trying to reach service: dial tcp [\d.]+:81: connect: connection refused$/),
  });
});

test('the API server gets to ports of pods unasked: a webhook in a pod, for reviews too, would wait for itself', async () => {
  for (const [name, statuses] of [
    [KUBELET_CLIENT_USER, [200, 403]],
    ['somebody', [403, 403]],
  ] as const) {
    await using world = await startKubelet(() => false, name);
    await world.node.run({});
    const answers = [await world.ask('/podProxy/default/web/80/'), await world.ask('/pods')];
    expect(answers.map(({ status }) => status)).toEqual(statuses);
  }
});

test('how probes came out', async () => {
  await using world = await startKubelet();
  const livenessProbe = { exec: { command: ['true'] }, periodSeconds: 1 };
  await world.node.run({ containers: [aContainer('main', { livenessProbe })] });
  await world.node.pass(5);
  const { text } = await world.ask('/metrics/probes');
  expect(text).toMatch(/^prober_probe_duration_seconds_bucket\{container="main",.*,probe_type="Liveness",le="0.005"\} \d+$/m);
  expect(text).toMatch(/^prober_probe_duration_seconds_count\{container="main",.*,probe_type="Liveness"\} \d+$/m);
  expect(text).toMatch(/^process_start_time_seconds [\d.]+e\+09$/m);
  expect(text).toMatch(
    /^prober_probe_total\{container="main",namespace="default",pod="web",pod_uid="uid-of-web",probe_type="Liveness",result="successful"\} \d+$/m,
  );
});

test('/logs/ shows the node’s /var/log: lists of directories, files as they are, links followed', async () => {
  await using world = await startKubelet(({ resourceAttributes: { subresource } }) => subresource === 'log');
  await world.node.run({ containers: [aContainer('main', { image: 'busybox', command: ['sh', '-c', 'echo hello; sleep 3600'] })] });
  expect((await world.ask('/logs/')).text).toContain('<a href="pods/">pods/</a>\n');
  expect(await world.ask('/logs/pods')).toMatchObject({ status: 301 });
  const id = world.node.worker?.containerId('main');
  expect((await world.ask('/logs/containers/')).text).toContain(`<a href="web_default_main-${id}.log">`);
  const log = await world.ask(`/logs/containers/web_default_main-${id}.log`);
  expect(log).toMatchObject({ status: 200, text: expect.stringMatching(/^\S+ stdout F hello\n$/) });
  expect(await world.ask('/logs/nothing')).toEqual({ status: 404, text: '404 page not found\n' });
});

test('/metrics/cadvisor tells of every control group: who is what, what is used and what may be', async () => {
  await using world = await startKubelet(({ resourceAttributes: { subresource } }) => subresource === 'metrics');
  const resources = { requests: { cpu: '500m' }, limits: { cpu: '1', memory: '64Mi' } };
  await world.node.run({ containers: [aContainer('main', { resources })] });
  await world.node.pass(60);
  const { text } = await world.ask('/metrics/cadvisor');
  const id = world.node.worker?.containerId('main');
  const sandbox = world.node.worker?.sandboxId;
  const slice = '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poduid_of_web.slice';
  const main = `container="main",id="${slice}/cri-containerd-${id}.scope",image="docker.io/library/nginx:latest",name="${id}",namespace="default",pod="web"`;
  const pod = `container="",id="${slice}",image="",name="",namespace="default",pod="web"`;
  const valueAt = (start: string) =>
    text
      .split('\n')
      .find((line) => line.startsWith(`${start} `))
      ?.slice(start.length + 1);
  expect(valueAt(`container_spec_memory_limit_bytes{${main}}`)).toBe('6.7108864e+07');
  expect(valueAt(`container_spec_cpu_quota{${main}}`)).toBe('100000');
  expect(valueAt(`container_spec_cpu_shares{${pod}}`)).toBe('512');
  expect(Number(valueAt(`container_memory_working_set_bytes{${main}}`)?.split(' ')[0])).toBeGreaterThan(1e6);
  expect(valueAt(`container_cpu_cfs_periods_total{${main}}`)).toMatch(/^0 1767225660\d\d\d$/);
  const cpu = 'container="main",cpu="total",';
  expect(text).toContain(`container_cpu_usage_seconds_total{${cpu}${main.slice('container="main",'.length)}} `);
  const pause = `container="",id="${slice}/cri-containerd-${sandbox}.scope",image="registry.k8s.io/pause:3.10.1",interface="eth0",name="${sandbox}"`;
  expect(text).toContain(`container_network_receive_bytes_total{${pause},namespace="default",pod="web"} `);
  expect(text).toContain('container_processes{container="",id="/",image="",name="",namespace="",pod=""} 1 0\n');
  expect(text).toContain('container_fs_usage_bytes{container="",device="/dev/vda1",id="/",image="",name="",namespace="",pod=""} 4 0\n');
  expect(text).toContain('machine_memory_bytes{boot_id="boot",machine_id="machine",system_uuid="system"} 3.4359738368e+10\n');
  expect(text).toContain('# TYPE container_pressure_cpu_waiting_seconds_total counter\n');
  expect(text).toContain('container_scrape_error 0\n');
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(names).toEqual([...new Set(names)].sort());
});

test('/metrics/slis counts health checks, until somebody begins anew', async () => {
  await using world = await startKubelet();
  for (const path of ['/healthz', '/healthz?exclude=log', '/healthz/ping']) await world.ask(path);
  const { text } = await world.ask('/metrics/slis');
  expect(text).toContain('kubernetes_healthcheck{name="syncloop",type="healthz"} 1\n');
  expect(text).toMatch(/name="log",status="success",type="healthz"} 1\n.*name="ping",status="success",type="healthz"} 2\n/);
  expect(await world.ask('/metrics/slis', world.client, 'DELETE')).toEqual({ status: 200, text: 'metrics reset\n' });
  expect((await world.ask('/metrics/slis')).text).not.toContain('kubernetes_');
});
