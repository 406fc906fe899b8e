import { expect, test } from 'vitest';
import { aContainer, anInstance, aPod, aSandbox, exited, observe, running } from '../testing/builders.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import { actionsOf } from './pod-actions.ts';

const sidecar = (name: string) => aContainer(name, { restartPolicy: 'Always' });
const twoInits = aPod({ initContainers: [aContainer('i1'), aContainer('i2')] });
const withSidecar = aPod({ initContainers: [sidecar('side'), aContainer('i1')] });
const never = aPod({ restartPolicy: 'Never' });
const onFailure = aPod({ restartPolicy: 'OnFailure' });

/** What is done, in short: `sandbox`, `+name#attempt`, `-name`, `kill`. */
function shorthand(observed: ObservedPod): string {
  const actions = actionsOf(observed);
  return [
    ...(actions.killPod ? ['kill'] : []),
    ...(actions.createSandbox ? [`sandbox#${actions.createSandbox.attempt}`] : []),
    ...actions.kills.map(({ container }) => `-${container.name}`),
    ...actions.starts.map(({ container, attempt }) => `+${container.name}#${attempt}`),
  ].join(' ');
}

const starting: ObservedContainer = { current: anInstance(), started: false, ready: false };
const gone = aSandbox({ ready: false });
const stale = (container: ObservedContainer): ObservedContainer => ({ ...container, isStale: true });

test.each<[string, ObservedPod, string]>([
  ['a new pod gets its sandbox and its containers', observe(aPod(), {}, { sandbox: undefined }), 'sandbox#0 +main#0'],
  ['a new pod with init containers begins with the first', observe(twoInits, {}, { sandbox: undefined }), 'sandbox#0 +i1#0'],
  ['the next init container waits for the one before', observe(twoInits, { i1: running() }), ''],
  ['an init container that ended well makes way', observe(twoInits, { i1: exited(0) }), '+i2#0'],
  ['a failed init container runs again', observe(twoInits, { i1: exited(1) }), '+i1#1'],
  [
    'a failed init container ends a pod that never restarts',
    observe(aPod({ restartPolicy: 'Never', initContainers: [aContainer('i1')] }), { i1: exited(1) }),
    'kill',
  ],
  ['main containers start when all init containers ended well', observe(twoInits, { i1: exited(0), i2: exited(0) }), '+main#0'],
  ['a sidecar that has not started holds up the rest', observe(withSidecar, { side: starting }), ''],
  ['a started sidecar makes way', observe(withSidecar, { side: running() }), '+i1#0'],
  ['a sidecar comes back while the pod runs', observe(withSidecar, { side: exited(0), i1: exited(0), main: running() }), '+side#1'],
  ['a running pod needs nothing', observe(aPod(), { main: running() }), ''],
  ['an exited container starts again', observe(aPod(), { main: exited(0, { attempt: 2 }) }), '+main#3'],
  ['OnFailure: a clean exit ends the pod', observe(onFailure, { main: exited(0) }), 'kill'],
  ['OnFailure: a failure does not', observe(onFailure, { main: exited(1) }), '+main#1'],
  ['Never: any exit ends the pod', observe(never, { main: exited(1) }), 'kill'],
  ['a failed liveness probe kills the container', observe(aPod(), { main: { ...running(), failedProbe: 'liveness' } }), '-main +main#1'],
  [
    'Never: a failed liveness probe kills the container for good',
    observe(never, { main: { ...running(), failedProbe: 'liveness' } }),
    'kill',
  ],
  [
    'a changed image of a sidecar starts it anew, beside what comes next',
    observe(withSidecar, { side: { ...running(), startedImage: 'nginx:old' } }),
    '-side +side#1 +i1#0',
  ],
  ['of an init container that is not one it does nothing', observe(twoInits, { i1: { ...running(), startedImage: 'nginx:old' } }), ''],
  ['a changed image kills the container', observe(aPod(), { main: { ...running(), startedImage: 'nginx:old' } }), '-main +main#1'],
  [
    'a dead sandbox is made anew, init containers again',
    observe(twoInits, { i1: exited(0), i2: exited(0), main: exited(137) }, { sandbox: gone }),
    'sandbox#1 +i1#1',
  ],
  [
    'in the new sandbox the init containers of the old one do not count',
    observe(twoInits, { i1: stale(exited(0)), i2: stale(exited(0)), main: stale(exited(137)) }, { sandbox: aSandbox({ attempt: 1 }) }),
    '+i1#1',
  ],
  ['Never: a dead sandbox ends the pod', observe(never, { main: exited(137) }, { sandbox: gone }), 'kill'],
])('%s', (_name, observed, wanted) => {
  expect(shorthand(observed)).toBe(wanted);
});

test('the kill message names the probe', () => {
  const pod = aPod({ containers: [aContainer('main', { livenessProbe: { terminationGracePeriodSeconds: 3 } })] });
  expect(actionsOf(observe(pod, { main: { ...running(), failedProbe: 'liveness' } })).kills).toMatchObject([
    { message: 'Container main failed liveness probe, will be restarted', reason: 'liveness' },
  ]);
});
