import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { kubeletConfiguration } from '../node/kubelet-configuration.ts';
import { aContainer } from '../testing/builders.ts';
import { TestNode } from '../testing/node-harness.ts';
import type { Call } from './call.ts';
import { REPORTS } from './reports.ts';
import { movedTo } from './routes.ts';

interface Told {
  readonly items: readonly { readonly metadata: object; readonly spec: { readonly containers: unknown }; readonly status: object }[];
}

/** What a node of one pod answers. */
async function told(node: TestNode, path: string): Promise<Told> {
  const served = { runtime: node.runtime, workers: node.worker ? [node.worker] : [] };
  return await new Promise((resolve) => {
    const response = { setHeader: () => ({ end: (text: string) => resolve(JSON.parse(text) as Told) }) };
    REPORTS.get(path)?.({ node: served } as unknown as Call, response as unknown as ServerResponse);
  });
}

test('pods did not say when and from where they came, as a kubelet notes it', async () => {
  const node = new TestNode();
  await node.run({});
  const { items } = await told(node, '/pods');
  const annotations = { 'kubernetes.io/config.seen': node.status.startTime, 'kubernetes.io/config.source': 'api' };
  expect(items[0]).toMatchObject({ metadata: { name: 'web', annotations }, status: { phase: 'Running' } });
});

test('running pods were told of with all that the API knows of them, and only in phase Running', async () => {
  const node = new TestNode();
  const sleeps = { image: 'busybox', command: ['sleep', '3600'] };
  await node.run({ initContainers: [aContainer('init', sleeps)], containers: [aContainer('main', sleeps)] });
  const own = { name: 'init', image: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), resources: {} };
  const { namespace, uid } = node.worker?.pod.metadata ?? {};
  expect((await told(node, '/runningpods')).items).toEqual([
    { metadata: { name: 'web', namespace, uid }, spec: { containers: [own] }, status: {} },
  ]);
  // A sandbox without containers counts too.
  const crashing = new TestNode();
  await crashing.runScript('exit 1');
  expect((await told(crashing, '/runningpods')).items[0]?.spec.containers).toBeNull();
});

test.each([
  ['/runningpods', '/runningpods/'],
  ['/logs?query=x', '/logs/?query=x'],
  ['/stats', '/stats/'],
  ['/pods', undefined],
  ['/runningpods/', undefined],
])('%s was served where upstream sends elsewhere (%s)', (path, wanted) => {
  expect(movedTo({ url: new URL(path, 'https://node') } as unknown as Call)).toBe(wanted);
});

test('a configuration told little of what upstream tells, and had a kind', () => {
  const spec = { port: 10250, maxPods: 110, taints: [] } as unknown as Parameters<typeof kubeletConfiguration>[0];
  const thresholds = [{ signal: 'memory.available', value: '100Mi', graceMs: 0 }];
  const told = kubeletConfiguration(spec, {
    statusFrequencyMs: 10_000,
    leaseDurationSeconds: 40,
    cluster: { domain: 'cluster.local', servers: ['10.96.0.10'] },
    evictionRules: { thresholds, maxPodGraceSeconds: 0, transitionMs: 300_000 },
  } as unknown as Parameters<typeof kubeletConfiguration>[1]);
  expect(told).not.toHaveProperty('kind');
  expect(told).toMatchObject({
    syncFrequency: '1m0s',
    evictionHard: { 'memory.available': '100Mi' },
    cgroupDriver: 'systemd',
    memorySwap: {},
  });
});
