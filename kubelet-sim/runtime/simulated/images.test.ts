import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { mounted, TestRuntime } from '../../testing/runtime-harness.ts';
import { RuntimeError } from '../cri.ts';

const signal = new AbortController().signal;

/** What a pull is answered with. */
const pull = async (node: TestRuntime, image: string, ...credentials: [string, string, string][]): Promise<string> => {
  const given = credentials.map(([registry, username, password]) => ({ registry, username, password }));
  return await node.images.pullImage(image, given, signal).then(
    ({ name }) => name,
    (error: unknown) => (error instanceof RuntimeError ? error.message : String(error)),
  );
};

test.each([
  [
    'nginx:nonexistent',
    'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:nonexistent": failed to resolve reference "docker.io/library/nginx:nonexistent": docker.io/library/nginx:nonexistent: not found',
  ],
  [
    'does-not-exist',
    'rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/library/does-not-exist:latest": failed to resolve reference "docker.io/library/does-not-exist:latest": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
  ],
  [
    'registry.invalid/a/b:1',
    'rpc error: code = Unknown desc = failed to pull and unpack image "registry.invalid/a/b:1": failed to resolve reference "registry.invalid/a/b:1": failed to do request: Head "https://registry.invalid/v2/a/b/manifests/1": dial tcp: lookup registry.invalid: no such host',
  ],
  [
    'invalid.registry.k8s.io/a:1',
    'rpc error: code = Unknown desc = failed to pull and unpack image "invalid.registry.k8s.io/a:1": failed to resolve reference "invalid.registry.k8s.io/a:1": failed to do request: Head "https://invalid.registry.k8s.io/v2/a/manifests/1": dial tcp: lookup invalid.registry.k8s.io: no such host',
  ],
])('%s cannot be pulled, in the words of containerd', async (image, text) => {
  expect(await pull(new TestRuntime(), image)).toBe(text);
});

test('a private registry asks for a secret, and one with an account takes no other', async () => {
  const node = new TestRuntime({ private: ['registry.example.com', 'u:p:w@secret.example.com'] });
  expect(await pull(node, 'registry.example.com/team/app:1.0')).toContain(
    'failed to fetch anonymous token: unexpected status: 401 Unauthorized',
  );
  expect(await pull(node, 'registry.example.com/team/app:1.0', ['https://registry.example.com/v1/', 'u', 'p'])).toBe(
    'registry.example.com/team/app:1.0',
  );
  expect(await pull(node, 'secret.example.com/app', ['secret.example.com', 'u', 'wrong'])).toContain(
    'failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://secret.example.com/token?scope=repository%3Aapp%3Apull&service=secret.example.com: 401 Unauthorized',
  );
  expect(await pull(node, 'secret.example.com/app', ['secret.example.com', 'u', 'p:w'])).toBe('secret.example.com/app:latest');
});

test('a part of a registry may ask for a secret, as the one does that upstream tests it with', async () => {
  const node = new TestRuntime({ private: ['registry.example.com/team'] });
  for (const image of ['registry.example.com/team/app:1.0', 'gcr.io/authenticated-image-pulling/alpine:3.7']) {
    expect(await pull(node, image)).toContain('401 Unauthorized');
    expect(await pull(node, image, [image.split('/')[0] ?? '', 'u', 'p'])).toBe(image);
  }
  expect(await pull(node, 'registry.example.com/teams/app:1.0')).toBe('registry.example.com/teams/app:1.0');
});

test('a script makes a pull fail, or slow', async () => {
  const node = new TestRuntime();
  await expect(node.images.pullImage('nginx', [], signal, { error: 'disk quota exceeded' })).rejects.toThrow(
    'rpc error: code = Unknown desc = disk quota exceeded',
  );
  let done = false;
  void node.images.pullImage('nginx', [], signal, { delayMs: 5000 }).then(() => {
    done = true;
  });
  await node.pass(4);
  expect(done).toBe(false);
  await node.pass(2);
  expect(done).toBe(true);
});

test('the images of a node can be listed, measured and removed', () => {
  const node = new TestRuntime();
  for (const image of ['busybox', 'nginx']) node.images.preload(image);
  expect(node.images.listImages().map(({ name }) => name)).toEqual(['docker.io/library/nginx:latest', 'docker.io/library/busybox:latest']);
  const { usedBytes } = node.images.imageFsInfo();
  node.images.removeImage('nginx');
  expect([node.images.imageStatus('nginx'), usedBytes - node.images.imageFsInfo().usedBytes]).toEqual([undefined, 72_319_283]);
});

/** What a server of an image answers. */
async function ask(image: string, path: string, wish: { args?: string[]; command?: string[]; port?: number; afterSeconds?: number } = {}) {
  const node = new TestRuntime();
  const sandbox = node.sandbox({ name: 'pod-1' });
  await node.start(sandbox, { image, args: wish.args ?? [], command: wish.command ?? [] });
  await node.pass(wish.afterSeconds ?? 0);
  const { status, body } = await node.runtime.connect(sandbox, wish.port ?? 80).http({ method: 'GET', path, headers: { host: 'x' } });
  return `${status} ${body.split('\n')[0]}`;
}

