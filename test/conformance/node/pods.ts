// Pods as the API has them, and their end (test/e2e/common/node/{pods,lifecycle_hook,runtimeclass,podtemplates,lease}.go, test/e2e/node/{pods,pre_stop,node_lifecycle}.go).
import { describe, expect, it } from 'vitest';
import {
  AGNHOST,
  BUSYBOX,
  conditionOf,
  HTTPD,
  inScope,
  type Json,
  MERGE,
  NGINX,
  PAUSE,
  type Scope,
  STRATEGIC,
  script,
  type World,
} from './world.ts';

export function podTests(world: () => World): void {
  const test = (name: string, work: (scope: Scope) => Promise<void>) => it(name, inScope(world, work));

  describe.concurrent('a pod', () => {
    test('is watched from its creation to its graceful end', async (scope) => {
      const labelSelector = 'time=now';
      const { metadata } = await scope.ok('GET', scope.path('pods'));
      const { resourceVersion } = metadata;
      await scope.runningPod('web', { image: NGINX }, {}, { labels: { time: 'now' } });
      const { metadata: own, spec } = await scope.remove('pods', 'web', { gracePeriodSeconds: 30 });
      expect([typeof own.deletionTimestamp, own.deletionGracePeriodSeconds, spec.terminationGracePeriodSeconds]).toEqual([
        'string',
        30,
        30,
      ]);
      const events = await scope.watch('pods', { resourceVersion, labelSelector }, ({ type }) => type === 'DELETED');
      expect(events[0]?.type).toBe('ADDED');
      const last = events.at(-1)?.object;
      expect(typeof last.metadata.deletionTimestamp).toBe('string');
      expect(last.spec.terminationGracePeriodSeconds).toBe(30);
      expect(await scope.items('pods', labelSelector)).toEqual([]);
      // The node hears of it when we do, or a moment later.
      await scope.until(
        'its node kept it',
        () => scope.ok('GET', `api/v1/nodes/${last.spec.nodeName}/proxy/pods`),
        ({ items }) => !items.some((pod: Json) => pod.metadata.uid === last.metadata.uid),
      );
    });

    test('has the address of its node, a class, and a generation', async (scope) => {
      const resources = { requests: { cpu: '100m', memory: '100Mi' }, limits: { cpu: '100m', memory: '100Mi' } };
      const made = await scope.pod('pod', { image: AGNHOST, args: ['pause'], resources }, {}, { generation: 100 });
      expect([made.status.qosClass, made.metadata.generation]).toEqual(['Guaranteed', 1]);
      const { status } = await scope.ready('pod');
      expect(status.hostIP).toMatch(/^\d+(\.\d+){3}$/);
      expect(status.hostIPs).toEqual([{ ip: status.hostIP }]);
      const { metadata } = await scope.patch('pods', 'pod', { spec: { activeDeadlineSeconds: 5000 } });
      expect(metadata.generation).toBe(2);
      const same = await scope.patch('pods', 'pod', { metadata: { generation: 1, annotations: { key: 'value' } } }, { type: MERGE });
      expect(same.metadata.generation).toBe(2);
      await scope.eventually('pods', 'pod', (pod) => pod.status.observedGeneration === 2);
      const deleted = await scope.remove('pods', 'pod', { gracePeriodSeconds: 60 });
      expect(deleted.metadata.generation).toBe(3);
    });

    test('is found by its label, and by another once that has changed', async (scope) => {
      await scope.runningPod('web', { image: NGINX }, {}, { labels: { name: 'foo', time: '1' } });
      expect(await scope.items('pods', 'time=1')).toHaveLength(1);
      await scope.update('pods', 'web', ({ metadata }) => {
        metadata.labels.time = '2';
      });
      expect([(await scope.items('pods', 'time=1')).length, (await scope.items('pods', 'time=2')).length]).toEqual([0, 1]);
      expect((await scope.get('pods', 'web')).status.phase).toBe('Running');
    });

    test('ends when it is given a deadline that passes', async (scope) => {
      await scope.runningPod('web', { image: NGINX });
      await scope.update('pods', 'web', ({ spec }) => {
        spec.activeDeadlineSeconds = 3;
      });
      const { status } = await scope.phase('web', 'Failed');
      expect([status.reason, status.message]).toEqual([
        'DeadlineExceeded',
        'Pod was active on the node longer than the specified deadline',
      ]);
    });

    test('is patched, its status replaced, and deleted with others of its label', async (scope) => {
      const labelSelector = 'test-pod-static=true';
      const { metadata } = await scope.ok('GET', `api/v1/pods?labelSelector=${labelSelector}`);
      await scope.pod('pod', { image: AGNHOST }, { terminationGracePeriodSeconds: 1 }, { labels: { 'test-pod-static': 'true' } });
      const { resourceVersion } = metadata;
      await scope.watch('pods', { resourceVersion, labelSelector }, ({ object }) => object.status.phase === 'Running');
      const change = { metadata: { labels: { 'test-pod': 'patched' } }, spec: { containers: [{ name: 'main', image: HTTPD }] } };
      await scope.patch('pods', 'pod', change);
      const patched = await scope.get('pods', 'pod');
      expect([patched.metadata.labels['test-pod'], patched.spec.containers[0].image]).toEqual(['patched', HTTPD]);
      const isChanged = ({ status }: Json) => status.containerStatuses[0].image === HTTPD && status.containerStatuses[0].state.running;
      await scope.eventually('pods', 'pod', (pod) => isChanged(pod) && conditionOf(pod, 'Ready').status === 'True');
      const replaced = await scope.update(
        'pods',
        'pod',
        (pod) => {
          for (const type of ['Ready', 'ContainersReady']) conditionOf(pod, type).status = 'False';
        },
        'status',
      );
      expect(['Ready', 'ContainersReady'].map((type) => conditionOf(replaced, type).status)).toEqual(['False', 'False']);
      // The node says what it sees.
      await scope.ready('pod');
      await scope.removeAll('pods', labelSelector, { gracePeriodSeconds: 1 });
      await scope.watch('pods', { resourceVersion, labelSelector }, ({ type }) => type === 'DELETED');
      await scope.gone('pods', 'pod');
    });

    test('has a status that is patched', async (scope) => {
      await scope.runningPod('pod', { image: AGNHOST, args: ['pause'] });
      const change = { metadata: { annotations: { patchedstatus: 'true' } }, status: { message: 'Patched by e2e test', reason: 'E2E' } };
      const { status } = await scope.patch('pods', 'pod', change, { type: MERGE, sub: 'status' });
      expect([status.message, status.reason]).toEqual(['Patched by e2e test', 'E2E']);
    });

    test('is deleted with all of its label', async (scope) => {
      const names = ['test-pod-1', 'test-pod-2', 'test-pod-3'];
      const spec = { terminationGracePeriodSeconds: 1, restartPolicy: 'Never' };
      await Promise.all(names.map((name) => scope.runningPod(name, { image: AGNHOST }, spec, { labels: { type: 'Testing' } })));
      await scope.removeAll('pods', 'type=Testing', { gracePeriodSeconds: 1 });
      await scope.until(
        'pods stayed',
        () => scope.items('pods', 'type=Testing'),
        (items) => items.length === 0,
      );
    });

    test('runs commands and gives its log over WebSockets', async (scope) => {
      await scope.runningPod(
        'pod',
        { command: ['/bin/sh', '-c', 'echo container is alive; sleep 600'] },
        { terminationGracePeriodSeconds: 0 },
      );
      const query = new URLSearchParams([
        ['stderr', '1'],
        ['stdout', '1'],
        ['container', 'main'],
        ['command', 'echo'],
        ['command', 'remote execution test'],
      ]);
      const messages = await world().webSocket(`${scope.path('pods', 'pod', 'exec')}?${query}`, 'channel.k8s.io');
      expect(messages.filter((message) => message[0] !== 1 && message.length > 1)).toEqual([]);
      expect(Buffer.concat(messages.filter(([first]) => first === 1).map((message) => message.subarray(1))).toString()).toBe(
        'remote execution test\n',
      );
      // A container without a probe is ready when it has started, which may be before it says something.
      await scope.until(
        'it said nothing',
        async () =>
          Buffer.concat(await world().webSocket(`${scope.path('pods', 'pod', 'log')}?container=main`, 'binary.k8s.io')).toString(),
        (text) => text === 'container is alive\n',
      );
    });

    test('is ready when the gates say so', async (scope) => {
      const gates = ['k8s.io/test-condition1', 'k8s.io/test-condition2'];
      const readinessGates = gates.map((conditionType) => ({ conditionType }));
      await scope.pod('pod', script('echo container is alive; sleep 10000'), { readinessGates });
      const pass = (type: string | undefined, status: string) =>
        scope.patch('pods', 'pod', { status: { conditions: [{ type, status }] } }, { sub: 'status', type: STRATEGIC });
      const waiting = await scope.eventually('pods', 'pod', (pod) => conditionOf(pod, 'ContainersReady')?.status === 'True');
      expect(conditionOf(waiting, 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' });
      await pass(gates[0], 'True');
      await scope.eventually('pods', 'pod', (pod) => /condition1/.test(conditionOf(pod, 'Ready').message) === false);
      expect(conditionOf(await scope.get('pods', 'pod'), 'Ready').status).toBe('False');
      await pass(gates[1], 'True');
      await scope.ready('pod');
      await pass(gates[0], 'False');
      await scope.eventually('pods', 'pod', (pod) => conditionOf(pod, 'Ready').status === 'False');
    });

    test('whose grace period is negative has one of a second', async (scope) => {
      const { spec } = await scope.pod('pod', script('sleep 10000'), { terminationGracePeriodSeconds: -1 });
      expect(spec.terminationGracePeriodSeconds).toBe(1);
      const updated = await scope.update('pods', 'pod', (pod) => {
        pod.spec.terminationGracePeriodSeconds = -1;
      });
      expect(updated.spec.terminationGracePeriodSeconds).toBe(1);
    });

    test('that ends at once is never said to have succeeded when it failed, nor to run what it did not', async (scope) => {
      const names = ['a', 'b', 'c'];
      await Promise.all(
        names.map(async (name) => {
          const fails = { name: 'fail', image: BUSYBOX, command: ['/bin/false'] };
          const { metadata } = await scope.create('pods', {
            metadata: { name },
            spec: {
              restartPolicy: 'Never',
              terminationGracePeriodSeconds: 1,
              initContainers: [fails],
              containers: [{ name: 'blocked', image: BUSYBOX, command: ['/bin/true'] }],
            },
          });
          const { resourceVersion } = metadata;
          const seen = scope.watch('pods', { resourceVersion, fieldSelector: `metadata.name=${name}` }, ({ type }) => type === 'DELETED');
          await scope.eventually('pods', name, ({ status }) => status.phase !== 'Pending');
          await scope.remove('pods', name);
          for (const { object } of await seen) {
            const [blocked] = object.status.containerStatuses ?? [];
            const [init] = object.status.initContainerStatuses ?? [];
            expect(blocked === undefined || (blocked.started !== true && blocked.state.waiting !== undefined)).toBe(true);
            expect(init?.state.terminated?.exitCode ?? 1).toBe(1);
          }
          // A phase that is an end stays.
          const phases = (await seen).map(({ object }) => object.status.phase);
          expect(phases.slice(phases.indexOf('Failed')).every((phase) => phase === 'Failed')).toBe(true);
        }),
      );
    });

    test('all of whose containers are done gets no other sandbox', async (scope) => {
      const initContainers = [{ name: 'foo', image: BUSYBOX, command: ['/bin/true'] }];
      await scope.pod('pod', { command: ['/bin/true'] }, { restartPolicy: 'OnFailure', initContainers });
      await scope.phase('pod', 'Succeeded');
      await scope.event('pod', 'Started', /main/);
      expect(await scope.told('pod', 'SandboxChanged')).toEqual([]);
    });

    test('that outgrows its share of the disk is evicted', async (scope) => {
      const resources = { limits: { 'ephemeral-storage': '5Mi' } };
      const text = 'dd if=/dev/zero of=file bs=1M count=10; sleep 10000';
      await scope.pod('pod', { ...script(text), resources }, { restartPolicy: 'OnFailure', terminationGracePeriodSeconds: 0 });
      const { status } = await scope.phase('pod', 'Failed');
      expect(status.reason).toBe('Evicted');
    });

    test('of another operating system is refused by its node', async (scope) => {
      await scope.pod('pod', { image: PAUSE }, { os: { name: 'windows' }, nodeName: 'node-0' });
      const { status } = await scope.phase('pod', 'Failed');
      expect(status.reason).toBe('PodOSNotSupported');
    });
  });

  describe.concurrent('hooks', () => {
    /** A server that keeps a log, and its address. */
    const listener = async (scope: Scope) => (await scope.runningPod('listener', { image: AGNHOST, args: ['netexec'] })).status.podIP;
    const heard = (scope: Scope, word: string) =>
      scope.until(
        `nobody asked for ${word}`,
        () => scope.log('listener'),
        (text) => text.includes(`GET /echo?msg=${word}`),
      );
    const redirect = (scheme: string) => ({
      name: 'redirect',
      image: AGNHOST,
      restartPolicy: 'Always',
      args: [
        'netexec',
        '--udp-port',
        '-1',
        ...(scheme === 'HTTPS' ? ['--tls-cert-file', '/localhost.crt', '--tls-private-key-file', '/localhost.key'] : []),
      ],
      startupProbe: { httpGet: { scheme, path: '/echo?msg=startup', port: 8080 }, periodSeconds: 1 },
    });
    const HANDLERS: readonly (readonly [string, string, (ip: string, word: string) => object])[] = [
      ['exec', 'HTTP', (ip, word) => ({ exec: { command: ['sh', '-c', `curl http://${ip}:8080/echo?msg=${word}`] } })],
      ...['HTTP', 'HTTPS'].map(
        (scheme) =>
          [
            `httpGet over ${scheme}`,
            scheme,
            (ip: string, word: string) => ({
              httpGet: { scheme, path: `/dial?host=${ip}&port=8080&request=${encodeURIComponent(`echo?msg=${word}`)}`, port: 8080 },
            }),
          ] as const,
      ),
    ];
    for (const [what, scheme, handler] of HANDLERS)
      test(`of a container and of a sidecar run after its start and before its end: ${what}`, async (scope) => {
        const ip = await listener(scope);
        const image = what === 'exec' ? AGNHOST : PAUSE;
        const hooks = (word: string) => ({ lifecycle: { postStart: handler(ip, `${word}-start`), preStop: handler(ip, `${word}-stop`) } });
        const sidecar = { name: 'sidecar', image, restartPolicy: 'Always', ...hooks('sidecar') };
        await scope.runningPod('pod', { image, ...hooks('main') }, { initContainers: [redirect(scheme), sidecar] });
        await Promise.all(['main-start', 'sidecar-start'].map((word) => heard(scope, word)));
        await scope.remove('pods', 'pod', { gracePeriodSeconds: 15 });
        await scope.gone('pods', 'pod');
        await Promise.all(['main-stop', 'sidecar-stop'].map((word) => heard(scope, word)));
      });

    test('preStop tells another pod that its own is killed', async (scope) => {
      const { status } = await scope.runningPod('server', { image: AGNHOST, args: ['nettest'], ports: [{ containerPort: 8080 }] });
      const command = ['wget', '-O-', '--post-data={"Source": "prestop"}', `http://${status.podIP}:8080/write`];
      await scope.runningPod('tester', { command: ['sleep', '600'], lifecycle: { preStop: { exec: { command } } } });
      await scope.remove('pods', 'tester', { gracePeriodSeconds: 3 });
      await scope.until(
        'it did not tell',
        () => scope.get('pods', 'server:8080', 'proxy', 'read'),
        (state) => state.Received?.prestop > 0,
      );
      await scope.gone('pods', 'tester');
    });

    test('preStop sleeps as long as it is told, not at all for nothing', async (scope) => {
      const sleep = (seconds: number) => ({ image: PAUSE, lifecycle: { preStop: { sleep: { seconds } } } });
      const seconds = { two: 2, none: 0, long: 900 };
      const patience = { terminationGracePeriodSeconds: 1000 };
      await Promise.all(Object.entries(seconds).map(([name, long]) => scope.runningPod(name, sleep(long), patience)));
      const began = performance.now();
      await Promise.all(Object.keys(seconds).map((name) => scope.remove('pods', name)));
      await scope.gone('pods', 'none');
      expect(await scope.isGone('pods', 'long')).toBe(false);
      await scope.gone('pods', 'two');
      expect(performance.now() - began).toBeGreaterThan(2000);
      await scope.remove('pods', 'long', { gracePeriodSeconds: 0 });
    });
  });

  describe.concurrent('RuntimeClasses', () => {
    const withClass = (runtimeClassName: string) => ({ runtimeClassName, automountServiceAccountToken: false });
    const make = (scope: Scope, name: string, more: object = {}) =>
      scope.create('runtimeclasses', { metadata: { name: `${scope.namespace}-${name}` }, handler: 'test-handler', ...more });

    test('that are not there, or no longer, are refused', async (scope) => {
      const { metadata } = await make(scope, 'delete-me');
      await scope.remove('runtimeclasses', metadata.name);
      for (const name of [`${scope.namespace}-nonexistent`, metadata.name]) {
        const pod = { metadata: { name: 'pod' }, spec: { ...withClass(name), containers: [{ name: 'main', image: BUSYBOX }] } };
        const refused = () => world().call('POST', `${scope.path('pods')}?dryRun=All`, pod);
        const { body } = await scope.until('it was not refused', refused, ({ status }) => status === 403);
        expect(body.message).toBe(`pods "pod" is forbidden: pod rejected: RuntimeClass "${name}" not found`);
      }
    });

    test('give their pods what they cost besides', async (scope) => {
      const plain = await make(scope, 'plain');
      const costly = await make(scope, 'costly', { overhead: { podFixed: { cpu: '10m', memory: '1Mi' } } });
      for (const [name, { metadata }] of [
        ['plain', plain],
        ['costly', costly],
      ] as const)
        await scope.pod(name, {}, withClass(metadata.name));
      const placed = await Promise.all(['plain', 'costly'].map((name) => scope.eventually('pods', name, ({ spec }) => spec.nodeName)));
      expect(placed.map(({ spec }) => spec.overhead)).toEqual([undefined, { cpu: '10m', memory: '1Mi' }]);
      for (const { metadata } of [plain, costly]) await scope.remove('runtimeclasses', metadata.name);
    });

    test('are made, read, watched, changed and deleted', async (scope) => {
      const groups = await scope.ok('GET', 'apis');
      const group = groups.groups.find(({ name }: Json) => name === 'node.k8s.io');
      expect(group.versions.map(({ version }: Json) => version)).toContain('v1');
      expect((await scope.ok('GET', 'apis/node.k8s.io')).versions.map(({ version }: Json) => version)).toContain('v1');
      const { resources } = await scope.ok('GET', 'apis/node.k8s.io/v1');
      expect(resources.map(({ name }: Json) => name)).toContain('runtimeclasses');
      await livesAndIsDeleted(scope, 'runtimeclasses', (name) => ({
        metadata: { name: `${scope.namespace}-${name}` },
        handler: `handler-${name}`,
      }));
    });
  });

  describe.concurrent('objects of the same sort', () => {
    test('PodTemplates are made, patched, replaced, and deleted by their label', async (scope) => {
      const template = { metadata: { name: 't' }, template: { spec: { containers: [{ name: 'nginx', image: NGINX }] } } };
      await scope.create('podtemplates', { ...template, metadata: { name: 't', labels: { 'podtemplate-static': 'true' } } });
      await scope.patch('podtemplates', 't', { metadata: { labels: { podtemplate: 'patched' } } });
      expect((await scope.get('podtemplates', 't')).metadata.labels.podtemplate).toBe('patched');
      const replaced = await scope.update('podtemplates', 't', ({ metadata }) => {
        metadata.annotations = { updated: 'true' };
      });
      expect(replaced.metadata.annotations).toEqual({ updated: 'true' });
      expect((await scope.ok('GET', 'api/v1/podtemplates?labelSelector=podtemplate%3Dpatched')).items).toHaveLength(1);
      await livesAndIsDeleted(scope, 'podtemplates', (name) => ({ ...template, metadata: { name } }));
      await scope.remove('podtemplates', 't');
      expect(await scope.items('podtemplates')).toEqual([]);
    });

    test('Leases are made, updated, patched and deleted', async (scope) => {
      const renewTime = '2026-01-01T00:00:00.000000Z';
      const spec = { holderIdentity: 'holder', leaseDurationSeconds: 30, acquireTime: renewTime, renewTime, leaseTransitions: 0 };
      const made = await scope.create('leases', { metadata: { name: 'lease' }, spec });
      expect(made.spec).toEqual(spec);
      const other = {
        ...spec,
        holderIdentity: 'holder2',
        leaseDurationSeconds: 45,
        renewTime: '2026-01-01T01:00:00.000000Z',
        leaseTransitions: 1,
      };
      const updated = await scope.update('leases', 'lease', (lease) => {
        lease.spec = other;
      });
      expect(updated.spec).toEqual(other);
      const third = { ...other, holderIdentity: 'holder3', leaseDurationSeconds: 60, leaseTransitions: 2 };
      expect((await scope.patch('leases', 'lease', { spec: third })).spec).toEqual(third);
      await livesAndIsDeleted(scope, 'leases', (name) => ({ metadata: { name }, spec }));
      await scope.remove('leases', 'lease');
      expect(await scope.isGone('leases', 'lease')).toBe(true);
    });

    test('Nodes are made, patched, found, updated and deleted', async (scope) => {
      const name = `e2e-fake-node-${scope.namespace}`;
      const capacity = { cpu: '4', memory: '16Gi', pods: '10' };
      // Other tests' pods are not to come to it: they would go with it.
      await scope.create('nodes', {
        metadata: { name },
        spec: { unschedulable: true },
        status: { phase: 'Running', capacity, allocatable: capacity },
      });
      expect((await scope.get('nodes', name)).metadata.name).toBe(name);
      const patched = await scope.patch('nodes', name, { metadata: { labels: { [name]: 'patched' } } });
      expect(patched.metadata.labels[name]).toBe('patched');
      const find = (value: string) => scope.ok('GET', `api/v1/nodes?labelSelector=${name}%3D${value}`);
      expect((await find('patched')).items).toHaveLength(1);
      await scope.update('nodes', name, ({ metadata }) => {
        metadata.labels[name] = 'updated';
      });
      expect((await find('updated')).items).toHaveLength(1);
      await scope.remove('nodes', name);
      await scope.gone('nodes', name);
    });
  });
}

/** Three of a sort: watched, patched, found by their label, and all deleted by it. */
async function livesAndIsDeleted(scope: Scope, resource: string, make: (name: string) => { readonly metadata: object }): Promise<void> {
  const label = `test=${scope.namespace}`;
  const labelled = (name: string): Json => {
    const made = make(name);
    return { ...made, metadata: { ...made.metadata, labels: { test: scope.namespace } } };
  };
  const first = await scope.create(resource, labelled('one'));
  const again = await scope.world.call('POST', scope.path(resource), labelled('one'));
  expect([again.status, again.body.reason]).toEqual([409, 'AlreadyExists']);
  await scope.create(resource, labelled('two'));
  await scope.create(resource, labelled('three'));
  const { name, resourceVersion, uid } = first.metadata;
  expect((await scope.get(resource, name)).metadata.uid).toBe(uid);
  expect(await scope.items(resource, label)).toHaveLength(3);
  await scope.patch(resource, name, { metadata: { annotations: { patched: 'true' } } }, { type: MERGE });
  await scope.watch(
    resource,
    { resourceVersion, labelSelector: label },
    ({ type, object }) => type === 'MODIFIED' && object.metadata.annotations.patched,
  );
  await scope.remove(resource, name);
  expect(await scope.isGone(resource, name)).toBe(true);
  expect(await scope.items(resource, label)).toHaveLength(2);
  await scope.removeAll(resource, label);
  expect(await scope.items(resource, label)).toEqual([]);
}
