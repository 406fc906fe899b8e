import { expect, test } from 'vitest';
import { TestNode } from '../testing/node-harness.ts';
import { rotateLogs } from './log-rotation.ts';
import type { NodeUsage } from './node-stats.ts';

test('a log that has grown too large begins anew, others are left alone', async () => {
  const node = new TestNode();
  const worker = await node.runScript('echo one; while true; do sleep 1; echo more; done');
  const [stats] = [node.runtime.podSandboxStats(worker.sandboxId ?? '')];
  const [container] = stats?.containers ?? [];
  if (!stats || !container) throw new Error('the container runs');
  const usageWith = (usedBytes: number) =>
    ({
      pods: [{ worker, stats: { ...stats, containers: [{ ...container, log: { usedBytes, inodesUsed: 1 } }] } }],
    }) as unknown as NodeUsage;
  rotateLogs(usageWith(10 * 1024 * 1024), node.runtime);
  expect(await node.log()).toContain('one');
  rotateLogs(usageWith(10 * 1024 * 1024 + 1), node.runtime);
  await node.pass(2);
  expect(await node.log()).not.toContain('one');
  expect(await node.log()).toContain('more');
});
