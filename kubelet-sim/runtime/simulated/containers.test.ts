import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TestRuntime } from '../../testing/runtime-harness.ts';

const SLEEP = 'sleep 1000';

test('a container runs as the user that the pod names, and what it makes is that user’s', async () => {
  const node = new TestRuntime();
  const id = await node.run(SLEEP, { security: { runAsUser: 1000, runAsGroup: 3000, supplementalGroups: [2000] } });
  expect(await node.say(id, 'id; id -u; touch /tmp/x; stat -c "%u %g" /tmp/x')).toBe(
    'uid=1000 gid=3000 groups=3000,2000\n1000\n1000 3000\n',
  );
  expect(await node.exec(id, 'whoami')).toEqual({ text: '!whoami: unknown uid 1000\n', code: 1 });
  expect(node.status(id).user).toEqual({ uid: 1000, gid: 3000, supplementalGroups: [3000, 2000] });
});

test('a user other than root may not write where root may', async () => {
  const node = new TestRuntime();
  const id = await node.run(SLEEP, { security: { runAsUser: 1000 } });
  expect(await node.exec(id, 'touch /x')).toEqual({ text: '!touch: /x: Permission denied\n', code: 1 });
  expect(await node.exec(id, 'echo hi > /etc/x')).toEqual({ text: "!sh: can't create /etc/x: Permission denied\n", code: 1 });
  expect(await node.exec(id, 'echo hi > /tmp/x && cat /tmp/x')).toEqual({ text: 'hi\n', code: 0 });
});

test('a read-only root file system cannot be written, its volumes and the termination log can', async () => {
  const node = new TestRuntime();
  const mounts = [{ containerPath: '/data', readOnly: false, subPath: '', volume: { name: 'data' } }];
  const id = await node.run(SLEEP, { security: { readOnlyRootFilesystem: true }, mounts });
  expect(await node.exec(id, 'touch /tmp/x')).toEqual({ text: '!touch: /tmp/x: Read-only file system\n', code: 1 });
  expect(await node.exec(id, 'echo a > /data/x; cat /data/x; echo done > /dev/termination-log')).toEqual({ text: 'a\n', code: 0 });
});

test.each([
  [{}, '00000000a80425fb'],
  [{ capabilities: { add: ['NET_ADMIN'], drop: ['KILL'] } }, '00000000a80435db'],
  [{ capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] } }, '0000000000000400'],
  [{ privileged: true }, '000001ffffffffff'],
])('capabilities show in /proc/self/status: %o', async (security, mask) => {
  const node = new TestRuntime();
  const id = await node.run(SLEEP, { security });
  expect(await node.say(id, 'grep CapEff /proc/self/status')).toBe(`CapEff:\t${mask}\n`);
});

test('a user other than root has no capabilities in effect; no_new_privs and seccomp show', async () => {
  const node = new TestRuntime();
  const id = await node.run(SLEEP, { security: { runAsUser: 1, noNewPrivileges: true, seccomp: 'RuntimeDefault' } });
  expect(await node.say(id, 'grep -E "CapEff|CapBnd|NoNewPrivs|Seccomp" /proc/1/status')).toBe(
    'CapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\n',
  );
});

test('a profile of AppArmor that the node does not know keeps a container from being made, until it is loaded', async () => {
  const node = new TestRuntime();
  const security = { appArmor: { type: 'Localhost', name: 'k8s-deny-write' } } as const;
  await expect(node.run(SLEEP, { security })).rejects.toThrow(
    'failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found k8s-deny-write',
  );
  const profile = '#include <tunables/global>\nprofile k8s-deny-write flags=(attach_disconnected) {\n  deny /** w,\n}\n';
  const usual = await node.run(SLEEP);
  expect(await node.exec(usual, `echo '${profile}' | apparmor_parser -q`)).toMatchObject({ code: 4 });
  const admin = await node.run(SLEEP, { security: { privileged: true } });
  expect(await node.exec(admin, `apparmor_parser -q <<EOF\n${profile}EOF`)).toEqual({ text: '', code: 0 });
  const confined = await node.run(SLEEP, { security });
  const current = (id: string) => node.say(id, 'cat /proc/1/attr/current');
  expect([await current(confined), await current(usual), await current(admin)]).toEqual([
    'k8s-deny-write (enforce)\n',
    'cri-containerd.apparmor.d (enforce)\n',
    'unconfined\n',
  ]);
});

