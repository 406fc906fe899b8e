// How the resources of a running pod are changed, as statements that a learner would read. On the virtual clock.
import { expect, test } from 'vitest';
import type { Container } from '../../api/index.ts';
import { aContainer, aPod } from '../../kubelet-sim/testing/builders.ts';
import { TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const resources = (cpu: string, memory = '1Gi') => ({ requests: { cpu, memory }, limits: { cpu, memory } });

async function resized(to: Container['resources'], more: Partial<Container> = {}): Promise<TestNode> {
  const node = new TestNode();
  await node.run({ containers: [aContainer('main', { resources: resources('1'), ...more })] });
  await node.change((pod) => ({ ...pod, spec: { ...pod.spec, containers: [aContainer('main', { resources: to, ...more })] } }));
  return node;
}

const runtimeCpu = (node: TestNode) => node.runtime.containerStatus(node.worker?.containerId('main') ?? '')?.resources.cpuLimitMillis;

test('a running container is given other resources without being restarted', async () => {
  const node = await resized(resources('2'));
  expect([node.condition('PodResizeInProgress'), runtimeCpu(node)]).toEqual(['True', 2000]);
  await node.pass(2);
  expect([node.condition('PodResizeInProgress'), node.container()?.restartCount]).toEqual(['', 0]);
  expect(node.container()).toMatchObject({ allocatedResources: { cpu: '2' }, resources: { limits: { cpu: '2' }, requests: { cpu: '2' } } });
  expect(node.told('ResizeCompleted')).toEqual([
    'Pod resize completed: {"containers":[{"name":"main","resources":{"limits":{"cpu":"2","memory":"1Gi"},"requests":{"cpu":"2","memory":"1Gi"}}}]}',
  ]);
});

test('a container whose policy says so is restarted for it', async () => {
  const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
  const node = await resized(resources('1', '2Gi'), { resizePolicy });
  await node.pass(2);
  expect(node.told('Killing')).toEqual(['Container main resize requires restart']);
  expect([node.container()?.restartCount, node.container()?.resources?.limits?.memory]).toEqual([1, '2Gi']);
  const cpu = await resized(resources('2'), { resizePolicy });
  await cpu.pass(2);
  expect(cpu.container()?.restartCount).toBe(0);
});

test('what the node can never give is infeasible, and the pod goes on with what it has', async () => {
  const node = await resized(resources('100'));
  expect([node.reason('PodResizePending'), node.message('PodResizePending')]).toEqual([
    'Infeasible',
    "Node didn't have enough capacity: cpu, requested: 100000, capacity: 8000",
  ]);
  expect([node.container()?.allocatedResources?.cpu, runtimeCpu(node), node.condition('Ready')]).toEqual(['1', 1000, 'True']);
});

test('what the node cannot give now is deferred, and given when it looks again three minutes later', async () => {
  const node = new TestNode();
  const other = aContainer('other', { resources: resources('6') });
  node.others.push(aPod({ containers: [other] }, { name: 'other' }));
  await node.run({ containers: [aContainer('main', { resources: resources('1') })] });
  await node.change((pod) => ({ ...pod, spec: { ...pod.spec, containers: [aContainer('main', { resources: resources('4') })] } }));
  expect([node.reason('PodResizePending'), node.message('PodResizePending')]).toEqual([
    'Deferred',
    "Node didn't have enough resource: cpu, requested: 4000, used: 6000, capacity: 8000",
  ]);
  node.others.pop();
  await node.pass(185);
  expect([node.condition('PodResizePending'), node.container()?.allocatedResources?.cpu]).toEqual(['', '4']);
});

test('a resize that was pending when the kubelet restarted is still pending', async () => {
  const node = await resized(resources('100'));
  await node.restartAgent();
  expect([node.reason('PodResizePending'), node.container()?.allocatedResources?.cpu]).toEqual(['Infeasible', '1']);
});

test('a limit of memory is not lowered below what is used: the resize says so, and goes on when there is less', async () => {
  const node = new TestNode();
  const uses = (bytes: number) =>
    node.runtime.updateContainerBehaviour(node.worker?.containerId('main') ?? '', { memoryBytes: { points: [{ atMs: 0, value: bytes }] } });
  await node.run({ containers: [aContainer('main', { resources: resources('1') })] });
  uses(300_000_000);
  await node.change((pod) => ({ ...pod, spec: { ...pod.spec, containers: [aContainer('main', { resources: resources('1', '128Mi') })] } }));
  await node.pass(2);
  expect([node.reason('PodResizeInProgress'), node.message('PodResizeInProgress')]).toEqual([
    'Error',
    'cannot decrease memory limits: [attempting to set pod memory limit (134217728) below current usage (300000000), attempting to set container "main" memory limit (134217728) below current usage (300000000)]',
  ]);
  expect([node.state(), node.container()?.restartCount, node.container()?.resources?.limits?.memory]).toEqual(['running', 0, '1Gi']);
  uses(50_000_000);
  await node.pass(20);
  expect([node.condition('PodResizeInProgress'), node.container()?.resources?.limits?.memory]).toEqual(['', '128Mi']);
});
