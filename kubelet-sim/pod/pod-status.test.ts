import { expect, test } from 'vitest';
import type { ContainerStatus, PodStatus } from '../../api/index.ts';
import { aContainer, anInstance, aPod, aSandbox, exited, observe, running } from '../testing/builders.ts';
import type { ObservedPod } from './observed.ts';
import { podStatusOf, rejectedStatus } from './pod-status.ts';

const fresh: PodStatus = { phase: 'Pending' };
const sidecar = aContainer('side', { restartPolicy: 'Always' });
const backOff = { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container=main pod=web_default(uid-of-web)' };
const never = aPod({ restartPolicy: 'Never' });
const onFailure = aPod({ restartPolicy: 'OnFailure' });
const withInit = aPod({ initContainers: [aContainer('i1')] });
const two = (restartPolicy: string) => aPod({ restartPolicy, containers: [aContainer('main'), aContainer('other')] });

/** Nothing of the pod runs any more. */
const done = { ended: true };

const stateOf = ({ state }: ContainerStatus): string =>
  state?.waiting ? `waiting ${state.waiting.reason ?? ''}` : state?.terminated ? `terminated ${state.terminated.reason}` : 'running';

test.each<[string, ObservedPod, string, string]>([
  ['nothing runs yet', observe(aPod(), {}, { sandbox: undefined }), 'Pending', 'waiting ContainerCreating'],
  ['init containers first', observe(withInit, { i1: running() }), 'Pending', 'waiting PodInitializing'],
  ['running', observe(aPod(), { main: running() }), 'Running', 'running'],
  [
    'an image cannot be pulled',
    observe(aPod(), { main: { waiting: { reason: 'ErrImagePull', message: 'x' }, started: false, ready: false } }),
    'Pending',
    'waiting ErrImagePull',
  ],
  [
    'crashed, waiting for its next try',
    observe(aPod(), { main: { ...exited(1), waiting: backOff } }),
    'Running',
    'waiting CrashLoopBackOff',
  ],
  ['Always: an exit does not end the pod', observe(aPod(), { main: exited(0) }), 'Running', 'terminated Completed'],
  ['OnFailure: a failure does not either', observe(onFailure, { main: exited(1) }), 'Running', 'terminated Error'],
  ['OnFailure: success does', observe(onFailure, { main: exited(0) }, done), 'Succeeded', 'terminated Completed'],
  ['Never: failure', observe(never, { main: exited(3) }, done), 'Failed', 'terminated Error'],
  ['one of two has ended', observe(two('Never'), { main: exited(1), other: running() }), 'Running', 'terminated Error'],
  ['both have ended, one badly', observe(two('Never'), { main: exited(0), other: exited(1) }, done), 'Failed', 'terminated Completed'],
  [
    'a failed init container of a pod that never restarts',
    observe(aPod({ restartPolicy: 'Never', initContainers: [aContainer('i1')] }), { i1: exited(1) }, done),
    'Failed',
    'waiting PodInitializing',
  ],
  [
    'a sidecar alone runs',
    observe(aPod({ restartPolicy: 'Never', initContainers: [sidecar] }), { side: running(), main: exited(0) }),
    'Running',
    'terminated Completed',
  ],
  ['stopped on deletion', observe(aPod(), { main: exited(0) }, { ended: true }), 'Succeeded', 'terminated Completed'],
])('%s', (_name, observed, phase, state) => {
  const status = podStatusOf(observed, fresh);
  expect(status.phase).toBe(phase);
  expect(status.containerStatuses?.map(stateOf)[0]).toBe(state);
});

test('a running pod, in full', () => {
  const pod = aPod({
    containers: [
      aContainer('main', { resources: { requests: { cpu: '1' } }, volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }] }),
    ],
  });
  expect(podStatusOf(observe(pod, { main: running({ id: 'ab' }) }), fresh)).toEqual({
    observedGeneration: 1,
    phase: 'Running',
    conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      observedGeneration: 1,
      status: 'True',
      lastTransitionTime: '2026-01-01T00:00:05Z',
    })),
    hostIP: '172.18.0.2',
    hostIPs: [{ ip: '172.18.0.2' }],
    podIP: '10.244.0.2',
    podIPs: [{ ip: '10.244.0.2' }],
    startTime: '2026-01-01T00:00:05Z',
    containerStatuses: [
      {
        name: 'main',
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        lastState: {},
        ready: true,
        restartCount: 0,
        image: 'docker.io/library/nginx:latest',
        imageID: 'docker.io/library/nginx@sha256:1',
        containerID: 'containerd://ab',
        started: true,
        allocatedResources: { cpu: '1' },
        resources: { requests: { cpu: '1' } },
        volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly: 'Disabled' }],
        user: { linux: { uid: 0, gid: 0, supplementalGroups: [0] } },
      },
    ],
    qosClass: 'BestEffort',
  });
});

