// Containers as they run and end (test/e2e/common/node/{runtime,kubelet,kubelet_etc_hosts,init_container,ephemeral_containers,security_context,sysctl}.go).
import { describe, expect, it } from 'vitest';
import {
  AGNHOST,
  BUSYBOX,
  conditionOf,
  inScope,
  type Json,
  NO_NEW_PRIVILEGES,
  NON_ROOT,
  PAUSE,
  type Scope,
  script,
  type World,
} from './world.ts';

const NEVER = { restartPolicy: 'Never' };

export function containerTests(world: () => World): void {
  const test = (name: string, work: (scope: Scope) => Promise<void>) => it(name, inScope(world, work));

  describe.concurrent('a container that ends', () => {
    const MESSAGES = [
      ['of its file', { args: ['/bin/echo -n DONE > /dev/termination-log'], securityContext: { runAsUser: 0 } }, 'Succeeded', 'DONE'],
      [
        'of a file of another name, as another user',
        {
          args: ['/bin/echo -n DONE > /dev/termination-custom-log'],
          terminationMessagePath: '/dev/termination-custom-log',
          securityContext: { runAsUser: 10_000 },
        },
        'Succeeded',
        'DONE',
      ],
      [
        'of its log when it failed',
        { args: ['/bin/echo -n DONE; /bin/false'], terminationMessagePolicy: 'FallbackToLogsOnError' },
        'Failed',
        'DONE',
      ],
      [
        'empty when it did not',
        { args: ['/bin/echo -n DONE; /bin/true'], terminationMessagePolicy: 'FallbackToLogsOnError' },
        'Succeeded',
        undefined,
      ],
      [
        'of its file, whatever its log says',
        { args: ['/bin/echo -n OK > /dev/termination-log; /bin/echo DONE; /bin/true'], terminationMessagePolicy: 'FallbackToLogsOnError' },
        'Succeeded',
        'OK',
      ],
    ] as const;
    for (const [what, container, phase, message] of MESSAGES)
      test(`leaves a message ${what}`, async (scope) => {
        await scope.pod('ends', { command: ['/bin/sh', '-c'], ...container }, NEVER);
        const { status } = await scope.phase('ends', 'Succeeded', 'Failed');
        expect([status.phase, status.containerStatuses[0].state.terminated.message]).toEqual([phase, message]);
      });

    const POLICIES = [
      ['OnFailure', 'Succeeded', 'terminated', 1, false],
      ['Never', 'Failed', 'terminated', 0, false],
      ['Always', 'Running', 'running', 2, true],
    ] as const;
    for (const [restartPolicy, phase, state, restarts, isReady] of POLICIES)
      test(`is restarted as its pod's policy ${restartPolicy} says`, async (scope) => {
        const text =
          "f=/restart-count/count\ncount=$(echo 'hello' >> $f ; wc -l $f | awk {'print $1'})\nif [ $count -eq 1 ]; then\n\texit 1\nfi\nif [ $count -eq 2 ]; then\n\texit 0\nfi\nwhile true; do sleep 1; done\n";
        const volumes = [{ name: 'count', emptyDir: { medium: 'Memory' } }];
        const volumeMounts = [{ name: 'count', mountPath: '/restart-count' }];
        await scope.pod('ends', { ...script(text), volumeMounts }, { restartPolicy, volumes });
        const pod = await scope.eventually(
          'pods',
          'ends',
          ({ status }) =>
            status.phase === phase && status.containerStatuses[0].restartCount === restarts && status.containerStatuses[0].state[state],
        );
        expect(conditionOf(pod, 'Ready').status === 'True').toBe(isReady);
        await scope.remove('pods', 'ends', { gracePeriodSeconds: 0 });
        await scope.gone('pods', 'ends');
      });

    test('has a reason, and its pod can be deleted', async (scope) => {
      await scope.pod('fails', { command: ['/bin/false'] }, NEVER);
      const { status } = await scope.phase('fails', 'Failed');
      expect(status.containerStatuses).toHaveLength(1);
      expect(status.containerStatuses[0].state.terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
      await scope.remove('pods', 'fails');
      await scope.gone('pods', 'fails');
    });
  });

  describe.concurrent('a container sees', () => {
    test('its output in its log, from a time on', async (scope) => {
      await scope.runningPod('says', script("echo 'Hello World' ; sleep 240"), NEVER);
      const since = encodeURIComponent(new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+/, ''));
      await scope.until(
        'it said nothing',
        () => scope.log('says', `?sinceTime=${since}`),
        (text) => text === 'Hello World\n',
      );
    });

    test('a root that cannot be written, if its pod says so', async (scope) => {
      const container = { command: ['/bin/sh', '-c', 'echo test > /file; sleep 240'], securityContext: { readOnlyRootFilesystem: true } };
      await scope.runningPod('writes', container, NEVER);
      await scope.until(
        'it did not complain',
        () => scope.log('writes'),
        (text) => text === "/bin/sh: can't create /file: Read-only file system\n",
      );
    });

    test('the aliases of its pod in its hosts file', async (scope) => {
      const hostAliases = [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }];
      expect(await scope.outputOf('aliases', { image: AGNHOST, args: ['etc-hosts'] }, { hostAliases })).toContain('123.45.67.89\tfoo\tbar');
    });

    test("a hosts file that the kubelet makes, but for a mount of its own and on the node's network", async (scope) => {
      const volumes = [{ name: 'host', hostPath: { path: '/etc/hosts', type: 'FileOrCreate' } }];
      const original = { name: 'host', mountPath: '/etc/hosts-original' };
      const own = { name: 'busybox-3', image: AGNHOST, volumeMounts: [original, { name: 'host', mountPath: '/etc/hosts' }] };
      const plain = ['busybox-1', 'busybox-2'].map((name) => ({ name, image: AGNHOST, volumeMounts: [original] }));
      await scope.create('pods', { metadata: { name: 'pod' }, spec: { volumes, containers: [...plain, own] } });
      await scope.create('pods', { metadata: { name: 'host' }, spec: { volumes, hostNetwork: true, containers: plain } });
      const isManaged = async (pod: string, container: string) => {
        const read = async (path: string) => (await scope.exec(pod, ['cat', path], container)).stdout;
        const hosts = await read('/etc/hosts');
        const node = await read('/etc/hosts-original');
        expect([hosts, node]).not.toContain('');
        return hosts.startsWith('# Kubernetes-managed hosts file.') && hosts !== node;
      };
      await Promise.all(['pod', 'host'].map((name) => scope.ready(name)));
      const managed = await Promise.all(['busybox-1', 'busybox-2', 'busybox-3'].map((name) => isManaged('pod', name)));
      expect(managed).toEqual([true, true, false]);
      expect(await Promise.all(['busybox-1', 'busybox-2'].map((name) => isManaged('host', name)))).toEqual([false, false]);
    });
  });

  describe.concurrent('init containers', () => {
    const init = (first: string, second: string) => ({
      initContainers: [
        { name: 'init1', image: BUSYBOX, command: [first] },
        { name: 'init2', image: BUSYBOX, command: [second] },
      ],
    });

    for (const [policy, container, phase] of [
      ['Never', { command: ['/bin/true'] }, 'Succeeded'],
      ['Always', { image: PAUSE, resources: { limits: { cpu: '100m' } } }, 'Running'],
    ] as const)
      test(`run before the others, policy ${policy}`, async (scope) => {
        await scope.pod('pod', container, { restartPolicy: policy, ...init('/bin/true', '/bin/true') });
        const pod = await scope.phase('pod', phase);
        expect(conditionOf(pod, 'Initialized').status).toBe('True');
        const ends = pod.status.initContainerStatuses.map(({ ready, state }: Json) => [ready, state.terminated.exitCode]);
        expect(ends).toEqual([
          [true, 0],
          [true, 0],
        ]);
      });

    test('that fail are tried again, and nothing after them starts', async (scope) => {
      const { metadata } = await scope.pod(
        'pod',
        { image: PAUSE, resources: { limits: { cpu: '100m' } } },
        init('/bin/false', '/bin/true'),
      );
      const { resourceVersion } = metadata;
      const events = await scope.watch(
        'pods',
        { resourceVersion, fieldSelector: 'metadata.name=pod' },
        ({ object }) => object.status.initContainerStatuses?.[0].restartCount >= 2,
      );
      for (const { object } of events) {
        const [, second] = object.status.initContainerStatuses ?? [];
        for (const one of [...(object.status.containerStatuses ?? []), ...(second ? [second] : [])])
          expect(one.state.waiting?.reason).toBe('PodInitializing');
      }
      const last = events.at(-1)?.object;
      expect(last.status.phase).toBe('Pending');
      expect(conditionOf(last, 'Initialized')).toMatchObject({
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: 'containers with incomplete status: [init1 init2]',
      });
    });

    test('that fail end a pod that is never restarted', async (scope) => {
      await scope.pod(
        'pod',
        { command: ['/bin/true'], resources: { limits: { cpu: '100m' } } },
        { ...NEVER, ...init('/bin/true', '/bin/false') },
      );
      const pod = await scope.phase('pod', 'Failed');
      expect(conditionOf(pod, 'Initialized')).toMatchObject({
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: 'containers with incomplete status: [init2]',
      });
      const [main] = pod.status.containerStatuses;
      expect([main.state.waiting.reason, main.restartCount]).toEqual(['PodInitializing', 0]);
    });
  });

  describe.concurrent('ephemeral containers', () => {
    test('join a running pod, one after the other', async (scope) => {
      const { metadata } = await scope.runningPod('target', { command: ['/bin/sleep'], args: ['10000'] });
      expect(metadata.generation).toBe(1);
      const debug = { name: 'debugger', image: BUSYBOX, ...script('while true; do echo polo; sleep 2; done'), stdin: true, tty: true };
      await scope.patch('pods', 'target', { spec: { ephemeralContainers: [debug] } }, { sub: 'ephemeralcontainers' });
      const pod = await scope.eventually('pods', 'target', ({ status }) => status.ephemeralContainerStatuses?.[0].state.running);
      expect(pod.metadata.generation).toBe(2);
      expect((await scope.exec('target', ['/bin/echo', 'marco'], 'debugger')).stdout).toContain('marco');
      await scope.until(
        'it said nothing',
        () => scope.log('target', '?container=debugger'),
        (text) => text.includes('polo'),
      );
      expect((await scope.get('pods', 'target', 'ephemeralcontainers')).spec.ephemeralContainers).toHaveLength(1);
      const second = { name: 'debugger2', image: AGNHOST, imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File' };
      await scope.update('pods', 'target', ({ spec }) => spec.ephemeralContainers.push(second), 'ephemeralcontainers');
      expect((await scope.get('pods', 'target', 'ephemeralcontainers')).spec.ephemeralContainers).toHaveLength(2);
    });
  });

  describe.concurrent('a security context', () => {
    for (const uid of [65_534, 0])
      test(`lets a container run as user ${uid}`, async (scope) => {
        await scope.outputOf('user', { ...script(`test $(id -u) -eq ${uid}`), securityContext: { runAsUser: uid } });
      });

    test('names user and group, the container’s word before the pod’s', async (scope) => {
      const pod = await scope.outputOf('pod', script('id'), { securityContext: { runAsUser: 1001, runAsGroup: 2002 } });
      expect(pod).toMatch(/^uid=1001 gid=2002/);
      const securityContext = { runAsUser: 1002, runAsGroup: 2002 };
      const own = await scope.outputOf(
        'own',
        { ...script('id'), securityContext },
        { securityContext: { runAsUser: 1001, runAsGroup: 2001 } },
      );
      expect(own).toMatch(/^uid=1002 gid=2002/);
      expect(await scope.outputOf('user', script('id'), { securityContext: { runAsUser: 1001 } })).toMatch(/^uid=1001 gid=0/);
    });

    test('adds groups to those that the image has for the user, or does not when it is strict', async (scope) => {
      const context = { runAsUser: 1000, supplementalGroups: [60_000] };
      const container = { image: AGNHOST, command: ['id', '-G'] };
      expect(await scope.outputOf('merge', container, { securityContext: context })).toBe('1000 50000 60000\n');
      const strict = { ...context, supplementalGroupsPolicy: 'Strict' };
      expect(await scope.outputOf('strict', container, { securityContext: strict })).toBe('1000 60000\n');
      const { status } = await scope.get('pods', 'strict');
      expect(status.containerStatuses[0].user).toEqual({ linux: { uid: 1000, gid: 1000, supplementalGroups: [1000, 60_000] } });
    });

    test('keeps root out', async (scope) => {
      const nonRoot = (more: object = {}) => ({ command: ['id', '-u'], securityContext: { runAsNonRoot: true, ...more } });
      expect(await scope.outputOf('explicit-nonroot', nonRoot({ runAsUser: 1000 }))).toBe('1000\n');
      expect(await scope.outputOf('implicit-nonroot', { ...nonRoot(), image: NON_ROOT })).toBe('1234\n');
      await scope.pod('explicit-root', { ...nonRoot({ runAsUser: 0 }), image: NON_ROOT }, NEVER);
      await scope.pod('implicit-root', nonRoot(), NEVER);
      await scope.event('explicit-root', 'Failed', /^Error: container's runAsUser breaks non-root policy/);
      await scope.event('implicit-root', 'Failed', /^Error: container has runAsNonRoot and image will run as root/);
    });

    test('makes the root of files read-only or not', async (scope) => {
      await scope.outputOf('writes', { ...script('touch checkfile'), securityContext: { readOnlyRootFilesystem: false } });
      await scope.pod('cannot', { ...script('touch checkfile'), securityContext: { readOnlyRootFilesystem: true } }, NEVER);
      await scope.phase('cannot', 'Failed');
    });

    test('lets only a privileged container make devices', async (scope) => {
      const make = (privileged: boolean) => ({ ...script('ip link add dummy0 type dummy || true'), securityContext: { privileged } });
      expect(await scope.outputOf('unprivileged', make(false))).toContain('Operation not permitted');
      expect(await scope.outputOf('privileged', make(true))).not.toContain('Operation not permitted');
    });

    test('lets a program be another user than who started it, unless it may not', async (scope) => {
      const run = (securityContext: object) => ({ image: NO_NEW_PRIVILEGES, securityContext: { runAsUser: 1000, ...securityContext } });
      expect(await scope.outputOf('unset', run({}))).toBe('Effective uid: 0\n');
      expect(await scope.outputOf('false', run({ allowPrivilegeEscalation: false }))).toBe('Effective uid: 1000\n');
      expect(await scope.outputOf('true', run({ allowPrivilegeEscalation: true }))).toBe('Effective uid: 0\n');
    });

    test('gives a pod users of its own', async (scope) => {
      const maps = await Promise.all(
        ['a', 'b'].map((name) => scope.outputOf(name, { command: ['cat', '/proc/self/uid_map'] }, { hostUsers: false })),
      );
      expect(maps.every((text) => /^ +0 +[1-9]\d* +65536\n$/.test(text))).toBe(true);
      expect(maps[0]).not.toBe(maps[1]);
      expect(await scope.outputOf('host', { command: ['cat', '/proc/self/uid_map'] }, { hostUsers: true })).toContain('4294967295');
    });

    test('seccomp shows what filters it', async (scope) => {
      const say = { command: ['grep', 'Seccomp:', '/proc/self/status'] };
      const filtered = { seccompProfile: { type: 'RuntimeDefault' } };
      const free = { seccompProfile: { type: 'Unconfined' } };
      expect(await scope.outputOf('own', { ...say, securityContext: free }, { securityContext: filtered })).toContain('0');
      expect(await scope.outputOf('pod', say, { securityContext: free })).toContain('0');
      expect(await scope.outputOf('default', { ...say, securityContext: filtered })).toContain('2');
      expect(await scope.outputOf('none', say)).toContain('0');
    });
  });

  describe.concurrent('kernel parameters', () => {
    test('of a pod are set', async (scope) => {
      const securityContext = { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] };
      const text = await scope.outputOf('sysctl', { command: ['/bin/sysctl', 'kernel.shm_rmid_forced'] }, { securityContext });
      expect(text).toContain('kernel.shm_rmid_forced = 1');
    });

    test('that are no names are refused by the API, unsafe ones by the node', async (scope) => {
      const sysctls = ['foo-', 'kernel.shmmax', 'safe-and-unsafe', 'bar..'].map((name) => ({ name, value: '100000000' }));
      const refused = await scope.pod('bad', {}, { securityContext: { sysctls } }).catch((error: Error) => error.message);
      expect(refused).toContain('Invalid value: "foo-"');
      expect(refused).toContain('Invalid value: "bar.."');
      expect(refused).not.toMatch(/safe-and-unsafe|kernel\.shmmax/);
      await scope.pod('unsafe', {}, { ...NEVER, securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '10000000000' }] } });
      const { status } = await scope.phase('unsafe', 'Failed');
      expect([status.reason, status.message]).toEqual([
        'SysctlForbidden',
        'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
      ]);
    });
  });
}
