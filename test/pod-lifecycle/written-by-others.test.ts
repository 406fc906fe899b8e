import { expect, test } from 'vitest';
import type { PodStatus } from '../../api/index.ts';
import { aContainer, aPod } from '../../kubelet-sim/testing/builders.ts';
import { TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const GRACEFUL = aContainer('main', { image: 'busybox', command: ['sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'] });
const say = (node: TestNode, status: Partial<PodStatus>) => node.amend((pod) => ({ ...pod, status: { ...pod.status, ...status } }));
const label = (node: TestNode) => node.amend((pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { seen: 'yes' } } }));

test.each(['Failed', 'Succeeded'])('a running pod that somebody called %s ended, where upstream sets its phase back', async (phase) => {
  const node = new TestNode();
  await node.run({ containers: [GRACEFUL] });
  await say(node, { phase, reason: 'Mine', message: 'I say so' });
  await node.pass(9);
  expect([node.api?.status.phase, node.state()]).toEqual([phase, 'running']);
  await node.pass(1);
  expect([node.api?.status.phase, node.api?.status.reason, node.told('Killing')]).toEqual(['Running', undefined, []]);
});

test.each<[string, (node: TestNode) => Promise<unknown>]>([
  ['its labels change', label],
  ['a container ends', (node) => node.exec('main', 'sh', '-c', 'kill -TERM 1')],
])('a pod that somebody called Failed ends when it is looked at, as when %s', async (_why, look) => {
  const node = new TestNode();
  await node.run({ containers: [GRACEFUL] });
  await say(node, { phase: 'Failed' });
  await look(node);
  await node.pass(2);
  expect([node.status.phase, node.state(), node.told('Started').length]).toEqual(['Failed', 'Completed 0', 1]);
});

test('a pod with readiness gates is looked at whenever its status changes', async () => {
  const node = new TestNode();
  await node.run({ readinessGates: [{ conditionType: 'example.com/gate' }], containers: [GRACEFUL] });
  await say(node, { phase: 'Failed' });
  expect([node.status.phase, node.state()]).toEqual(['Failed', 'Completed 0']);
});

test('a pod that had ended and that somebody called Running stayed so', async () => {
  const node = new TestNode();
  await node.runScript('exit 0', { restartPolicy: 'Never' });
  await say(node, { phase: 'Running' });
  await node.pass(9);
  expect(node.api?.status.phase).toBe('Running');
  await node.pass(1);
  expect([node.api?.status.phase, node.status.phase]).toEqual(['Succeeded', 'Succeeded']);
});

test('of the containers of a refused pod nothing was said before its deletion, though it was changed or its kubelet began anew', async () => {
  const told = ({ api }: TestNode) => [
    api?.status.containerStatuses?.map(({ state }) => state?.terminated?.reason),
    api?.status.conditions?.length,
  ];
  for (const [change, expected] of [
    [(node: TestNode) => say(node, { conditions: [{ type: 'example.com/gate', status: 'True' }] }), [undefined, 1]],
    [label, [['ContainerStatusUnknown'], 5]],
    [(node: TestNode) => node.restartAgent(), [['ContainerStatusUnknown'], 5]],
  ] as const) {
    const node = new TestNode();
    await node.refuse(aPod({}), { reason: 'NodeAffinity', message: 'Pod was rejected: no' });
    expect(told(node)).toEqual([undefined, undefined]);
    await change(node);
    expect([told(node), node.api?.status.reason]).toEqual([expected, 'NodeAffinity']);
  }
});