test('a pod has the addresses of its sandbox, of each family; on the node’s network the node’s; and keeps them when it has ended', () => {
  const hostIPs = ['fd00:172::2', '172.18.0.2'];
  const node = { hostIP: 'fd00:172::2', hostIPs: [{ ip: 'fd00:172::2' }, { ip: '172.18.0.2' }] };
  const sandbox = aSandbox({ ip: 'fd00::2', secondIp: '10.244.0.2' });
  const own = { podIP: 'fd00::2', podIPs: [{ ip: 'fd00::2' }, { ip: '10.244.0.2' }] };
  const status = podStatusOf(observe(aPod(), { main: running() }, { hostIPs, sandbox }), fresh);
  expect(status).toMatchObject({ ...node, ...own });
  expect(podStatusOf(observe(aPod(), {}, { hostIPs, sandbox: undefined, ended: true }), status)).toMatchObject(own);
  expect(podStatusOf(observe(aPod({ hostNetwork: true }), {}, { hostIPs, sandbox: undefined }), fresh)).toMatchObject({
    ...node,
    podIP: node.hostIP,
    podIPs: node.hostIPs,
  });
});

test('conditions say what is missing', () => {
  const pod = aPod({
    initContainers: [aContainer('i1')],
    containers: [aContainer('a'), aContainer('b')],
    readinessGates: [{ conditionType: 'x/y' }],
  });
  const said = (observed: ObservedPod) =>
    Object.fromEntries(
      (podStatusOf(observed, fresh).conditions ?? []).map(({ type, status, reason = '', message = '' }) => [
        type,
        `${status} ${reason} ${message}`.trim(),
      ]),
    );
  expect(said(observe(pod, { i1: running() }))).toMatchObject({
    Initialized: 'False ContainersNotInitialized containers with incomplete status: [i1]',
    Ready: 'False ContainersNotReady containers with unready status: [a b]',
    ContainersReady: 'False ContainersNotReady containers with unready status: [a b]',
  });
  expect(said(observe(pod, { i1: exited(0), a: running(), b: running() }))).toMatchObject({
    Initialized: 'True',
    ContainersReady: 'True',
    Ready: 'False ReadinessGatesNotReady corresponding condition of pod readiness gate "x/y" does not exist.',
  });
  expect(said(observe(never, { main: exited(0) }, done))).toMatchObject({
    Initialized: 'True PodCompleted',
    Ready: 'False PodCompleted',
    PodScheduled: 'True',
  });
  expect(said(observe(never, { main: exited(1) }, done))).toMatchObject({ Ready: 'False PodFailed' });
});

test('a restarted container shows how it ended before, and so does one that waits for its next try', () => {
  const previous = anInstance({ id: 'old', state: 'exited', exitCode: 2, reason: 'Error', finishedAt: Date.UTC(2026, 0, 1, 0, 0, 3) });
  const restarted = podStatusOf(observe(aPod(), { main: { ...running({ attempt: 1 }), previous } }), fresh).containerStatuses?.[0];
  expect(restarted).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 2, containerID: 'containerd://old' } } });
  const waiting = podStatusOf(observe(aPod(), { main: { ...exited(1, { attempt: 1 }), previous, waiting: backOff } }), fresh)
    .containerStatuses?.[0];
  expect(waiting).toMatchObject({
    restartCount: 1,
    state: { waiting: backOff },
    lastState: { terminated: { exitCode: 1 } },
    ready: false,
    started: false,
  });
});

