import { expect, test } from 'vitest';
import { mounted, TestRuntime } from '../../testing/runtime-harness.ts';
import type { MountableVolume, VolumeFile } from '../cri.ts';

const file = (text: string, mode = 0o644): VolumeFile => ({ content: Buffer.from(text), mode });
const WAIT = 'sleep 100000';

/** A volume that follows a source, and the source. */
function followed(first: Record<string, string>) {
  let files = new Map(Object.entries(first).map(([path, text]) => [path, file(text)]));
  const volume: MountableVolume = { name: 'config', files: () => Promise.resolve(files) };
  const change = (next: Record<string, string>) => {
    files = new Map(Object.entries(next).map(([path, text]) => [path, file(text)]));
  };
  return { volume, change };
}

test('an empty directory is shared by the containers of a pod, and anybody may write to it', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  const volume = { name: 'data' };
  const one = await node.start(sandbox, { name: 'one', script: WAIT, mounts: [mounted(volume, '/a')] });
  const two = await node.start(sandbox, { name: 'two', script: WAIT, mounts: [mounted(volume, '/b')], security: { runAsUser: 1000 } });
  await node.say(one, 'echo from one > /a/x');
  expect(await node.say(two, 'cat /b/x; echo mine > /b/y; stat -c "%a %u" /b /b/y')).toBe('from one\n777 0\n644 1000\n');
  expect(node.runtime.volumeUsage(volume)).toEqual({ usedBytes: 14, inodesUsed: 3 });
});

test('a claim keeps its files across pods', async () => {
  const node = new TestRuntime();
  const claim = { name: 'claim' };
  const first = node.sandbox();
  await node.start(first, { script: 'echo kept > /data/file', mounts: [mounted(claim, '/data')] });
  node.runtime.removePodSandbox(first);
  const next = await node.start(node.sandbox({ name: 'next' }), { script: 'cat /data/file', mounts: [mounted(claim, '/data')] });
  expect(await node.log(next)).toBe('kept\n');
});

test('a host path is the node’s own directory: pods of the node share it, another node has its own', async () => {
  const node = new TestRuntime();
  const tree = await node.runtime.hostPath('/var/data', 'DirectoryOrCreate');
  await node.run('echo here > /host/x', { mounts: [mounted({ name: 'h', tree }, '/host')] });
  const again = { name: 'h2', tree: await node.runtime.hostPath('/var', '') };
  const other = await node.start(node.sandbox({ name: 'b' }), { script: 'cat /host/data/x', mounts: [mounted(again, '/host')] });
  expect(await node.log(other)).toBe('here\n');
  await expect(new TestRuntime().runtime.hostPath('/var/data/x', 'File')).rejects.toThrow(
    'hostPath type check failed: /var/data/x is not a file',
  );
});

test.each([
  ['/etc/hostname', 'Directory', 'hostPath type check failed: /etc/hostname is not a directory'],
  ['/etc', 'File', 'hostPath type check failed: /etc is not a file'],
  ['/nothing', 'Directory', 'hostPath type check failed: /nothing is not a directory'],
  ['/run/x.sock', 'Socket', 'hostPath type check failed: /run/x.sock is not a socket file'],
  ['/dev/sdz', 'BlockDevice', 'hostPath type check failed: /dev/sdz is not a block device'],
] as const)('%s is no %s', async (path, type, text) => {
  await expect(new TestRuntime().runtime.hostPath(path, type)).rejects.toThrow(text);
});

test('files of a config map stand behind one link that changes at once for all of them', async () => {
  const node = new TestRuntime();
  const { volume, change } = followed({ a: '1', b: '1' });
  const id = await node.run(WAIT, { mounts: [mounted(volume, '/etc/config')] });
  expect(await node.say(id, 'ls /etc/config; readlink /etc/config/a; cat /etc/config/a /etc/config/b')).toBe('a\nb\n..data/a\n11');
  const before = await node.say(id, 'readlink /etc/config/..data');
  expect(before).toMatch(/^\.\.2026_01_01_00_00_\d\d\.\d{9}\n$/);
  await node.pass(5);
  change({ a: '1', b: '1' });
  expect(await node.say(id, 'readlink /etc/config/..data')).toBe(before);
  change({ a: '2', c: '2' });
  expect(await node.say(id, 'ls /etc/config; cat /etc/config/a /etc/config/c')).toBe('a\nc\n22');
  expect(await node.say(id, 'readlink /etc/config/..data')).not.toBe(before);
});