test.each<[string, string, Parameters<typeof ask>[2], string]>([
  ['nginx', '/', {}, '200 <!DOCTYPE html>'],
  ['nginx', '/missing', {}, '404 <html>\r'],
  ['httpd', '/', {}, '200 <html><body><h1>It works!</h1></body></html>'],
  ['traefik/whoami', '/', {}, '200 Hostname: pod-1'],
  ['traefik/whoami', '/', { args: ['--port', '8000'], port: 8000 }, '200 Hostname: pod-1'],
  ['hashicorp/http-echo', '/', { args: ['-text=apple', '-listen=:8080'], port: 8080 }, '200 apple'],
  ['hashicorp/http-echo', '/', { port: 5678 }, '200 hello-world'],
  ['registry.k8s.io/e2e-test-images/agnhost:2.40', '/hostname', { args: ['netexec', '--http-port=8081'], port: 8081 }, '200 pod-1'],
  ['registry.k8s.io/e2e-test-images/agnhost:2.40', '/echo?msg=hi', { args: ['netexec'], port: 8080 }, '200 hi'],
  ['registry.k8s.io/e2e-test-images/agnhost:2.40', '/', { args: ['serve-hostname'], port: 9376 }, '200 pod-1'],
  ['registry.k8s.io/e2e-test-images/agnhost:2.40', '/healthz', { args: ['liveness'], port: 8080, afterSeconds: 9 }, '200 ok'],
  ['registry.k8s.io/e2e-test-images/agnhost:2.40', '/healthz', { args: ['liveness'], port: 8080, afterSeconds: 11 }, '500 error: 11'],
  ['gcr.io/google-samples/hello-app:1.0', '/', { port: 8080 }, '200 Hello, world!'],
  [
    'prom/prometheus',
    '/metrics',
    { args: ['--config.file=/p.yml'], port: 9090 },
    "200 # HELP prometheus_build_info A metric with a constant '1' value.",
  ],
  ['quay.io/prometheus/prometheus:v3.8.0', '/-/ready', { port: 9090 }, '200 Prometheus Server is Ready.'],
  ['quay.io/prometheus/alertmanager:v0.29.0', '/-/ready', { port: 9093 }, '200 OK'],
  ['python', '/', { command: ['python3', '-m', 'http.server', '8000'], port: 8000 }, '200 ok'],
])('%s answers %s %o with %s', async (image, path, wish, wanted) => {
  expect(await ask(image, path, wish)).toBe(wanted);
});

test('an image that nobody described stays, quietly, and listens on the ports that are declared', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  const id = await node.start(sandbox, { image: 'quay.io/acme/thing:v3', ports: [{ name: '', containerPort: 7000, protocol: 'TCP' }] });
  expect((await node.runtime.connect(sandbox, 7000).http({ method: 'GET', path: '/', headers: {} })).status).toBe(200);
  expect(() => node.runtime.connect(sandbox, 80)).toThrow('dial tcp 10.244.0.2:80: connect: connection refused');
  void node.runtime.stopContainer(id, 30_000);
  await node.pass(0);
  expect([node.state(id), await node.log(id)]).toEqual(['Completed 0', '']);
});

test.each([
  {},
  { command: ['/bin/reloader', '--watch-interval=0'] },
  { args: ['--once'] },
  { script: 'rake db:migrate && ./bin/seed || exit 3' },
  { script: 'exec /app/migrate up' },
])('an image that nobody described has done its work at once where others wait for its end: %o', async (wish) => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(), { image: 'quay.io/acme/reloader:v1', ...wish, isTask: true });
  await node.pass(1);
  expect(node.state(id)).toBe('Completed 0');
});

test.each([
  ['/app/server --port=80', 'running'],
  ['server', 'running'],
  ['/v/server', 'Error 127'],
])('a script of an image that nobody described runs programs that it may well have: %s', async (script, state) => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(), { image: 'quay.io/acme/thing:v3', script, mounts: [mounted({ name: 'empty' }, '/v')] });
  await node.pass(1);
  expect(node.state(id)).toBe(state);
});

test('a probe by a program of an image that nobody described passes, in a shell as without one', async () => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(), { image: 'quay.io/acme/thing:v3' });
  expect(await node.exec(id, 'is-ready --quiet && /app/check')).toEqual({ text: '', code: 0 });
});

test('databases speak their own protocols: a line to redis is answered, HTTP is not', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  await node.start(sandbox, { image: 'redis:7' });
  const client = await node.start(sandbox, { name: 'client', script: 'sleep 1000' });
  expect(await node.say(client, 'echo PING | nc localhost 6379')).toBe('+PONG\r\n');
  await expect(node.runtime.connect(sandbox, 6379).http({ method: 'GET', path: '/', headers: {} })).rejects.toThrow('EOF');
});