test('times of conditions and the start time stay while nothing changes; others keep their conditions; an ended pod stays ended', () => {
  const before = podStatusOf(observe(aPod(), { main: running() }), fresh);
  const foreign = { type: 'x/y', status: 'True' };
  const pod = aPod({}, { status: { ...before, conditions: [foreign] } });
  const later = podStatusOf(observe(pod, { main: { ...running(), ready: false } }, { now: Date.UTC(2026, 0, 2) }), before);
  const times = Object.fromEntries((later.conditions ?? []).map((c) => [c.type, c.lastTransitionTime]));
  expect(later.conditions?.[0]).toEqual(foreign);
  expect(times).toMatchObject({ Ready: '2026-01-02T00:00:00Z', Initialized: '2026-01-01T00:00:05Z' });
  expect(later.startTime).toBe(before.startTime);
  const ended = podStatusOf(observe(never, { main: running() }), { ...before, phase: 'Failed', reason: 'Evicted', message: 'why' });
  expect(ended).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: 'why' });
});

test('what has ended is not said to have ended while something of it runs', () => {
  expect(podStatusOf(observe(onFailure, { main: exited(0) }), { phase: 'Running' }).phase).toBe('Running');
});

test('init and ephemeral containers have the resources that they run with, too', () => {
  const resources = { limits: { cpu: '1' }, requests: { cpu: '1' } };
  const ephemeralContainers = [{ name: 'debug', image: 'busybox' }];
  const pod = aPod({ initContainers: [aContainer('i1', { resources }), aContainer('i2')], ephemeralContainers });
  const status = podStatusOf(observe(pod, { i1: exited(0), debug: running() }), fresh);
  expect(status.initContainerStatuses?.map(({ resources, allocatedResources }) => [resources, allocatedResources])).toEqual([
    [resources, { cpu: '1' }],
    [undefined, undefined],
  ]);
  expect(status.ephemeralContainerStatuses?.[0]?.resources).toEqual({});
});

test('of a pod that the node refuses nothing is said but why', () => {
  const conditions = ['PodScheduled', 'example.com/gate'].map((type) => ({ type, status: 'True' }));
  const pod = { ...aPod(), status: { conditions } };
  const status = rejectedStatus(pod, { reason: 'OutOfcpu', message: 'no' }, fresh, Date.UTC(2026, 0, 1));
  expect(status).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu', message: 'no', startTime: '2026-01-01T00:00:00Z' });
  expect(status.conditions).toEqual([{ type: 'example.com/gate', status: 'True' }]);
  expect(status.containerStatuses).toBeUndefined();
});

test('statuses of main containers are in the order of their names', () => {
  const pod = aPod({ containers: [aContainer('web'), aContainer('db')] });
  expect(podStatusOf(observe(pod, {}), fresh).containerStatuses?.map(({ name }) => name)).toEqual(['db', 'web']);
});