test('limits show in the control group', async () => {
  const node = new TestRuntime();
  const id = await node.run(SLEEP, { resources: { cpuLimitMillis: 250, memoryLimitBytes: 64 * 1024 * 1024, cpuRequestMillis: 125 } });
  expect(await node.say(id, 'cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.weight')).toBe(
    '25000 100000\n67108864\n5\n',
  );
  node.runtime.updateContainerResources(id, { cpuLimitMillis: 500 });
  expect(await node.say(id, 'cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max')).toBe('50000 100000\nmax\n');
  // No less than a hundredth of a processor, as kubelets have it.
  node.runtime.updateContainerResources(id, { cpuLimitMillis: 5 });
  expect(await node.say(id, 'cat /sys/fs/cgroup/cpu.max')).toBe('1000 100000\n');
});

test('environment, working directory and host name are what the container says', async () => {
  const node = new TestRuntime();
  const environment = () => Promise.resolve(new Map([['LEVEL', 'debug']]));
  const id = await node.run(SLEEP, { workingDir: '/srv/app', environment });
  expect(await node.say(id, 'echo $LEVEL $HOSTNAME $HOME; pwd')).toBe('debug web /root\n/srv/app\n');
});

test('a server was reported as running while its variables were still asked for, and its pod ready before anybody was heard', async () => {
  const node = new TestRuntime();
  let resolve: (variables: ReadonlyMap<string, string>) => void = () => undefined;
  const promise = new Promise<ReadonlyMap<string, string>>((take) => {
    resolve = take;
  });
  const sandbox = node.sandbox();
  const config = { image: 'registry.k8s.io/e2e-test-images/agnhost:2.53', args: ['netexec'], environment: () => promise, settle: false };
  let isStarted = false;
  const started = node.start(sandbox, config).then(() => {
    isStarted = true;
  });
  await node.pass(10);
  expect(isStarted).toBe(false);
  expect(node.runtime.listContainers().map(({ state }) => state)).toEqual(['created']);
  resolve(new Map());
  await started;
  await setImmediate(); // nobody hears of the start sooner
  const { status } = await node.runtime.connect(sandbox, 8080).http({ method: 'GET', path: '/hostname', headers: {} });
  expect(status).toBe(200);
});

test('a container whose variables cannot be had does not start, and has them when they can', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  let tries = 0;
  const environment = () => (tries++ === 0 ? Promise.reject(new Error('no services yet')) : Promise.resolve(new Map([['A', 'b']])));
  const config = { script: 'echo begins; sleep 1000', environment };
  await expect(node.start(sandbox, config)).rejects.toThrow('no services yet');
  const [{ id, state } = { id: '', state: '' }] = node.runtime.listContainers();
  expect(state).toBe('created');
  await node.runtime.startContainer(id);
  expect(await node.say(id, 'echo $A')).toBe('b\n');
  expect(tries).toBe(2);
});

test('standard output and standard error are kept apart in the log', async () => {
  const node = new TestRuntime();
  const id = await node.run('echo one; echo two >&2; echo three');
  expect([await node.log(id), node.state(id)]).toEqual(['one\n!two\nthree\n', 'Completed 0']);
});

test('an endless loop streams its lines and does not hold up the node', async () => {
  const node = new TestRuntime();
  const id = await node.run('while true; do date +%S; sleep 1; done');
  await node.pass(2.5);
  expect(await node.log(id)).toBe('00\n01\n02\n');
  const busy = await node.start(node.sandbox({ name: 'busy' }), { script: 'while true; do echo spin; done' });
  await node.pass(1);
  expect([node.state(busy), await node.say(id, 'echo alive')]).toEqual(['running', 'alive\n']);
});

