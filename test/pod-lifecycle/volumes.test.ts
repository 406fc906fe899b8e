// What volumes hold and when, as statements that a learner would read. On the virtual clock.
import { expect, test } from 'vitest';
import type { Volume } from '../../api/index.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A pod with one volume at `/v`. */
async function mounted(source: Omit<Volume, 'name'>, prepare: (node: TestNode) => void = () => undefined): Promise<TestNode> {
  const node = new TestNode();
  prepare(node);
  const volumeMounts = [{ name: 'v', mountPath: '/v' }];
  await node.run({ volumes: [{ name: 'v', ...source }], containers: [shell('main', 'sleep 36000', { volumeMounts })] });
  return node;
}

const withConfig = (data: Record<string, string>) => (node: TestNode) => void node.source.configMaps.set('app', data);

test.each<[string, Omit<Volume, 'name'>, string]>([
  ['a config map', { configMap: { name: 'app' } }, 'configmap "app" not found'],
  ['a secret', { secret: { secretName: 's' } }, 'secret "s" not found'],
  [
    'several sources',
    { projected: { sources: [{ configMap: { name: 'app' } }, { secret: { name: 's' } }] } },
    '[configmap "app" not found, secret "s" not found]',
  ],
  [
    'a directory of the node that must be there',
    { hostPath: { path: '/data', type: 'Directory' } },
    'hostPath type check failed: /data is not a directory',
  ],
  [
    'a repository, of which nodes make volumes no more,',
    { gitRepo: { repository: 'https://example.com/x.git' } },
    'git-repo volume plugin has been disabled; if necessary, it may be re-enabled by enabling the feature-gate `GitRepoVolumeDriver`',
  ],
  [
    'huge pages that nobody asks for, of a size',
    { emptyDir: { medium: 'HugePages-2Mi' } },
    'medium HugePages-2Mi: hugePages storage requested, but there is no resource request for huge pages',
  ],
  ['a medium', { emptyDir: { medium: 'Tape' } }, 'unknown storage medium "Tape"'],
  [
    'a file with a name',
    { downwardAPI: { items: [{ path: 'x'.repeat(256), fieldRef: { fieldPath: 'metadata.name' } }] } },
    'invalid path: filenames must be less than or equal to 255 characters',
  ],
])('a pod that mounts %s that is not there is held in ContainerCreating, and told why', async (_what, source, why) => {
  const node = await mounted(source);
  expect([node.status.phase, node.state()]).toEqual(['Pending', 'ContainerCreating']);
  expect(node.told('FailedMount')[0]).toBe(`MountVolume.SetUp failed for volume "v" : ${why}`);
});

// Upstream's TestDownwardAPI and TestWriteOnce.
test('paths of files are cleaned: nobody sees slashes and dots that say nothing', async () => {
  const items = ['this//name', './that/./name'].map((path) => ({ path, fieldRef: { fieldPath: 'metadata.name' } }));
  const node = await mounted({ downwardAPI: { items } });
  expect(await node.exec('main', 'sh', '-c', 'cat /v/this/name /v/that/name; ls /v')).toBe('webwebthat\nthis\n');
});

test('what a missing config map held up goes on when it is there', async () => {
  const node = await mounted({ configMap: { name: 'app' } });
  await node.pass(2);
  withConfig({ color: 'blue' })(node);
  await node.pass(5);
  expect([node.state(), await node.exec('main', 'cat', '/v/color')]).toEqual(['running', 'blue']);
});

test('items choose keys and their paths and modes; a key that is not there is an error unless all is optional', async () => {
  const items = [{ key: 'color', path: 'deep/er', mode: 0o400 }];
  const node = await mounted({ configMap: { name: 'app', items, defaultMode: 0o644 } }, withConfig({ color: 'blue', size: '9' }));
  expect(await node.exec('main', 'cat', '/v/deep/er')).toBe('blue');
  expect(await node.exec('main', 'cat', '/v/size')).toContain('No such file');
  const missing = await mounted({ configMap: { name: 'app', items } }, withConfig({}));
  expect(missing.told('FailedMount')[0]).toBe(
    'MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: color',
  );
  const secret = await mounted(
    { secret: { secretName: 's', items: [{ key: 'k', path: 'k' }] } },
    (n) => void n.source.secrets.set('s', {}),
  );
  expect(secret.told('FailedMount')[0]).toBe('MountVolume.SetUp failed for volume "v" : references non-existent secret key: k');
  const optional = await mounted({ configMap: { name: 'absent', optional: true } });
  expect(optional.state()).toBe('running');
});