test('such a volume is read-only, and its modes are those asked for', async () => {
  const node = new TestRuntime();
  const volume: MountableVolume = { name: 's', files: () => Promise.resolve(new Map([['dir/key', file('x', 0o400)]])) };
  const id = await node.run(WAIT, { mounts: [mounted(volume, '/s')] });
  expect(await node.exec(id, 'touch /s/new')).toEqual({ text: '!touch: /s/new: Read-only file system\n', code: 1 });
  expect(await node.say(id, 'stat -L -c %a /s/dir/key')).toBe('400\n');
  const other = await node.start(node.sandbox({ name: 'b' }), {
    script: WAIT,
    mounts: [mounted(volume, '/s')],
    security: { runAsUser: 5 },
  });
  expect(await node.exec(other, 'cat /s/dir/key')).toEqual({ text: "!cat: can't open '/s/dir/key': Permission denied\n", code: 1 });
});

test('fsGroup: files belong to the group, and its members may use them', async () => {
  const node = new TestRuntime();
  const secret: MountableVolume = { name: 's', files: () => Promise.resolve(new Map([['key', file('x', 0o400)]])), fsGroup: 2000 };
  const security = { runAsUser: 1000, supplementalGroups: [2000] };
  const id = await node.run(WAIT, { mounts: [mounted(secret, '/s'), mounted({ name: 'd', fsGroup: 2000 }, '/d')], security });
  expect(await node.say(id, 'cat /s/key; touch /d/x; stat -c "%g" /d /d/x')).toBe('x2000\n2000\n');
});

test('subPath mounts one file or directory, made if it is not there; a file mounted so does not follow its source', async () => {
  const node = new TestRuntime();
  const { volume, change } = followed({ 'app.conf': 'old' });
  const data = { name: 'data' };
  const id = await node.run(WAIT, {
    mounts: [mounted(volume, '/etc/app.conf', { subPath: 'app.conf' }), mounted(data, '/logs', { subPath: 'pod/logs' })],
  });
  expect(await node.say(id, 'cat /etc/app.conf; echo l > /logs/x')).toBe('old');
  change({ 'app.conf': 'new' });
  expect(await node.say(id, 'cat /etc/app.conf')).toBe('old');
  const whole = await node.start(node.sandbox({ name: 'b' }), { script: 'cat /all/pod/logs/x', mounts: [mounted(data, '/all')] });
  expect(await node.log(whole)).toBe('l\n');
});

test('a volume mounted read-only cannot be written', async () => {
  const node = new TestRuntime();
  const id = await node.run(WAIT, { mounts: [mounted({ name: 'd' }, '/d', { readOnly: true })] });
  expect((await node.exec(id, 'echo x > /d/x')).text).toContain('Read-only file system');
});

test('a volume of bounded size is full when it is', async () => {
  const node = new TestRuntime();
  const id = await node.run(WAIT, { mounts: [mounted({ name: 'm', medium: 'tmpfs', capacityBytes: 1024 * 1024 }, '/m')] });
  expect(await node.exec(id, 'dd if=/dev/zero of=/m/x bs=1k count=512')).toMatchObject({ code: 0 });
  expect((await node.exec(id, 'dd if=/dev/zero of=/m/y bs=1M count=1')).text).toContain('No space left on device');
  expect(await node.say(id, 'df /m | tail -n 1')).toBe('tmpfs                     1024       512       512  50% /m\n');
});

test('what a container writes beside its volumes is counted as its own', async () => {
  const node = new TestRuntime();
  const id = await node.run(WAIT, { mounts: [mounted({ name: 'd' }, '/d')] });
  await node.say(id, 'dd if=/dev/zero of=/tmp/x bs=1k count=10; dd if=/dev/zero of=/d/x bs=1k count=10');
  expect(node.runtime.containerStats(id)?.writableLayer).toEqual({ usedBytes: 10_240, inodesUsed: 1 });
});

