// What a node shows of its pods in its own files: control groups and logs. On the virtual clock.
import { expect, test } from 'vitest';
import type { Container } from '../../api/index.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const HOST = [{ name: 'host', hostPath: { path: '/' } }];
const MOUNT = { volumeMounts: [{ name: 'host', mountPath: '/host' }] };
const WAIT = 'echo begun; sleep 36000';

/** A pod that has the node's files at `/host`; answers the node and how to read a file of it. */
async function looking(more: Partial<Container> = {}) {
  const node = new TestNode();
  await node.run({ volumes: HOST, containers: [shell('main', WAIT, { ...MOUNT, ...more })] });
  const say = (script: string) => node.exec('main', 'sh', '-c', script);
  return { node, say, uid: (node.api?.metadata.uid ?? '').replaceAll('-', '_') };
}

test.each<[string, Container['resources'], string, string]>([
  ['best-effort', {}, 'kubepods-besteffort.slice/kubepods-besteffort', 'max 100000\nmax\n1\n'],
  ['burstable', { requests: { cpu: '1' } }, 'kubepods-burstable.slice/kubepods-burstable', 'max 100000\nmax\n39\n'],
  ['burstable', { limits: { memory: '64Mi' } }, 'kubepods-burstable.slice/kubepods-burstable', 'max 100000\n67108864\n1\n'],
  [
    'guaranteed',
    { requests: { cpu: '500m', memory: '64Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
    'kubepods',
    '50000 100000\n67108864\n20\n',
  ],
])('a %s pod with %j has its control group where systemd’s driver puts it, with its limits', async (_class, resources, slice, limits) => {
  const { node, say, uid } = await looking({ resources });
  const group = `/host/sys/fs/cgroup/kubepods.slice/${slice}-pod${uid}.slice`;
  expect(await say(`cd ${group}; cat cpu.max memory.max cpu.weight`)).toBe(limits);
  const id = node.worker?.containerId('main') ?? '';
  expect(await say(`cd ${group}/cri-containerd-${id}.scope; cat cpu.max memory.max cpu.weight`)).toBe(limits);
  expect(await say(`ls ${group} | grep -c scope`)).toBe('2\n');
});

test('a group holds the processes of its container, and what is above counts what is used below', async () => {
  const { node, say, uid } = await looking();
  const pod = `/host/sys/fs/cgroup/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uid}.slice`;
  const id = node.worker?.containerId('main') ?? '';
  const main = node.runtime.containerStatus(id)?.pid;
  expect((await say(`cat ${pod}/cri-containerd-${id}.scope/cgroup.procs`)).split('\n')[0]).toBe(String(main));
  const pause = node.runtime.podSandboxStatus(node.worker?.sandboxId ?? '');
  expect(await say(`cat ${pod}/cri-containerd-${pause?.id}.scope/cgroup.procs`)).toBe(`${pause?.pid}\n`);
  const [own = 0, ofPod = 0, ofAll = 0] = (
    await say(`cd ${pod}; cat cri-containerd-${id}.scope/memory.current memory.current ../../memory.current`)
  )
    .trim()
    .split('\n')
    .map(Number);
  expect(own).toBeGreaterThan(0);
  expect(ofPod).toBeGreaterThan(own);
  expect(ofAll).toBe(ofPod);
  expect(await say(`cat ${pod}/cgroup.procs`)).toBe('');
});

test('a container sees its own group as the root of all; a privileged one sees the node’s', async () => {
  const { say } = await looking({ resources: { limits: { cpu: '250m', memory: '32Mi' } } });
  expect(await say('cat /proc/self/cgroup; cd /sys/fs/cgroup; cat cpu.max memory.max; head -n 1 cgroup.procs')).toBe(
    '0::/\n25000 100000\n33554432\n1\n',
  );
  const privileged = await looking({ securityContext: { privileged: true } });
  expect(await privileged.say('cat /proc/self/cgroup')).toMatch(
    /^0::\/kubepods\.slice\/kubepods-besteffort\.slice\/kubepods-besteffort-pod.*\.slice\/cri-containerd-[0-9a-f]{64}\.scope\n$/,
  );
  expect(await privileged.say('ls -d /sys/fs/cgroup/kubepods.slice')).toBe('/sys/fs/cgroup/kubepods.slice\n');
});

test('a resize in place changes the group', async () => {
  const { node, say, uid } = await looking({ resources: { requests: { cpu: '1' } } });
  await node.change((pod) => ({
    ...pod,
    metadata: { ...pod.metadata, generation: 2 },
    spec: { ...pod.spec, containers: pod.spec.containers.map((one) => ({ ...one, resources: { requests: { cpu: '2' } } })) },
  }));
  await node.pass(5);
  const group = `/host/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid}.slice`;
  expect(await say(`cat ${group}/cpu.weight`)).toBe('79\n');
});

test('logs are on the node’s disk as a container runtime writes them, and linked by the name of the container', async () => {
  const { node, say } = await looking({ command: ['sh', '-c', 'echo out; echo err >&2; sleep 36000'] });
  const { uid } = node.api?.metadata ?? {};
  const directory = `/var/log/pods/default_web_${uid}/main`;
  expect(await say(`ls /host${directory}`)).toBe('0.log\n');
  expect(await say(`cat /host${directory}/0.log`)).toMatch(
    /^2026-01-01T00:00:00\.\d{9}Z stdout F out\n2026-01-01T00:00:00\.\d{9}Z stderr F err\n$/,
  );
  const id = node.worker?.containerId('main');
  expect(await say('cd /host/var/log/containers; for f in *; do echo $f; readlink $f; done')).toBe(
    `web_default_main-${id}.log\n${directory}/0.log\n`,
  );
});

test('the log of an instance that ended stays beside that of the next', async () => {
  const node = new TestNode();
  const crashing = shell('crash', 'echo ended; exit 1');
  await node.run({ volumes: HOST, containers: [shell('main', WAIT, MOUNT), crashing] });
  await node.pass(5);
  expect(await node.exec('main', 'sh', '-c', 'cat /host/var/log/pods/*/crash/0.log /host/var/log/pods/*/crash/1.log')).toMatch(
    /^\S+ stdout F ended\n\S+ stdout F ended\n$/,
  );
});

test('`chroot /host` shows the node’s files as if they were all there are', async () => {
  const { say } = await looking();
  expect(await say('chroot /host cat /etc/hostname; cat /etc/hostname')).toBe('node\nweb\n');
  expect(await say("chroot /host sh -c 'cd /var/log; pwd; ls -d pods; cat /proc/self/status'")).toContain('/var/log\npods\n');
  expect(await say('chroot /nothing ls')).toContain("chroot: can't change root directory to '/nothing': No such file or directory\n");
});

test('a debug container sees the files of its target under /proc/1/root', async () => {
  const node = new TestNode();
  const volumes = [{ name: 'data', emptyDir: {} }];
  await node.run({
    volumes,
    containers: [shell('main', 'echo hi > /data/x; sleep 36000', { volumeMounts: [{ name: 'data', mountPath: '/data' }] })],
  });
  const debug = { ...shell('debugger', 'sleep 36000'), targetContainerName: 'main' };
  await node.change((pod) => ({
    ...pod,
    metadata: { ...pod.metadata, generation: 2 },
    spec: { ...pod.spec, ephemeralContainers: [debug] },
  }));
  await node.pass(2);
  expect(await node.exec('debugger', 'sh', '-c', 'cat /proc/1/root/data/x; cat /proc/1/root/etc/hostname')).toBe('hi\nweb\n');
});

test.each([
  ['stdin: true', { stdin: true }, 'running'],
  ['tty: true', { tty: true }, 'running'],
  ['neither', {}, 'Completed 0'],
])('busybox without a command is a shell: with %j it is %s', async (_what, more, state) => {
  const node = new TestNode();
  await node.run({ containers: [{ name: 'main', image: 'busybox', ...more }] });
  await node.pass(3);
  expect(node.state()).toBe(state);
});