test('a changed config map reaches the files that are mounted; one mounted by subPath does not change', async () => {
  const node = new TestNode();
  withConfig({ color: 'blue' })(node);
  const volumeMounts = [
    { name: 'v', mountPath: '/v' },
    { name: 'v', mountPath: '/one', subPath: 'color' },
  ];
  await node.run({ volumes: [{ name: 'v', configMap: { name: 'app' } }], containers: [shell('main', 'sleep 3600', { volumeMounts })] });
  expect(await node.exec('main', 'cat', '/v/color', '/one')).toBe('blueblue');
  withConfig({ color: 'green' })(node);
  await node.pass(60);
  expect(await node.exec('main', 'cat', '/v/color', '/one')).toBe('greenblue');
});

test('an immutable config map is read once', async () => {
  const node = await mounted({ configMap: { name: 'app' } }, (n) => {
    withConfig({ color: 'blue' })(n);
    n.source.immutable.add('app');
  });
  withConfig({ color: 'green' })(node);
  await node.pass(60);
  expect(await node.exec('main', 'cat', '/v/color')).toBe('blue');
});

test('what was mounted stays when its source is deleted', async () => {
  const node = await mounted({ secret: { secretName: 's' } }, (n) => void n.source.secrets.set('s', { password: base64('s3cret') }));
  expect(await node.exec('main', 'cat', '/v/password')).toBe('s3cret');
  node.source.secrets.delete('s');
  await node.pass(60);
  expect([await node.exec('main', 'cat', '/v/password'), node.state()]).toEqual(['s3cret', 'running']);
});

test('the downward API shows the fields of the pod as they are now', async () => {
  const items = [
    { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
    { path: 'memory', resourceFieldRef: { containerName: 'main', resource: 'limits.memory', divisor: '1Mi' } },
  ];
  const node = await mounted({ downwardAPI: { items } });
  expect(await node.exec('main', 'cat', '/v/labels')).toBe('');
  await node.change((pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { tier: 'web' } } }));
  expect(await node.exec('main', 'cat', '/v/labels', '/v/memory')).toBe('tier="web"32768');
});

test("a service account's token is asked for anew when 80 % of its life is over", async () => {
  const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 1000 } }];
  const node = await mounted({ projected: { sources } });
  const read = () => node.exec('main', 'cat', '/v/token');
  expect(await read()).toBe('token-of-web');
  await node.pass(790);
  expect(await read()).toBe('token-of-web');
  await node.pass(20);
  expect(await read()).toBe('token-of-web-2');
});

test('an emptyDir is shared by the containers of a pod, and lives as long as the pod', async () => {
  const node = new TestNode();
  const volumeMounts = [{ name: 'v', mountPath: '/v' }];
  await node.run({
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [shell('a', 'echo 1 >> /v/f; sleep 5; exit 1', { volumeMounts }), shell('b', 'sleep 3600', { volumeMounts })],
  });
  await node.pass(6);
  expect(await node.exec('b', 'cat', '/v/f')).toBe('1\n1\n');
});

test('a pod whose emptyDir outgrows its sizeLimit is evicted', async () => {
  const node = await mounted({ emptyDir: { sizeLimit: '1Ki' } });
  await node.exec('main', 'sh', '-c', 'printf "%02000d" 1 > /v/big');
  await node.pass(15);
  const message = 'Usage of EmptyDir volume "v" exceeds the limit "1Ki". ';
  expect([node.status.phase, node.status.reason, node.status.message]).toEqual(['Failed', 'Evicted', message]);
  expect(node.told('Evicted')).toEqual([message]);
});

test('a hostPath is the node’s own: what a pod writes there is there for the next', async () => {
  const node = new TestNode();
  const volumes = [{ name: 'v', hostPath: { path: '/data', type: 'DirectoryOrCreate' } }];
  const volumeMounts = [{ name: 'v', mountPath: '/v' }];
  await node.run({ volumes, containers: [shell('main', 'echo hello > /v/f; sleep 3600', { volumeMounts })] });
  await node.forceDelete();
  await node.pass(60);
  await node.run({ volumes, containers: [shell('main', 'cat /v/f; sleep 3600', { volumeMounts })] });
  expect(await node.log()).toBe('hello\n');
});

test('a pod that writes more to the disk of the node than its containers may is evicted', async () => {
  const node = new TestNode();
  const limited = (name: string) => shell(name, 'sleep 3600', { resources: { limits: { 'ephemeral-storage': '1Ki' } } });
  await node.run({ containers: [limited('a'), limited('b')] });
  await node.exec('a', 'sh', '-c', 'printf "%01500d" 1 > /tmp/big');
  await node.pass(15);
  expect(node.status.message).toBe('Container a exceeded its local ephemeral storage limit "1Ki". ');
  const both = new TestNode();
  await both.run({ containers: [limited('a'), limited('b')] });
  await both.exec('a', 'sh', '-c', 'printf "%03000d" 1 > /tmp/big');
  await both.pass(15);
  expect(both.status.message).toBe('Pod ephemeral local storage usage exceeds the total limit of containers 2Ki. ');
});