test('a database without its password does not start, and says why', async () => {
  const node = new TestRuntime();
  const without = await node.start(node.sandbox(), { image: 'mysql:8' });
  expect([node.state(without), await node.log(without)]).toEqual(['Error 1', expect.stringContaining('password option is not specified')]);
  const environment = () => Promise.resolve(new Map([['MYSQL_ROOT_PASSWORD', 'x']]));
  const given = await node.start(node.sandbox({ name: 'b' }), { image: 'mysql:8', environment });
  expect(node.state(given)).toBe('running');
});

test('nginx needs its cache: on a read-only root, or as another user, it does not start', async () => {
  const node = new TestRuntime();
  const readOnly = await node.start(node.sandbox(), { image: 'nginx', security: { readOnlyRootFilesystem: true } });
  expect(await node.log(readOnly)).toContain('mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)');
  const user = await node.start(node.sandbox({ name: 'b' }), { image: 'nginx', security: { runAsUser: 1000 } });
  expect([node.state(user), await node.log(user)]).toEqual(['Error 1', expect.stringContaining('failed (13: Permission denied)')]);
  const volumes = ['/var/cache/nginx', '/run'].map((containerPath) => ({
    containerPath,
    readOnly: false,
    subPath: '',
    volume: { name: containerPath },
  }));
  const mended = await node.start(node.sandbox({ name: 'c' }), {
    image: 'nginx',
    security: { readOnlyRootFilesystem: true },
    mounts: volumes,
  });
  expect(node.state(mended)).toBe('running');
});

test('each image stops by its own signal', async () => {
  const node = new TestRuntime();
  const signals: string[] = [];
  for (const [i, image] of ['nginx', 'httpd', 'redis', 'tomcat'].entries()) {
    const id = await node.start(node.sandbox({ name: `p${i}` }), { image });
    void node.runtime.stopContainer(id, 30_000);
    await node.pass(0);
    signals.push(node.state(id));
  }
  expect(signals).toEqual(['Completed 0', 'Completed 0', 'Completed 0', 'Error 143']);
});

test('a server writes a line for each request', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  const id = await node.start(sandbox, { image: 'nginx' });
  await node.runtime.connect(sandbox, 80).http({ method: 'GET', path: '/', headers: { 'user-agent': 'kube-probe/1.34' } });
  expect(await node.log(id)).toContain('172.18.0.2 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 ');
  expect(await node.log(id)).toContain('"-" "kube-probe/1.34" "-"\n');
});

test('bytes both ways, as for a forwarded port: requests one after the other on one connection', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  await node.start(sandbox, { image: 'traefik/whoami' });
  const input = Readable.from(
    ['GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /api HT', 'TP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'].map((text) =>
      Buffer.from(text),
    ),
  );
  let text = '';
  await node.runtime.connect(sandbox, 80).pipe(input, (chunk) => (text += chunk.toString()));
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  expect(text).toContain('"hostname":"web"');
});

test('a gRPC health check, and a server that has none', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  await node.start(sandbox, { image: 'agnhost', args: ['grpc-health-checking'] });
  expect(await node.runtime.connect(sandbox, 5000).health('')).toBe('SERVING');
  expect(await node.runtime.connect(sandbox, 5000).health('x')).toBe('NOT_FOUND');
  const web = node.sandbox({ name: 'b' });
  await node.start(web, { image: 'nginx' });
  await expect(node.runtime.connect(web, 80).health('')).rejects.toThrow('error reading server preface');
});

test('users describe images of their own', async () => {
  const node = new TestRuntime({
    catalog: [
      {
        repository: 'acme/shop',
        ports: [8080],
        replies: [
          { path: '/cart', status: 201, body: 'for {{hostname}}' },
          { path: '/die', exitCode: 9 },
        ],
      },
    ],
  });
  const sandbox = node.sandbox();
  const id = await node.start(sandbox, { image: 'registry.example.com/acme/shop:1' });
  const call = (path: string) => node.runtime.connect(sandbox, 8080).http({ method: 'GET', path, headers: {} });
  expect(await call('/cart')).toMatchObject({ status: 201, body: 'for web' });
  await call('/die');
  await node.pass(0.01);
  expect(node.state(id)).toBe('Error 9');
});

test.each([
  ['alpine:3.4', '/etc/alpine-release', '3.4\n'],
  ['centos:7', '/etc/redhat-release', 'CentOS Linux release 7\n'],
  ['debian:11', '/etc/debian_version', '11\n'],
])('%s is what %s says', async (image, path, text) => {
  const node = new TestRuntime();
  expect(await node.say(await node.run('sleep 100', { image }), `cat ${path}`)).toBe(text);
});

test('a command that is not in the image cannot be started', async () => {
  const node = new TestRuntime();
  await expect(node.run('', { command: ['nosuchprogram'] })).rejects.toThrow(
    'rpc error: code = Unknown desc = failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "nosuchprogram": executable file not found in $PATH: unknown',
  );
  const [item] = node.runtime.listContainers();
  expect(node.state(item?.id ?? '')).toBe('StartError 128');
});
