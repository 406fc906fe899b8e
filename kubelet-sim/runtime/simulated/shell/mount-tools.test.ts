import { expect, test } from 'vitest';
import { mounted, TestRuntime } from '../../../testing/runtime-harness.ts';

const WAIT = 'sleep 100000';

/** A privileged container from which commands are run on its node. */
async function nodeShell() {
  const node = new TestRuntime();
  const id = await node.run(WAIT, { security: { privileged: true } });
  const say = (line: string) => node.say(id, `nsenter --mount=/rootfs/proc/1/ns/mnt -- sh -c '${line}'`);
  return { node, id, say };
}

test('nsenter shows a privileged container the node’s files, and nobody else', async () => {
  const { node, id, say } = await nodeShell();
  expect(await say('mkdir -p /data && echo here > /data/x && cat /etc/hostname')).toBe('node-0\n');
  const tree = await node.runtime.hostPath('/data', 'Directory');
  expect(await node.run('cat /h/x', { mounts: [mounted({ name: 'h', tree }, '/h')] }).then((other) => node.log(other))).toBe('here\n');
  expect((await node.exec(id, 'ls /data')).code).not.toBe(0);
  const plain = await node.run(WAIT);
  expect(await node.exec(plain, 'nsenter --mount=/rootfs/proc/1/ns/mnt ls')).toEqual({
    text: "!nsenter: can't open '/proc/1/ns/mnt': Permission denied\n",
    code: 1,
  });
});

test('nsenter into PID 1 is the node’s only for who sees the node’s processes', async () => {
  const node = new TestRuntime();
  const security = { privileged: true };
  const own = await node.start(node.sandbox(), { script: WAIT, security });
  const shared = await node.start(node.sandbox({ name: 'b', namespaces: { pid: 'node' } }), { script: WAIT, security });
  expect(await node.say(own, 'nsenter -t 1 -m cat /etc/hostname')).toBe('web\n');
  expect(await node.say(shared, 'nsenter -t 1 -m -- cat /etc/hostname')).toBe('node-0\n');
  expect(await node.say(shared, 'nsenter -t $(pidof kubelet) -m -- cat /etc/hostname')).toBe('node-0\n');
  expect((await node.exec(own, 'pidof kubelet')).code).toBe(1);
});

test('in the node’s mount namespace its processes are seen, whose ever are those of the pod: the kubelet was not found', async () => {
  const { node, id, say } = await nodeShell();
  const pid = (await say('pidof kubelet')).trim();
  expect(pid).toMatch(/^\d+$/);
  expect(await say(`nsenter -t ${pid} -m cat /etc/hostname`)).toBe('node-0\n');
  expect(await say('ps -o args')).toContain('kubelet');
  expect(await node.say(id, 'ps -o args')).not.toContain('kubelet');
});

test('directories and memory are mounted on the node, and shown by hostPath and local volumes', async () => {
  const { node, say } = await nodeShell();
  await say('mkdir -p /a /b && mount -t tmpfs -o size=1m none /a && echo x > /a/f && mount --bind /a /b');
  expect(await say('cat /b/f; df /a | tail -1; mountpoint /b')).toMatch(/^x\ntmpfs +1024 .* \/a\n\/b is a mountpoint\n$/);
  const tree = await node.runtime.localVolume('/b');
  expect(await node.run('cat /v/f', { mounts: [mounted({ name: 'v', tree }, '/v')] }).then((id) => node.log(id))).toBe('x\n');
  expect(await say('umount /b && ls /b; umount /b')).toBe("!umount: can't unmount /b: Invalid argument\n");
  expect((await nodeShell().then(({ node: other, id }) => other.exec(id, 'mount -t ext4 /nothing /tmp'))).text).toBe(
    '!mount: mounting /nothing on /tmp failed: No such file or directory\n',
  );
});

test('a loop device has the bytes of its file, and the files that are made on it', async () => {
  const { node, say } = await nodeShell();
  expect(await say('dd if=/dev/zero of=/disk bs=1024 count=4 2>/dev/null; losetup -f /disk; losetup')).toMatch(
    /^NAME .*\n\/dev\/loop0 .* \/disk /,
  );
  await expect(node.runtime.hostPath('/dev/loop0', 'File')).rejects.toThrow('hostPath type check failed: /dev/loop0 is not a file');
  expect(await say('test -b /dev/loop0 && echo block; ls -l /dev/loop0')).toMatch(/^block\nbrw-rw----/);
  expect(
    await say(
      'mkdir /m; mkfs -t ext4 /dev/loop0 && mount /dev/loop0 /m && echo kept > /m/f; umount /m; ls /m; mount /dev/loop0 /m; cat /m/f',
    ),
  ).toBe('kept\n');
  expect(await say('umount /m; losetup -d /dev/loop0; losetup')).toBe('');
  expect(await say('losetup -f --show /disk; mount /dev/loop0 /m; cat /m/f')).toBe('/dev/loop0\nkept\n');
});

test('blockdev says how large a device and its sectors are: it was not there', async () => {
  const { say } = await nodeShell();
  await say('dd if=/dev/zero of=/disk bs=1024 count=4 2>/dev/null; losetup -f /disk');
  expect(await say('for fact in ss bsz sz size64 ro; do blockdev --get$fact /dev/loop0; done')).toBe('512\n4096\n8\n4096\n0\n');
  expect(await say('blockdev --getss /disk; blockdev --getss /none')).toBe(
    "!blockdev: ioctl 0x1268 failed: Inappropriate ioctl for device\n!blockdev: can't open '/none': No such file or directory\n",
  );
});

test.each([
  [
    'mknod /tmp/c c 1 3; mknod /tmp/b b 1 3; ls -l /tmp | cut -c1; test -c /tmp/c && test -b /tmp/b && ! test -f /tmp/c && echo yes',
    't\nb\nc\nyes\n',
  ],
  ['nc -lU /tmp/s & sleep 1; test -S /tmp/s && stat -c %F /tmp/s', 'socket\n'],
  ['test -c /dev/null && stat -c %F /dev/null', 'character special file\n'],
])('special files: %s', async (line, said) => {
  const node = new TestRuntime();
  expect(await node.say(await node.run(WAIT), line, 3)).toBe(said);
});

test('mountPropagation: what is mounted on the node is seen by who asks for it, and what is mounted in a container by all with Bidirectional', async () => {
  const { node, say } = await nodeShell();
  await say('mkdir -p /shared/host /shared/both /shared/in /shared/none');
  const tree = await node.runtime.hostPath('/shared', 'Directory');
  const start = (propagation?: 'in' | 'both') =>
    node.run(WAIT, { security: { privileged: true }, mounts: [{ ...mounted({ name: 's', tree }, '/s'), propagation }] });
  const containers = { both: await start('both'), in: await start('in'), none: await start() };
  for (const [name, id] of Object.entries(containers)) await node.say(id, `mount -t tmpfs x /s/${name}; echo ${name} > /s/${name}/f`);
  await say('mount -t tmpfs x /shared/host; echo host > /shared/host/f');
  const seen = (id: string) => node.say(id, 'cat /s/both/f /s/host/f /s/in/f /s/none/f 2>/dev/null');
  expect([await seen(containers.both), await seen(containers.in), await seen(containers.none)]).toEqual([
    'both\nhost\n',
    'both\nhost\nin\n',
    'none\n',
  ]);
  expect(await say('cat /shared/both/f; umount /shared/host && ls /shared/host')).toBe('both\n');
  await node.say(containers.both, 'umount /s/both');
  expect([await seen(containers.both), await seen(containers.in), await say('ls /shared/both')]).toEqual(['', 'in\n', '']);
});