test('a container that was never seen when its pod ended has failed, unless the pod was not initialized', () => {
  const deleted = podStatusOf(observe(aPod(), {}, done), fresh);
  expect([deleted.phase, deleted.containerStatuses?.[0]?.state?.terminated]).toEqual([
    'Failed',
    { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was terminated' },
  ]);
  const early = podStatusOf(observe(withInit, {}, done), fresh);
  expect(early.containerStatuses?.map(stateOf)).toEqual(['waiting PodInitializing']);
  expect(early.initContainerStatuses?.map(stateOf)).toEqual(['terminated ContainerStatusUnknown']);
});

test('a container that ran and is nowhere to be found does not look as if it had never begun', () => {
  const told = (state: ContainerStatus['state']): PodStatus => ({
    phase: 'Running',
    containerStatuses: [{ name: 'main', ready: true, restartCount: 2, image: 'nginx', imageID: 'x', state }],
  });
  const pod = aPod({}, { status: told({ running: { startedAt: '2026-01-01T00:00:00Z' } }) });
  const status = podStatusOf(observe(pod, {}), pod.status);
  expect(status.phase).toBe('Running');
  expect(status.containerStatuses?.[0]).toMatchObject({
    state: { waiting: { reason: 'ContainerCreating' } },
    lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
    restartCount: 3,
  });
  pod.metadata.deletionTimestamp = '2026-01-01T00:00:04Z';
  expect(podStatusOf(observe(pod, {}), pod.status).containerStatuses?.[0]?.restartCount).toBe(2);
  const waiting = aPod({}, { status: told({ waiting: { reason: 'CrashLoopBackOff' } }) });
  expect(podStatusOf(observe(waiting, {}), waiting.status).containerStatuses?.[0]).toMatchObject({ lastState: {}, restartCount: 2 });
});

test('an init container that has ended stays ended when the runtime has let go of it', () => {
  const terminated = { exitCode: 0, reason: 'Completed', containerID: 'containerd://i1' };
  const done = { name: 'i1', ready: true, started: false, restartCount: 1, image: 'nginx', imageID: 'x', state: { terminated } };
  const pod = aPod({ initContainers: [aContainer('i1')] }, { status: { phase: 'Running', initContainerStatuses: [done] } });
  expect(podStatusOf(observe(pod, { main: running() }), pod.status)).toMatchObject({ phase: 'Running', initContainerStatuses: [done] });
});

test('a pod whose sandbox was made anew is pending until its sidecars have started again', () => {
  const pod = aPod({ initContainers: [aContainer('i1'), sidecar] });
  const starting = { ...running(), started: false };
  const of = (isStale: boolean) => observe(pod, { i1: exited(0), side: starting, main: { ...exited(137), isStale } });
  expect(podStatusOf(of(true), fresh).phase).toBe('Pending');
  expect(podStatusOf(of(false), fresh).phase).toBe('Running');
});

test('the termination messages of many containers share the room that there is for them', () => {
  const long = (id: string) => ({ ...exited(1, { id, message: 'x'.repeat(4096) }) });
  const names = ['a', 'b', 'c', 'd'];
  const lengths = (count: number) => {
    const pod = aPod({ restartPolicy: 'Never', containers: names.slice(0, count).map((name) => aContainer(name)) });
    const { containerStatuses } = podStatusOf(observe(pod, Object.fromEntries(names.map((name) => [name, long(name)])), done), fresh);
    return containerStatuses?.map(({ state }) => state?.terminated?.message?.length);
  };
  expect([lengths(3), lengths(4)]).toEqual([
    [4096, 4096, 4096],
    [3072, 3072, 3072, 3072],
  ]);
});

test('a container with limits runs with the limits of its pod for what it has none of', () => {
  const pod = aPod({
    resources: { limits: { cpu: '200m', memory: '100Mi' } },
    containers: [aContainer('main', { resources: { limits: { cpu: '50m' } } }), aContainer('none')],
  });
  const [main, none] = podStatusOf(observe(pod, { main: running(), none: running() }), fresh).containerStatuses ?? [];
  expect([main?.resources, none?.resources]).toEqual([{ limits: { cpu: '50m', memory: '100Mi' } }, {}]);
  const ended = podStatusOf(observe(pod, { main: exited(1), none: running() }), fresh).containerStatuses?.[0];
  expect(ended?.resources).toEqual({ limits: { cpu: '50m' } });
});

test('an ephemeral container that could not be started waits for good', () => {
  const pod = aPod({ ephemeralContainers: [{ name: 'e', image: 'busybox' }] });
  const waiting = { reason: 'RunContainerError', message: 'no such program' };
  const failed = { ...exited(128, { reason: 'StartError' }), waiting };
  const [status] = podStatusOf(observe(pod, { main: running(), e: failed }), fresh).ephemeralContainerStatuses ?? [];
  expect([status?.state, status?.lastState?.terminated?.exitCode]).toEqual([{ waiting }, 128]);
});
