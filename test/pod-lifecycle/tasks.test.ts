// Pods whose end somebody waits for, of images that nobody described. On the virtual clock.
import { expect, test } from 'vitest';
import type { Container, Pod } from '../../api/index.ts';
import type { ContainerBehaviour } from '../../kubelet-sim/runtime/cri.ts';
import { aContainer, aPod } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const image = 'example.com/shop/migrate:1.2';
const job = { apiVersion: 'batch/v1', kind: 'Job', name: 'migrate', uid: 'uid-of-job', controller: true };

/** A pod of a Job, unless told otherwise. */
async function start(
  spec: Partial<Pod['spec']>,
  { owners = [job], behaviour }: { owners?: (typeof job)[]; behaviour?: ContainerBehaviour } = {},
) {
  const node = new TestNode();
  const scripts = { behaviourOf: () => behaviour, readinessOf: () => undefined, pullOf: () => undefined };
  node.services = { ...node.services, scripts };
  const pod = aPod({ restartPolicy: 'Never', containers: [aContainer('main', { image })], ...spec });
  await node.run(spec, { ...pod, metadata: { ...pod.metadata, ownerReferences: owners } });
  await node.pass(1);
  return node;
}

test.each<[string, Partial<Container>]>([
  ['what the image does', {}],
  ['a command that nobody knows', { command: ['/app/migrate', 'up'] }],
  ['arguments', { args: ['--to=latest'] }],
  ['a script with such commands', { command: ['sh', '-c', 'rake db:migrate && /app/seed'] }],
  ['what serves, too', { ports: [{ containerPort: 80 }] }],
])('the pod of a Job is done where nobody described its image: %s', async (_what, more) => {
  for (const restartPolicy of ['Never', 'OnFailure']) {
    const node = await start({ restartPolicy, containers: [aContainer('main', { image, ...more })] });
    expect([node.state(), node.status.phase]).toEqual(['Completed 0', 'Succeeded']);
  }
});

test('a sidecar of such an image stays until the main containers are done', async () => {
  const side = aContainer('side', { image, restartPolicy: 'Always' });
  const node = await start({ initContainers: [side], containers: [shell('main', 'sleep 5')] });
  expect([node.state('side'), node.state()]).toEqual(['running', 'running']);
  await node.pass(5);
  expect([node.state('side'), node.status.phase]).toEqual(['Completed 0', 'Succeeded']);
});

test.each<[string, Parameters<typeof start>]>([
  ['its command is one that a shell knows', [{ containers: [aContainer('main', { image, command: ['sleep', '100'] })] }]],
  ['its image is described', [{ containers: [aContainer('main', { image: 'nginx' })] }]],
  ['no controller has made it', [{}, { owners: [] }]],
  ['its owner is not its controller', [{}, { owners: [{ ...job, controller: false }] }]],
  ['it is always started again', [{ restartPolicy: 'Always' }]],
  ['a script says so', [{}, { behaviour: { exitAfter: 'never' } }]],
  ['a script says when it ends', [{}, { behaviour: { exitAfter: { ms: 60_000, code: 0 } } }]],
])('a pod goes on where %s', async (_why, pod) => {
  const node = await start(...pod);
  expect([node.state(), node.status.phase]).toEqual(['running', 'Running']);
});

test('a script says when the pod of a Job is done, and how', async () => {
  const node = await start({}, { behaviour: { exitAfter: { ms: 30_000, code: 0 } } });
  await node.pass(30);
  expect(node.status.phase).toBe('Succeeded');
});
