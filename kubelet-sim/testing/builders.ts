import type { Container, Live, Pod } from '../../api/index.ts';
import type { ObservedContainer, ObservedPod } from '../pod/observed.ts';
import type { ContainerStatus, PodSandboxStatus } from '../runtime/cri.ts';

/** A pod for tests. */
export function aPod(
  spec: Partial<Pod['spec']> = {},
  over: { name?: string; uid?: string; node?: string; status?: Pod['status'] } = {},
): Live<Pod> {
  const name = over.name ?? 'web';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: over.uid ?? `uid-of-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
    },
    spec: { restartPolicy: 'Always', containers: [aContainer('main')], nodeName: over.node ?? 'node-0', ...spec },
    status: over.status ?? { phase: 'Pending', qosClass: 'BestEffort' },
  };
}

export const aContainer = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: 'nginx',
  imagePullPolicy: 'IfNotPresent',
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  resources: {},
  ...more,
});

export const T0 = Date.UTC(2026, 0, 1);

export const aSandbox = (over: Partial<PodSandboxStatus> = {}): PodSandboxStatus => ({
  id: 's',
  ready: true,
  createdAt: T0,
  attempt: 0,
  ip: '10.244.0.2',
  pid: 1000,
  ...over,
});

export const anInstance = (over: Partial<ContainerStatus> = {}): ContainerStatus => ({
  id: 'c1',
  name: 'main',
  attempt: 0,
  state: 'running',
  createdAt: T0,
  startedAt: T0,
  finishedAt: 0,
  exitCode: 0,
  reason: '',
  message: '',
  image: 'docker.io/library/nginx:latest',
  imageRef: 'docker.io/library/nginx@sha256:1',
  pid: 1001,
  resources: {},
  user: { uid: 0, gid: 0, supplementalGroups: [0] },
  ...over,
});

export const running = (over: Partial<ContainerStatus> = {}): ObservedContainer => ({
  current: anInstance(over),
  started: true,
  ready: true,
});

export const exited = (exitCode: number, over: Partial<ContainerStatus> = {}): ObservedContainer => ({
  current: anInstance({ state: 'exited', exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', finishedAt: T0 + 2000, ...over }),
  started: false,
  ready: false,
});

export const observe = (
  pod: Pod,
  containers: Readonly<Record<string, ObservedContainer>>,
  over: Partial<ObservedPod> = {},
): ObservedPod => ({
  pod,
  sandbox: aSandbox(),
  containers: new Map(Object.entries(containers)),
  ended: false,
  hostIPs: ['172.18.0.2'],
  now: T0 + 5000,
  ...over,
});