test('the termination message is what the container wrote to its file, or the end of its log when it failed', async () => {
  const node = new TestRuntime();
  const written = await node.run('echo why > /dev/termination-log; exit 3');
  expect(node.status(written)).toMatchObject({ exitCode: 3, message: 'why\n' });
  const fallback = await node.start(node.sandbox({ name: 'b' }), {
    script: 'echo the end; exit 1',
    terminationMessagePolicy: 'FallbackToLogsOnError',
  });
  expect(node.status(fallback).message).toBe('the end\n');
});

test('a trap runs when the signal comes, once the command in front has ended', async () => {
  const node = new TestRuntime();
  const id = await node.run('trap "echo bye; exit 5" TERM; while true; do sleep 4; done');
  await node.pass(1);
  const stopped = node.runtime.stopContainer(id, 30_000);
  await node.pass(1);
  expect(node.state(id)).toBe('running');
  await node.pass(3);
  await stopped;
  expect([node.state(id), await node.log(id)]).toEqual(['Error 5', 'bye\n']);
});

test('with a job in the background and `wait`, the trap runs at once', async () => {
  const node = new TestRuntime();
  const id = await node.run('trap "echo bye; exit 0" TERM; sleep 1000 & wait');
  await node.pass(1);
  void node.runtime.stopContainer(id, 30_000);
  await node.pass(0.1);
  expect([node.state(id), await node.log(id)]).toEqual(['Completed 0', 'bye\n']);
});

test('a shell without a trap does not hear SIGTERM as PID 1: it is killed after the grace period', async () => {
  const node = new TestRuntime();
  const id = await node.run(SLEEP);
  void node.runtime.stopContainer(id, 30_000);
  await node.pass(29);
  expect(node.state(id)).toBe('running');
  await node.pass(2);
  expect(node.state(id)).toBe('Error 137');
});

test('jobs in the background are processes: they can be seen, killed and waited for', async () => {
  const node = new TestRuntime();
  const id = await node.run('sleep 500 & pid=$!; ps -o args; kill $pid; wait $pid; echo code $?; kill -0 $pid || echo gone');
  await node.pass(1);
  const log = await node.log(id);
  expect(log).toContain('sleep 500\n');
  expect(log).toContain('code 143\n');
  expect(log).toContain('gone\n');
});

test('what a script makes of a container: late start, end, load, log lines, deafness to TERM', async () => {
  const node = new TestRuntime();
  const late = await node.start(node.sandbox({ name: 'a' }), { image: 'nginx', behaviour: { startDelayMs: 5000 } });
  const sandbox = node.runtime.listContainers()[0]?.sandboxId ?? '';
  expect(() => node.runtime.connect(sandbox, 80)).toThrow('connection refused');
  await node.pass(5);
  expect((await node.runtime.connect(sandbox, 80).http({ method: 'GET', path: '/', headers: {} })).status).toBe(200);
  node.runtime.updateContainerBehaviour(late, { exitAfter: { ms: 10_000, code: 7 } });
  await node.pass(5);
  expect(node.state(late)).toBe('Error 7');
  const lines = await node.start(node.sandbox({ name: 'b' }), {
    image: 'nginx',
    behaviour: { logLines: { text: 'line {{n}}', perSecond: 100 } },
  });
  await node.pass(2);
  expect((await node.log(lines)).match(/^line \d+$/gm)).toHaveLength(200);
  const deaf = await node.start(node.sandbox({ name: 'c' }), { image: 'nginx', behaviour: { ignoresTerm: true } });
  void node.runtime.stopContainer(deaf, 10_000);
  await node.pass(9);
  expect(node.state(deaf)).toBe('running');
  await node.pass(2);
  expect(node.state(deaf)).toBe('Error 137');
});

test('a container whose memory grows beyond its limit is killed when it does, with reason OOMKilled', async () => {
  const node = new TestRuntime();
  const points = [
    { atMs: 0, value: 0 },
    { atMs: 10_000, value: 200 },
  ];
  const id = await node.run(SLEEP, { behaviour: { memoryBytes: { points } }, resources: { memoryLimitBytes: 100 } });
  await node.pass(4.9);
  expect([node.state(id), node.runtime.containerStats(id)?.memory.usageBytes]).toEqual(['running', 98]);
  await node.pass(0.2);
  expect(node.state(id)).toBe('OOMKilled 137');
});

