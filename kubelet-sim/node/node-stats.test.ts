import { expect, test } from 'vitest';
import { TestNode } from '../testing/node-harness.ts';
import { summaryOf } from './node-stats.ts';

const NONE = { usageBytes: 0, workingSetBytes: 0, rssBytes: 0, availableBytes: 0, pageFaults: 0, majorPageFaults: 0 };

/** What upstream's node tests look for (`test/e2e_node/summary_test.go`). */
test('the summary tells of pressure, input and output for the node, its pods and their containers', async () => {
  const node = new TestNode();
  const worker = await node.run({});
  const stats = node.runtime.podSandboxStats(worker.sandboxId ?? '');
  if (!stats) throw new Error('the pod has no sandbox');
  const usage = {
    time: 0,
    bootedAt: 0,
    cpu: { usageNanoCores: 1e6, usageCoreNanoSeconds: 2e9 },
    memory: NONE,
    processCount: 1,
    fs: { time: 0, mountpoint: '/', capacityBytes: 10, usedBytes: 4, inodes: 3, inodesUsed: 1 },
    pods: [{ worker, stats, volumes: () => [] }],
  };
  const waits = { total: 0, avg10: 0, avg60: 0, avg300: 0 };
  const psi = { full: waits, some: waits };
  const measured = { cpu: { psi }, memory: { psi }, io: { time: expect.any(String), psi }, swap: { swapUsageBytes: 0 } };
  expect(summaryOf('n', usage, false)).toMatchObject({
    node: { ...measured, systemContainers: [{ name: 'pods', ...measured }] },
    pods: [{ ...measured, containers: [{ name: 'main', ...measured }] }],
  });
  expect(summaryOf('n', usage, true)).toMatchObject({ node: { cpu: { psi }, memory: { psi } } });
});
