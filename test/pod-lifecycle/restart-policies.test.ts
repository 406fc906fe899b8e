// Restart policies, back-off and deadlines, as statements that a learner would read. On the virtual clock.
import { expect, test } from 'vitest';
import { aContainer } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const start = async (restartPolicy: string, script: string, more = {}): Promise<TestNode> => {
  const node = new TestNode();
  await node.run({ restartPolicy, containers: [shell('main', script, more)] });
  return node;
};

test('Always: a container that ends is started again, however it ended', async () => {
  const node = await start('Always', 'sleep 5; exit 0');
  await node.pass(5.5);
  expect([node.status.phase, node.container()?.restartCount, node.container()?.lastState?.terminated?.exitCode]).toEqual(['Running', 1, 0]);
});

test('OnFailure: success ends the pod Succeeded, failure starts the container again', async () => {
  const good = await start('OnFailure', 'sleep 5; exit 0');
  await good.pass(5.5);
  expect([good.status.phase, good.state(), good.reason('Ready')]).toEqual(['Succeeded', 'Completed 0', 'PodCompleted']);
  const bad = await start('OnFailure', 'sleep 5; exit 1');
  await bad.pass(5.5);
  expect([bad.status.phase, bad.container()?.restartCount]).toEqual(['Running', 1]);
});

test('Never: the pod ends when all its containers have: Failed if one failed, else Succeeded', async () => {
  const node = new TestNode();
  await node.run({ restartPolicy: 'Never', containers: [shell('a', 'sleep 2; exit 0'), shell('b', 'sleep 4; exit 7')] });
  await node.pass(2.5);
  expect([node.status.phase, node.state('a'), node.state('b')]).toEqual(['Running', 'Completed 0', 'running']);
  await node.pass(2);
  expect([node.status.phase, node.state('b'), node.container('b')?.restartCount]).toEqual(['Failed', 'Error 7', 0]);
});

test('an ended pod never runs again, and keeps its address and its log', async () => {
  const node = await start('Never', 'echo done');
  expect(node.status.phase).toBe('Succeeded');
  node.worker?.poke();
  await node.pass(600);
  expect([node.status.phase, node.container()?.restartCount, node.status.podIP, await node.log()]).toEqual([
    'Succeeded',
    0,
    '10.244.0.2',
    'done\n',
  ]);
});

test('the waits between restarts begin with 10 s, double, and stop at 5 minutes', async () => {
  const node = await start('Always', 'exit 1');
  await node.pass(10 + 20 + 40 + 80 + 160 + 300 + 300 + 15);
  const waits = node.history.map(({ containerStatuses: [main] = [] }) => `${main?.restartCount} ${main?.state?.waiting?.message ?? ''}`);
  const told = [...new Set(waits)].filter((wait) => wait.includes('back-off')).map((wait) => wait.split(' ')[2]);
  expect(told).toEqual(['10s', '20s', '40s', '1m20s', '2m40s', '5m0s', '5m0s', '5m0s']);
  expect(node.container()?.restartCount).toBe(8);
});

test('a container that ran well for ten minutes begins with 10 s again', async () => {
  const node = new TestNode();
  const script =
    'for i in 1 2 3; do if [ ! -e /v/$i ]; then touch /v/$i; exit 1; fi; done; if [ ! -e /v/4 ]; then touch /v/4; sleep 700; fi; exit 1';
  const volumeMounts = [{ name: 'v', mountPath: '/v' }];
  await node.run({ containers: [shell('main', script, { volumeMounts })], volumes: [{ name: 'v', emptyDir: {} }] });
  await node.pass(25);
  expect(node.container()?.state?.waiting?.message).toContain('back-off 20s');
  await node.pass(10);
  expect(node.state()).toBe('running');
  await node.pass(700);
  expect(node.container()?.restartCount).toBe(4);
  await node.pass(10);
  expect(node.history.findLast(({ containerStatuses: [main] = [] }) => main?.state?.waiting)?.containerStatuses).toMatchObject([
    { restartCount: 4, state: { waiting: { message: 'back-off 10s restarting failed container=main pod=web_default(uid-of-web)' } } },
  ]);
});

test('a crashed container whose resources change begins its waits anew', async () => {
  const node = await start('Always', 'exit 1', { resources: { requests: { cpu: '100m' } } });
  const wait = () => node.container()?.state?.waiting?.message?.split(' ')[1];
  await node.pass(41);
  expect([node.container()?.restartCount, wait()]).toEqual([3, '40s']);
  const more = { requests: { cpu: '200m' } };
  await node.change((pod) => ({
    ...pod,
    spec: { ...pod.spec, containers: pod.spec.containers.map((container) => ({ ...container, resources: more })) },
  }));
  await node.pass(1);
  expect(node.container()?.restartCount).toBe(4);
  await node.pass(10);
  expect(node.history.findLast(({ containerStatuses: [main] = [] }) => main?.state?.waiting)?.containerStatuses).toMatchObject([
    { restartCount: 4, state: { waiting: { message: expect.stringContaining('back-off 10s') } } },
  ]);
});