test('the load generator of the documentation runs out of memory', async () => {
  const node = new TestRuntime();
  const id = await node.start(node.sandbox(), {
    image: 'polinux/stress',
    command: ['stress'],
    args: ['--vm', '1', '--vm-bytes', '250M', '--vm-hang', '1'],
    resources: { memoryLimitBytes: 100 * 1024 * 1024 },
  });
  await node.pass(1);
  expect(node.state(id)).toBe('OOMKilled 137');
});

test('a load generator that a script starts uses what its flags say', async () => {
  const node = new TestRuntime();
  const script = 'stress --vm 1 --vm-bytes $(shuf -i 90-90 -n 1)M --vm-hang 1';
  const start = (limit: number) =>
    node.start(node.sandbox(), {
      image: 'polinux/stress:1.0.4',
      args: ['/bin/sh', '-c', script],
      resources: { memoryLimitBytes: limit * 1024 * 1024 },
    });
  const [enough, little] = [await start(250), await start(50)];
  await node.pass(1);
  expect([node.state(enough), node.runtime.containerStats(enough)?.memory.usageBytes]).toEqual(['running', 90_000_000]);
  expect(node.state(little)).toBe('OOMKilled 137');
});

test('use of processors is bounded by the limit and adds up', async () => {
  const node = new TestRuntime();
  const behaviour = { cpuMillis: { points: [{ atMs: 0, value: 2000 }] } };
  const id = await node.run(SLEEP, { behaviour, resources: { cpuLimitMillis: 500 } });
  await node.pass(10);
  expect(node.runtime.containerStats(id)?.cpu).toEqual({ usageNanoCores: 500_000_000, usageCoreNanoSeconds: 5_000_000_000 });
  const [sandbox] = node.runtime.listPodSandboxes();
  expect(node.runtime.podSandboxStats(sandbox?.id ?? '')).toMatchObject({ cpu: { usageNanoCores: 500_000_000 }, processCount: 2 });
});

test('a quiet container has no timer', async () => {
  const node = new TestRuntime();
  await node.start(node.sandbox(), { image: 'nginx' });
  await node.start(node.sandbox({ name: 'b' }), {
    image: 'example.com/unknown',
    ports: [{ name: '', containerPort: 8080, protocol: 'TCP' }],
  });
  await node.start(node.sandbox({ name: 'c' }), { command: ['sleep', 'infinity'] });
  expect(node.clock.pending).toBe(0);
});

test('a terminal echoes what is typed, edits lines, and turns Ctrl-C into a signal for what runs', async () => {
  const node = new TestRuntime();
  const id = await node.run(SLEEP);
  let text = '';
  const typed = ['echo hix\x7f\r', 'sleep 100\r', '\x03', 'exit 4\r'];
  async function* stdin() {
    for (const keys of typed) {
      await node.clock.sleep(1000);
      yield Buffer.from(keys);
    }
  }
  const streams = { stdin: stdin(), output: (_: string, chunk: Buffer) => (text += chunk.toString()) };
  const done = node.runtime.exec(id, { command: ['sh'], tty: true, streams, signal: new AbortController().signal });
  for (let i = 0; i < 6; i++) await node.pass(1);
  expect(await done).toBe(4);
  expect(text).toBe('/ # echo hix\b \b\r\nhi\r\n/ # sleep 100\r\n^C\r\n/ # exit 4\r\n');
});

test('the groups that an image gives its user are a container’s too, unless its pod’s list is all there is', async () => {
  const node = new TestRuntime();
  const image = 'registry.k8s.io/e2e-test-images/agnhost:2.56';
  const groupsOf = async (security: object) => {
    const id = await node.run(SLEEP, { image, security: { runAsUser: 1000, supplementalGroups: [60000], ...security } });
    return await node.say(id, 'id');
  };
  expect(await groupsOf({})).toContain('uid=1000(user-defined-in-image) gid=1000(user-defined-in-image) groups=');
  expect(await groupsOf({})).toContain('50000');
  expect(await groupsOf({ supplementalGroupsPolicy: 'Strict' })).not.toContain('50000');
});

