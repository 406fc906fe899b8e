import { expect, test } from 'vitest';
import { NODE_IP, TestRuntime } from '../../testing/runtime-harness.ts';

const SHARED = { namespaces: { pid: 'pod' } } as const;

test('pause starts first: a sandbox has it before any container', () => {
  const node = new TestRuntime();
  const id = node.sandbox();
  const { pid } = node.runtime.podSandboxStatus(id) ?? {};
  expect(node.runtime.listProcesses().filter(({ sandboxId }) => sandboxId === id)).toMatchObject([
    { pid, argv: ['/pause'], state: 'running' },
  ]);
});

test('the containers of a pod share its host name and its address', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox({ name: 'web-0' });
  const one = await node.start(sandbox, { name: 'one', script: 'sleep 100' });
  const two = await node.start(sandbox, { name: 'two', script: 'sleep 100' });
  for (const id of [one, two]) expect(await node.say(id, 'hostname; cat /etc/hostname; hostname -i')).toBe('web-0\nweb-0\n10.244.0.2\n');
});

test('the hosts file has the pod, its domain and its aliases, as a kubelet writes it', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox({
    domain: 'sub.default.svc.cluster.local',
    hostAliases: [{ ip: '10.1.2.3', hostnames: ['foo.local', 'bar.local'] }],
  });
  const id = await node.start(sandbox, { script: 'sleep 100' });
  expect(await node.say(id, 'cat /etc/hosts')).toBe(
    '# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\n' +
      'fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n10.244.0.2\tweb.sub.default.svc.cluster.local\tweb\n\n# Entries added by HostAliases.\n10.1.2.3\tfoo.local\tbar.local\n',
  );
  expect(await node.say(id, 'getent hosts bar.local')).toBe('10.1.2.3        bar.local\n');
});

test('resolv.conf is the cluster’s, or what the pod says', async () => {
  const node = new TestRuntime();
  const usual = await node.start(node.sandbox(), { script: 'sleep 100' });
  expect(await node.say(usual, 'cat /etc/resolv.conf')).toBe(
    'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
  );
  const own = await node.start(node.sandbox({ dns: { servers: ['1.2.3.4'], searches: ['a.b'], options: ['ndots:2', 'edns0'] } }), {
    script: 'sleep 100',
  });
  expect(await node.say(own, 'cat /etc/resolv.conf')).toBe('search a.b\nnameserver 1.2.3.4\noptions ndots:2 edns0\n');
});

test('each container has its own process namespace, in which its first process is PID 1', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  const one = await node.start(sandbox, { name: 'one', script: 'sleep 100' });
  const two = await node.start(sandbox, { name: 'two', image: 'nginx' });
  expect(await node.say(one, 'ps -o pid,args')).toMatch(/^PID +ARGS +\n1 +sh -c sleep 100\n2 +sh -c ps/);
  expect(await node.say(two, 'ps -o pid,comm')).toMatch(/\n1 +nginx/);
});

test('with a shared process namespace pause is PID 1 and the containers see each other', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox(SHARED);
  const one = await node.start(sandbox, { name: 'one', script: 'sleep 100' });
  await node.start(sandbox, { name: 'two', image: 'nginx' });
  expect(await node.say(one, 'ps -o pid,args')).toMatch(/\n1 +\/pause\n2 +sh -c sleep 100\n3 +nginx: master process/);
});

test('a process whose parent ends is adopted by pause, which reaps it when it ends', async () => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(SHARED), { script: '(sleep 30 & sleep 5); sleep 100' });
  expect(await node.say(id, 'ps -o pid,ppid,args')).toMatch(/\n4 +3 +sleep 30\n/);
  await node.pass(6);
  expect(await node.say(id, 'ps -o pid,ppid,args')).toMatch(/\n4 +1 +sleep 30\n/);
  await node.pass(30);
  expect(await node.say(id, 'ps -o pid,ppid,args')).not.toMatch(/\n4 /);
});

test('without a shared namespace orphans go to the container’s first process; one that does not wait keeps them as zombies', async () => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(), { command: ['sleep', '100'] });
  await node.say(id, 'sleep 3 & true');
  expect(await node.say(id, 'ps -o pid,ppid,stat,args')).toMatch(/\n3 +1 +S +sleep 3\n/);
  await node.pass(5);
  expect(await node.say(id, 'ps -o pid,ppid,stat,args')).toMatch(/\n3 +1 +Z +\[sleep\]\n/);
  expect(await node.say(id, 'cat /proc/3/status | grep State')).toBe('State:\tZ (zombie)\n');
});

test('a shell as first process reaps what it adopts', async () => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(), { script: 'sleep 50; sleep 50' });
  await node.say(id, 'sleep 3 & true');
  await node.pass(5);
  expect(await node.say(id, 'ps -o stat,args')).not.toContain('[sleep]');
});

