import { expect, test } from 'vitest';
import { TestRuntime } from '../../testing/runtime-harness.ts';

/** The server of the walkthrough for autoscalers, and who asks it ten times a second. */
async function walkthrough(resources = {}) {
  const node = new TestRuntime();
  const sandbox = node.sandbox({ name: 'php-apache' });
  const server = await node.start(sandbox, { image: 'registry.k8s.io/hpa-example', resources });
  const url = `http://${node.runtime.podSandboxStatus(sandbox)?.ip}`;
  const script = `while sleep 0.03; do wget -q -O- ${url}; done`;
  const generator = await node.start(node.sandbox({ name: 'load-generator' }), { script });
  const used = () => Math.round((node.runtime.containerStats(server)?.cpu.usageNanoCores ?? 0) / 1e6);
  const total = () => (node.runtime.containerStats(server)?.cpu.usageCoreNanoSeconds ?? 0) / 1e9;
  /** In steps that let each request be answered. */
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds * 20; i++) await node.pass(0.05);
  };
  return { node, generator, used, total, pass };
}

test('requests cost their server processor time, as long as they come', async () => {
  const { node, generator, used, total, pass } = await walkthrough();
  expect(used()).toBe(1);
  await pass(30);
  expect(used()).toBeGreaterThan(600);
  expect(used()).toBeLessThan(750);
  expect(total()).toBeGreaterThan(10);
  await node.runtime.stopContainer(generator, 0);
  await pass(20);
  expect(used()).toBe(1);
  expect(total()).toBeLessThan(25);
});

test('a limit holds that down', async () => {
  const { used, pass } = await walkthrough({ cpuLimitMillis: 500 });
  await pass(30);
  expect(used()).toBe(500);
});