test('a container that is to wait shows how it ended until the next look, and what it waits for from then on', async () => {
  const node = await start('Always', 'echo dying; exit 42');
  expect(node.container()).toMatchObject({ restartCount: 1, ready: false, started: false, state: { terminated: { exitCode: 42 } } });
  expect(node.told('BackOff')).toEqual(['Back-off restarting failed container main in pod web_default(uid-of-web)']);
  await node.pass(10.5);
  expect(node.container()).toMatchObject({ restartCount: 2, state: { terminated: { exitCode: 42 } } });
  await node.pass(10);
  expect(node.container()).toMatchObject({
    restartCount: 2,
    state: {
      waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s restarting failed container=main pod=web_default(uid-of-web)' },
    },
    lastState: { terminated: { exitCode: 42, reason: 'Error' } },
  });
  expect(node.told('BackOff')).toHaveLength(3);
  expect(await node.log('main', true)).toBe('dying\n');
});

test('a container that a probe kills is started again at once the first times, since waits count from the end before', async () => {
  const livenessProbe = { exec: { command: ['false'] }, periodSeconds: 10, initialDelaySeconds: 15, failureThreshold: 1 };
  const node = await start('Always', 'trap "exit 0" TERM; sleep 3600 & wait', { livenessProbe });
  await node.pass(21.5);
  expect([node.container()?.restartCount, node.state()]).toEqual([1, 'running']);
  await node.pass(20);
  expect([node.container()?.restartCount, node.state()]).toEqual([2, 'running']);
  await node.pass(200);
  expect(node.history.some(({ containerStatuses }) => containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff')).toBe(true);
});

test('a container may have a policy of its own, and rules by exit code, where the API takes them', async () => {
  const node = new TestNode();
  const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
  await node.run({
    restartPolicy: 'Never',
    containers: [
      shell('retried', 'sleep 1; exit 42', { restartPolicy: 'Never', restartPolicyRules: rules }),
      shell('once', 'sleep 1; exit 1', { restartPolicy: 'Never', restartPolicyRules: rules }),
    ],
  });
  await node.pass(1.5);
  expect([node.container('retried')?.restartCount, node.container('once')?.restartCount, node.status.phase]).toEqual([1, 0, 'Running']);
});

test('a pod that is active longer than its deadline fails, even while it waits to be restarted', async () => {
  const node = new TestNode();
  await node.run({ activeDeadlineSeconds: 30, containers: [shell('main', 'exit 1')] });
  await node.pass(31);
  const message = 'Pod was active on the node longer than the specified deadline';
  expect([node.status.phase, node.status.reason, node.status.message]).toEqual(['Failed', 'DeadlineExceeded', message]);
  // Once for each status that is made from then on: of an active pod, of one that ends (two), and of one that is over.
  expect(node.told('DeadlineExceeded')).toEqual([message, message, message, message]);
});

test('a deadline that is made shorter counts', async () => {
  const node = new TestNode();
  await node.run({ activeDeadlineSeconds: 3600 });
  await node.change((pod) => ({ ...pod, spec: { ...pod.spec, activeDeadlineSeconds: 10 } }));
  await node.pass(11);
  expect(node.status.reason).toBe('DeadlineExceeded');
});

test('a changed image restarts the container, whatever the policy', async () => {
  const node = new TestNode();
  await node.run({ restartPolicy: 'Never', containers: [aContainer('main', { image: 'nginx:1.22' })] });
  await node.change((pod) => ({ ...pod, spec: { ...pod.spec, containers: [aContainer('main', { image: 'nginx:1.23' })] } }));
  await node.pass(1);
  expect(node.told('Killing')).toEqual(['Container main definition changed, will be restarted']);
  expect([node.container()?.restartCount, node.container()?.image]).toEqual([1, 'docker.io/library/nginx:1.23']);
});

test('a changed image is heard of at once; what became of its container is seen a second later, without anything between', async () => {
  const node = new TestNode();
  const withImage = (image: string) => [aContainer('main', { image })];
  await node.run({ containers: withImage('nginx:1.22') });
  const before = node.history.length;
  await node.change((pod) => ({ ...pod, spec: { ...pod.spec, containers: withImage('mysql:8') } }));
  await node.pass(0.8);
  const { generation } = node.api?.metadata ?? {};
  expect([node.status.observedGeneration, node.condition('Ready'), node.container()?.restartCount]).toEqual([generation, 'True', 0]);
  expect(node.history.slice(before)).toHaveLength(1);
  await node.pass(0.2);
  expect([node.condition('Ready'), node.state()]).toEqual(['False', 'Error 1']);
});

test('a container that ended is shown as it ended before it is started again', async () => {
  const node = await start('Always', 'sleep 3; exit 4');
  await node.pass(3.5);
  const states = node.history.map(({ containerStatuses }) => Object.keys(containerStatuses?.[0]?.state ?? {})[0]);
  expect([states, node.container()?.restartCount]).toEqual([['running', 'terminated', 'running'], 1]);
});