test('SIGKILL to PID 1 from inside does nothing; from the node it ends the container', async () => {
  const node = new TestRuntime();
  const id = await node.run('sleep 100');
  expect(await node.exec(id, 'kill -9 1; kill -STOP 1; kill 1')).toEqual({ text: '', code: 0 });
  expect(node.state(id)).toBe('running');
  expect(node.runtime.signalProcess(node.status(id).pid, 'SIGKILL')).toBe(true);
  expect(node.state(id)).toBe('Error 137');
});

test('a process that is not PID 1 is killed from inside', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox(SHARED);
  const id = await node.start(sandbox, { script: 'sleep 100' });
  const other = await node.start(sandbox, { name: 'other', script: 'sleep 100' });
  expect(await node.exec(other, 'kill -9 2')).toEqual({ text: '', code: 0 });
  expect([node.state(id), node.state(other)]).toEqual(['Error 137', 'running']);
  expect(await node.exec(other, 'kill 77')).toEqual({ text: "!sh: can't kill pid 77: No such process\n", code: 1 });
});

test('when pause dies the whole sandbox dies, the agent is told, and the address is free', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox(SHARED);
  const id = await node.start(sandbox, { script: 'sleep 100' });
  const { pid = 0 } = node.runtime.podSandboxStatus(sandbox) ?? {};
  await node.exec(id, 'kill -9 1');
  expect(node.runtime.podSandboxStatus(sandbox)?.ready).toBe(true);
  node.runtime.signalProcess(pid, 'SIGKILL');
  expect(node.runtime.podSandboxStatus(sandbox)).toMatchObject({ ready: false, pid: 0 });
  expect([node.state(id), node.changes.at(-1)]).toEqual(['Error 137', 'sandbox of uid-web']);
  expect(node.runtime.listProcesses().map(({ argv }) => argv[0])).toEqual(['/sbin/init', '/usr/bin/containerd', '/usr/bin/kubelet']);
  expect(node.host.network.size).toBe(0);
});

test('hostPID: a container sees the node’s processes, and can kill another pod’s pause', async () => {
  const node = new TestRuntime();
  const victim = node.sandbox({ name: 'victim' });
  const spy = await node.start(node.sandbox({ name: 'spy', namespaces: { pid: 'node' } }), { script: 'sleep 100' });
  const { pid } = node.runtime.podSandboxStatus(victim) ?? {};
  const seen = await node.say(spy, 'ps -o pid,args');
  expect(seen).toContain('/usr/bin/kubelet');
  expect(seen).toMatch(new RegExp(`\n${pid} +/pause\n`));
  await node.exec(spy, `kill -9 ${pid}`);
  expect(node.runtime.podSandboxStatus(victim)?.ready).toBe(false);
});

test('a debug container sees the processes of its target', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  const target = await node.start(sandbox, { image: 'nginx' });
  const debug = await node.start(sandbox, { name: 'debugger', script: 'sleep 100', namespaces: { pid: 'target', targetId: target } });
  expect(await node.say(debug, 'ps -o pid,args')).toMatch(/\n1 +nginx: master.*\n2 +nginx: worker process\n3 +sh -c sleep 100\n/);
});

test('what is run in a container ends with it', async () => {
  const node = new TestRuntime();
  const id = await node.run('sleep 5');
  const running = node.exec(id, 'sleep 100', 20);
  await node.pass(6);
  expect([node.state(id), (await running).code]).toEqual(['Completed 0', 137]);
});

test('shared memory is the pod’s: its containers share /dev/shm, another pod does not', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  const one = await node.start(sandbox, { name: 'one', script: 'echo hi > /dev/shm/x; sleep 100' });
  const two = await node.start(sandbox, { name: 'two', script: 'sleep 100' });
  const other = await node.start(node.sandbox({ name: 'other' }), { script: 'sleep 100' });
  expect([await node.say(one, 'cat /dev/shm/x'), await node.say(two, 'cat /dev/shm/x')]).toEqual(['hi\n', 'hi\n']);
  expect((await node.exec(other, 'cat /dev/shm/x')).code).toBe(1);
});

test('a pod on the node’s network has the node’s address and hosts file', async () => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox({ namespaces: { network: 'node' }, hostname: 'node-0' }), { script: 'sleep 100' });
  expect(await node.say(id, 'hostname -i; head -n 1 /etc/hosts')).toBe(`${NODE_IP}\n# Kubernetes-managed hosts file (host network).\n`);
});

test('sysctls of a pod are seen in it', async () => {
  const node = new TestRuntime();
  const sysctls = { 'net.core.somaxconn': '1024', 'net.ipv4.conf.eth0/1.rp_filter': '2' };
  const id = await node.start(node.sandbox({ sysctls }), { script: 'sleep 100' });
  expect(await node.say(id, 'cat /proc/sys/net/core/somaxconn /proc/sys/net/ipv4/conf/eth0.1/rp_filter')).toBe('1024\n2\n');
});
