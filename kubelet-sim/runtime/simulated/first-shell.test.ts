// The first container of a process that needs the shell: in a file of its own, where nothing has loaded the shell before.
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TestRuntime } from '../../testing/runtime-harness.ts';

test('a server that the shell runs is heard once its container has started, though the shell was still to be loaded', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  await node.start(sandbox, { image: 'registry.k8s.io/e2e-test-images/agnhost:2.53', args: ['netexec'], settle: false });
  await setImmediate(); // nobody hears of the start sooner
  const { status } = await node.runtime.connect(sandbox, 8080).http({ method: 'GET', path: '/hostname', headers: {} });
  expect(status).toBe(200);
});