test.each([
  ['ln -s /bin /v/out', 'failed to prepare subPath'],
  ['ln -s /bin/notanexistingpath /v/out', 'failed to prepare subPath'],
  ['ln -s ../ /v/out', 'failed to prepare subPath'],
  ['ln -s out /v/out', 'failed to prepare subPath'],
  ['mkdir /v/d; ln -s d/../../x /v/out', 'failed to prepare subPath'],
  ['touch /v/file; ln -s file/x /v/out', 'failed to prepare subPath'],
])('a part of a volume is never outside of it: %s', async (line, error) => {
  const node = new TestRuntime();
  const volume = { name: 'v' };
  await node.run(line, { mounts: [mounted(volume, '/v')] });
  await expect(node.runtime.prepareSubPath(mounted(volume, '/v', { subPath: 'out' }))).rejects.toThrow(error);
});

test('a part of a volume may be a link inside of it, is made as open as the whole, and stays what it was', async () => {
  const node = new TestRuntime();
  const volume = { name: 'v', medium: 'tmpfs', fsGroup: 123 };
  await node.run('mkdir -p /v/a/b; ln -s a/../a/b /v/link', { mounts: [mounted(volume, '/v')] });
  const linked = mounted(volume, '/l', { subPath: 'link' });
  const made = mounted(volume, '/m', { subPath: 'new/sub' });
  for (const mount of [linked, made]) await node.runtime.prepareSubPath(mount);
  const id = await node.run(WAIT, { mounts: [linked, made, mounted(volume, '/v')] });
  expect(
    await node.say(
      id,
      'stat -c "%a %u %g" /m /v/new; echo x > /l/f; cat /v/a/b/f; rm -r /v/new; touch /m/f; ls /m; test -e /v/new || echo gone',
    ),
  ).toBe('3777 0 123\n3777 0 123\nx\nf\ngone\n');
  await expect(node.runtime.prepareSubPath({ ...mounted(volume, '/r', { subPath: 'absent' }), isVolumeReadOnly: true })).rejects.toThrow(
    'failed to create subPath directory',
  );
});

test('what is on a volume goes to a group, always or when its root is not the group’s', async () => {
  const node = new TestRuntime();
  const volume = { name: 'v' };
  const id = await node.run('mkdir /v/d; touch /v/d/f; sleep 100000', { mounts: [mounted(volume, '/v')] });
  node.runtime.giveVolumeToGroup(volume, 1000, 'OnRootMismatch');
  expect(await node.say(id, 'stat -c "%a %g" /v /v/d /v/d/f; chgrp 2000 /v/d/f')).toBe('2777 1000\n2775 1000\n664 1000\n');
  node.runtime.giveVolumeToGroup(volume, 1000, 'OnRootMismatch');
  expect(await node.say(id, 'stat -c %g /v/d/f')).toBe('2000\n');
  node.runtime.giveVolumeToGroup(volume, 1000, 'Always');
  expect(await node.say(id, 'stat -c %g /v/d/f')).toBe('1000\n');
});

test('a raw device is a file of its size for all who have it', async () => {
  const node = new TestRuntime();
  const volume = { name: 'd', device: true, capacityBytes: 16 };
  const one = await node.run(WAIT, { mounts: [mounted(volume, '/dev/xvda')] });
  const two = await node.start(node.sandbox({ name: 'b' }), { script: WAIT, mounts: [mounted(volume, '/mnt/disk')] });
  await node.exec(one, 'test -b /dev/xvda && echo content > /dev/xvda');
  expect(await node.say(two, 'cat /mnt/disk; mount | grep -c disk')).toBe('content\n0\n');
  expect((await node.exec(one, 'echo 12345678901234567 > /dev/xvda')).text).toContain('No space left on device');
});

test('files that a kubelet writes are of the pod’s group, with their directories', async () => {
  const node = new TestRuntime();
  const files = () => Promise.resolve(new Map([['dir/key', file('x', 0o400)]]));
  const volume: MountableVolume = { name: 's', files, fsGroup: 2000, medium: 'tmpfs' };
  const id = await node.run(WAIT, { mounts: [mounted(volume, '/s')] });
  expect(await node.say(id, 'stat -L -c "%a %g" /s /s/dir /s/dir/key')).toBe('3777 2000\n2755 2000\n440 2000\n');
});
