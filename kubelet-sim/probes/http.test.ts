import { expect, test } from 'vitest';
import { VirtualClock } from '../../runtime/index.ts';
import { DraCounts } from '../plugins/dra/dra-counts.ts';
import { KubeletCounts } from '../pod/kubelet-counts.ts';
import type { HttpRequest, HttpResponse, RuntimeService } from '../runtime/cri.ts';
import { aContainer } from '../testing/builders.ts';
import { TestNode } from '../testing/node-harness.ts';
import type { HandlerTarget } from './handler-target.ts';
import { httpTargetOf, sendHttp } from './http.ts';
import { runProbe } from './probe.ts';

type Answer = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** A pod that answers as it is told. */
function answering(answer: Answer): { target: HandlerTarget; asked: HttpRequest[]; clock: VirtualClock } {
  const asked: HttpRequest[] = [];
  const clock = new VirtualClock();
  const connection = {
    http: async (request: HttpRequest) => {
      asked.push(request);
      return await answer(request);
    },
    health: () => Promise.resolve('NOT_SERVING' as const),
    pipe: () => Promise.resolve(),
  };
  const runtime: RuntimeService = Object.assign(Object.create(new TestNode().runtime), { connect: () => connection });
  const container = aContainer('main', { ports: [{ name: 'web', containerPort: 8080 }] });
  return {
    target: {
      runtime,
      clock,
      sandboxId: 's',
      containerId: 'c',
      container,
      podIP: '10.0.0.9',
      counts: new KubeletCounts(() => new DraCounts(() => new Map())),
    },
    asked,
    clock,
  };
}

const ok: HttpResponse = { status: 200, headers: {}, body: 'fine' };

test('a probe says who it is, and its own headers go before', async () => {
  const { target, asked } = answering(() => ok);
  const httpHeaders = [
    { name: 'X-One', value: '1' },
    { name: 'X-One', value: '2' },
    { name: 'accept', value: '' },
    { name: 'Accept-Encoding', value: '' },
  ];
  await runProbe({ httpGet: { path: 'health?full=1', port: 'web', scheme: 'HTTPS', httpHeaders } }, target);
  expect(asked).toMatchObject([{ method: 'GET', path: '/health?full=1', tls: true }]);
  expect(asked[0]?.headers).toEqual({ 'User-Agent': 'kube-probe/1.34', 'X-One': '1, 2', 'Accept-Encoding': '' });
});

test('redirects within the host are followed, one that leads elsewhere is a success with a warning', async () => {
  const to = (location: string): HttpResponse => ({ status: 302, headers: { location }, body: 'moved' });
  const { target, asked } = answering(({ path }) => (path === '/' ? to('/login') : ok));
  expect(await runProbe({ httpGet: { path: '/', port: 8080 } }, target)).toEqual({ outcome: 'success', output: 'fine' });
  expect(asked.map(({ path }) => path)).toEqual(['/', '/login']);
  const away = answering(() => to('http://example.com/'));
  expect(await runProbe({ httpGet: { path: '/', port: 8080 } }, away.target)).toEqual({
    outcome: 'warning',
    output: 'Probe terminated redirects, Response body: moved',
  });
  const endless = answering(() => to('/'));
  expect((await runProbe({ httpGet: { path: '/', port: 8080 } }, endless.target)).output).toContain('stopped after 10 redirects');
});

test('a server that does not answer in time has failed', async () => {
  const { target, clock } = answering(() => new Promise(() => undefined));
  const result = runProbe({ httpGet: { path: '/', port: 8080 }, timeoutSeconds: 3 }, target);
  await clock.advance(3000);
  expect(await result).toEqual({
    outcome: 'failure',
    output: 'Get "http://10.0.0.9:8080/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
  });
});

test('another host than the pod is dialled from the node, and what came of it is told', async () => {
  const { target } = answering(() => ok);
  const dialled: string[] = [];
  const runtime: RuntimeService = Object.assign(Object.create(target.runtime), {
    dial: (host: string, port: number) => {
      dialled.push(`${host}:${port}`);
      return host === 'web' ? Promise.resolve(target.runtime.connect('', port)) : Promise.reject(new Error(`dial tcp ${host}: no`));
    },
  });
  const at = (host: string) => runProbe({ httpGet: { path: '/', port: 8080, host } }, { ...target, runtime });
  expect((await at('web')).outcome).toBe('success');
  expect(await at('192.0.2.1')).toEqual({ outcome: 'failure', output: 'Get "http://192.0.2.1:8080/": dial tcp 192.0.2.1: no' });
  expect(await runProbe({ tcpSocket: { port: 81, host: 'web' } }, { ...target, runtime })).toMatchObject({ outcome: 'success' });
  expect(dialled).toEqual(['web:8080', '192.0.2.1:8080', 'web:81']);
});

test('what a gRPC server says of itself counts', async () => {
  const { target } = answering(() => ok);
  expect(await runProbe({ grpc: { port: 9000 } }, target)).toEqual({
    outcome: 'failure',
    output: 'service unhealthy (responded with "NOT_SERVING")',
  });
});

test('a hook asks as a hook', async () => {
  const { target, asked } = answering(() => ok);
  await sendHttp(target, httpTargetOf({ port: 8080, path: '/x' }, target, 'lifecycle'));
  expect(asked[0]?.headers).toMatchObject({ 'User-Agent': 'kube-lifecycle/1.34' });
});
