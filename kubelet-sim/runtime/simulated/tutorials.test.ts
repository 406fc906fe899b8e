import { expect, test } from 'vitest';
import { FakeDirectory } from '../../testing/fake-directory.ts';
import { TestRuntime } from '../../testing/runtime-harness.ts';
import { ImageCatalog } from './image-catalog.ts';
import { parseImageName } from './image-name.ts';

/** What tutorials do in containers, and what they show. */

test.each([
  ['mongo', ['--bind_ip', '0.0.0.0'], 'mongod --bind_ip 0.0.0.0'],
  ['postgres:17', ['-c', 'max_connections=200'], 'postgres -c max_connections=200'],
  ['redis', ['--appendonly', 'yes'], 'redis-server --appendonly yes'],
  ['memcached', ['-m', '64'], 'memcached -m 64'],
  ['mysql', ['--skip-name-resolve'], 'mysqld --skip-name-resolve'],
])('%s with flags alone runs: its entrypoint knows for which program they are', async (image, args, title) => {
  const node = new TestRuntime();
  const variables = ['POSTGRES_PASSWORD', 'MYSQL_ROOT_PASSWORD'].map((name) => [name, 'secret'] as const);
  const environment = () => Promise.resolve(new Map(variables));
  const id = await node.start(node.sandbox(), { image, args, environment });
  expect(node.runtime.containerStatus(id)?.state).toBe('running');
  expect(await node.say(id, 'ps -o args')).toContain(`${title}\n`);
});

test('flags alone are no command of an image whose entrypoint runs what it is given', async () => {
  const node = new TestRuntime();
  await expect(node.start(node.sandbox(), { image: 'nginx', args: ['-t'] })).rejects.toThrow(
    'exec: "-t": executable file not found in $PATH',
  );
});

test.each([
  ['nginx:1.161', false],
  ['nginx:2.3.5', false],
  ['nginx:1.91.2', false],
  ['nginx:1.29-alpine', true],
  ['nginx:2', true],
  ['nginx:stable', true],
  ['gcr.io/google-samples/kubernetes-bootcamp:v10', false],
  ['docker.io/jocatalin/kubernetes-bootcamp:v2', true],
  ['non-existing-repo/non-existing-image:example', false],
])('whether there is an image %s: %s', (image, there) => {
  expect(new ImageCatalog().exists(parseImageName(image))).toBe(there);
});

test.each([
  ['gcr.io/google-samples/hello-app:1.0', 'Version: 1.0.0'],
  ['gcr.io/google-samples/hello-app:2.0', 'Version: 2.0.0'],
  ['gcr.io/google-samples/kubernetes-bootcamp:v1', 'v=1'],
  ['jocatalin/kubernetes-bootcamp:v2', 'v=2'],
])('%s answers as its tag has it: %s', async (image, text) => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(), { image });
  expect(await node.say(id, 'curl -s localhost:8080')).toContain(text);
});

test('ps has the columns of the image: of busybox, or of procps', async () => {
  const node = new TestRuntime();
  const busybox = await node.start(node.sandbox(), { image: 'busybox', script: 'sleep 100' });
  for (const flags of ['', 'ax', 'aux', '-ef'])
    expect(await node.say(busybox, `ps ${flags}`)).toMatch(/^PID {3}USER {5}TIME {2}COMMAND\n {4}1 root {6}0:00 sh -c sleep 100\n/);
  const debian = await node.start(node.sandbox(), { image: 'debian', script: 'sleep 100' });
  expect(await node.say(debian, 'ps aux')).toMatch(
    /^USER {9}PID %CPU %MEM {4}VSZ {3}RSS TTY {6}STAT START {3}TIME COMMAND\nroot {11}1 .* Ss {3}\d\d:\d\d {3}0:00 sh -c sleep 100\n/,
  );
  expect(await node.say(debian, 'ps ax')).toMatch(/^ {4}PID TTY {6}STAT {3}TIME COMMAND\n {6}1 \? {8}Ss {5}0:00 sh -c sleep 100\n/);
  expect(await node.say(debian, 'ps -elf')).toMatch(/^F S UID .*\n4 S root +1 +0 .* sh -c sleep 100\n/);
});

test('nginx has a worker: it is another after a reload, and one that is killed is replaced', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox({ namespaces: { pid: 'pod' } });
  await node.start(sandbox, { name: 'web', image: 'nginx' });
  const shell = await node.start(sandbox, { name: 'shell', image: 'busybox', script: 'sleep 100000' });
  const worker = async () => /(\d+) 101 .*nginx: worker process/.exec(await node.say(shell, 'ps ax'))?.[1];
  const first = await worker();
  expect(await node.say(shell, 'head -n 2 /proc/2/root/etc/nginx/nginx.conf')).toMatch(/^\nuser +nginx;/);
  await node.say(shell, 'kill -HUP 2');
  const second = await worker();
  expect(Number(second)).toBeGreaterThan(Number(first));
  await node.say(shell, `kill -9 ${second}`);
  expect(Number(await worker())).toBeGreaterThan(Number(second));
});

test('nslookup answers as the one of the image does', async () => {
  const directory = new FakeDirectory();
  directory.add('web', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'], ports: [{ port: 80 }] }, []);
  const node = new TestRuntime({ directory });
  const ask = async (image: string, name: string) =>
    await node.exec(await node.start(node.sandbox({ name: 'client' }), { image, script: 'sleep 100' }), `nslookup ${name}`);
  expect((await ask('registry.k8s.io/e2e-test-images/jessie-dnsutils:1.3', 'web')).text).toBe(
    'Server:\t\t10.96.0.10\nAddress:\t10.96.0.10#53\n\nName:\tweb.default.svc.cluster.local\nAddress: 10.96.1.1\n\n',
  );
  expect((await ask('busybox', 'web')).text).toContain('Address:\t10.96.0.10:53\n');
  expect(await ask('busybox:1.28', 'web')).toEqual({
    text: 'Server:    10.96.0.10\nAddress 1: 10.96.0.10 kube-dns.kube-system.svc.cluster.local\n\nName:      web\nAddress 1: 10.96.1.1 web.default.svc.cluster.local\n',
    code: 0,
  });
  expect(await ask('busybox:1.28', 'nothing')).toMatchObject({
    text: expect.stringContaining("!nslookup: can't resolve 'nothing'\n") as string,
    code: 1,
  });
});

test('a package that the image has is installed at once; another is not found', async () => {
  const node = new TestRuntime();
  const debian = await node.start(node.sandbox(), { image: 'nginx' });
  expect(await node.say(debian, 'apt-get update && apt-get install -y curl procps && echo done')).toMatch(
    /curl is already the newest version.\nprocps is .*\n0 upgraded, 0 newly installed.*\ndone\n$/,
  );
  expect(await node.exec(debian, 'apt-get install -y tcpdump 2>&1 | tail -n 1')).toMatchObject({
    text: 'E: Unable to locate package tcpdump\n',
  });
  expect((await node.exec(debian, 'apk add curl')).code).toBe(127);
  const alpine = await node.start(node.sandbox(), { image: 'alpine', script: 'sleep 100' });
  expect(await node.say(alpine, 'apk add --no-cache curl bind-tools')).toBe('OK: 8 MiB in 16 packages\n');
});

test('the service of “Kubernetes by example” tells of itself', async () => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(), { image: 'quay.io/openshiftlabs/simpleservice:0.5.0' });
  expect(await node.say(id, 'curl -s localhost:9876/info')).toBe('{"host": "localhost:9876", "version": "0.5.0", "from": "127.0.0.1"}');
});
