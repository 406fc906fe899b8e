// What the pause container does, as statements that a learner would read. On the virtual clock.
import { expect, test } from 'vitest';
import { aContainer } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

test('the pause container starts first, and holds the address that all containers of the pod share', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('a', 'sleep 3600'), aContainer('web')] });
  const sandbox = node.runtime.podSandboxStatus(node.worker?.sandboxId ?? '');
  expect(sandbox?.ip).toBe(node.status.podIP);
  const [pause] = node.runtime.listProcesses().filter(({ argv }) => argv[0] === '/pause');
  const mains = node.runtime.listProcesses().filter(({ containerId }) => containerId !== '');
  expect(mains.length).toBe(2);
  for (const { pid, startedAt } of mains) expect([pid > (pause?.pid ?? 0), startedAt >= (pause?.startedAt ?? 0)]).toEqual([true, true]);
  expect(await node.exec('a', 'wget', '-qO-', 'http://localhost:80')).toContain('nginx');
});

test('a pod is ready to start containers once its sandbox is there, whatever its containers do', async () => {
  const node = new TestNode({ pullMs: 5000 });
  await node.run({});
  expect([node.status.phase, node.state()]).toEqual(['Pending', 'ContainerCreating']);
  await node.pass(6);
  expect(node.condition('PodReadyToStartContainers')).toBe('True');
});

test('the host name of a pod is its name, or that of the node with hostNetwork', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', 'sleep 3600')] });
  expect(await node.exec('main', 'hostname')).toBe('web\n');
  const host = new TestNode();
  await host.run({ hostNetwork: true, containers: [shell('main', 'sleep 3600')] });
  expect([await host.exec('main', 'hostname'), host.status.podIP]).toEqual(['node-0\n', '172.18.0.2']);
});

test('when pause dies, the whole sandbox dies: it is made anew with another address, and the init containers run again', async () => {
  const node = new TestNode();
  await node.run({ initContainers: [shell('init', 'echo once more')], containers: [shell('main', 'sleep 3600')] });
  const before = node.status;
  await node.killPause();
  await node.pass(1);
  expect(node.told('SandboxChanged')).toEqual(['Pod sandbox changed, it will be killed and re-created.']);
  expect(node.status.podIP).not.toBe(before.podIP);
  expect([node.container('init')?.restartCount, node.container('main')?.restartCount]).toEqual([1, 1]);
  expect(node.container('main')?.lastState?.terminated?.exitCode).toBe(137);
  expect(node.status.phase).toBe('Running');
});

test('when pause of a pod that never restarts dies, the pod has failed', async () => {
  const node = new TestNode();
  await node.run({ restartPolicy: 'Never', containers: [shell('main', 'sleep 3600')] });
  await node.killPause();
  await node.pass(1);
  expect([node.status.phase, node.state(), node.condition('PodReadyToStartContainers')]).toEqual(['Failed', 'Error 137', 'False']);
});

test('without an address range the pod waits, and is told that the network is not ready', async () => {
  const node = new TestNode({ noRange: true });
  await node.run({});
  await node.pass(10);
  expect(node.status.phase).toBe('Pending');
  expect(node.told('NetworkNotReady')[0]).toMatch(/^network is not ready: container runtime network not ready/);
});

test('two containers of a pod cannot have the same port, for they share an address: the second fails', async () => {
  const node = new TestNode();
  await node.run({ containers: [aContainer('first'), aContainer('second')] });
  await node.pass(8); // it tries for a while, and once more
  expect([node.state('first'), node.state('second')]).toEqual(['running', 'Error 1']);
});

test('a container that was made but not started when pause died does not run', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', 'sleep 3600')] });
  const sandboxId = node.worker?.sandboxId ?? '';
  const config = { name: 'late', attempt: 0, image: 'busybox', command: ['sleep', '60'], args: [], workingDir: '', mounts: [], ports: [] };
  const { id } = node.runtime.createContainer(sandboxId, {
    ...config,
    environment: () => Promise.resolve(new Map()),
    terminationMessagePath: '',
    terminationMessagePolicy: 'File',
    stdin: false,
    stdinOnce: false,
    tty: false,
    stopSignal: 'SIGTERM',
  });
  node.runtime.signalProcess(node.runtime.podSandboxStatus(sandboxId)?.pid ?? 0, 'SIGKILL');
  await expect(node.runtime.startContainer(id)).rejects.toThrow(`sandbox container "${sandboxId}" is not running`);
});