test('what a command writes to the streams of the first process is in the container’s log', async () => {
  const node = new TestRuntime();
  const id = await node.run(SLEEP);
  await node.exec(id, 'echo out > /proc/1/fd/1; echo error > /proc/1/fd/2');
  expect(await node.log(id)).toBe('out\n!error\n');
});

test('a shell speaks of itself as it was called', async () => {
  const node = new TestRuntime();
  const id = await node.run(SLEEP);
  expect((await node.exec(id, '/bin/sh -c "cat < /none; cd /none"')).text).toBe(
    "!/bin/sh: can't open /none: No such file or directory\n!/bin/sh: cd: can't cd to /none: No such file or directory\n",
  );
});

test('users of a pod’s own are others on the node, and others than those of the next pod', async () => {
  const node = new TestRuntime();
  const mapOf = async (name: string, user?: 'pod') => {
    const sandbox = node.sandbox({ name, namespaces: { user } });
    return (await node.say(await node.start(sandbox, { script: SLEEP }), 'cat /proc/self/uid_map')).trim().split(/ +/);
  };
  expect(await mapOf('plain')).toEqual(['0', '0', '4294967295']);
  const [first, second] = [await mapOf('a', 'pod'), await mapOf('b', 'pod')];
  expect([first[0], first[2]]).toEqual(['0', '65536']);
  expect(Number(first[1])).toBeGreaterThanOrEqual(65536);
  expect(second[1]).not.toBe(first[1]);
});

test('sysctl reads what the kernel has and what the pod asked for', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox({ sysctls: { 'kernel.shm_rmid_forced': '1' } });
  const id = await node.start(sandbox, { script: SLEEP });
  expect(await node.say(id, 'sysctl kernel.shm_rmid_forced; sysctl -n net.ipv4.tcp_keepalive_time')).toBe(
    'kernel.shm_rmid_forced = 1\n7200\n',
  );
  expect(await node.say(id, 'sysctl kernel/shm_rmid_forced')).toBe('kernel.shm_rmid_forced = 1\n');
});

test('to make a device or to mount takes a capability', async () => {
  const node = new TestRuntime();
  const plain = await node.run(SLEEP);
  const privileged = await node.run(SLEEP, { security: { privileged: true } });
  const command = 'ip link add dummy0 type dummy';
  expect((await node.exec(plain, command)).text).toContain('Operation not permitted');
  expect((await node.exec(privileged, command)).code).toBe(0);
});

test('a terminal has the size of the window that shows it, and shows what is typed unless it is told not to', async () => {
  const node = new TestRuntime();
  const id = await node.run(SLEEP);
  let output = '';
  let typed: (text: string) => void = () => undefined;
  const lines = new ReadableStream<Buffer>({
    start: (control) => {
      typed = (text) => control.enqueue(Buffer.from(text));
    },
  });
  const say = (_: string, chunk: Buffer) => {
    output += chunk.toString();
  };
  const streams = { stdin: lines, resizes: Readable.from([{ width: 132, height: 43 }]), output: say };
  const done = node.runtime.exec(id, { command: ['sh'], tty: true, streams, signal: new AbortController().signal });
  await node.clock.advance(1);
  for (const line of ['stty size', 'stty -echo', 'read secret', 'hidden', 'stty echo', 'echo "got $secret"', 'exit']) {
    typed(`${line}\n`);
    await node.clock.advance(100);
  }
  await done;
  expect(output).toContain('43 132\r\n');
  expect(output).toContain('echo "got $secret"\r\ngot hidden\r\n');
  expect(output.replace('got hidden', '')).not.toContain('hidden');
  expect((await node.exec(id, 'stty size')).text).toBe('!stty: standard input: Not a tty\n');
});
