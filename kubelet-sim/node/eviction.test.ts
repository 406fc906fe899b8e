import { expect, test } from 'vitest';
import type { Pod } from '../../api/index.ts';
import type { ContainerStats, PodSandboxStats } from '../runtime/usage.ts';
import { aContainer, aPod } from '../testing/builders.ts';
import {
  type Candidate,
  DEFAULT_THRESHOLDS,
  evictionVerdict,
  parseThreshold,
  pressureVerdict,
  rankForEviction,
  shortagesOf,
} from './eviction.ts';
import type { NodeUsage } from './node-stats.ts';

const MI = 1024 * 1024;
const cpu = { usageNanoCores: 0, usageCoreNanoSeconds: 0 };
const memoryOf = (bytes: number) => ({ workingSetBytes: bytes, usageBytes: bytes, rssBytes: bytes, pageFaults: 0, majorPageFaults: 0 });
const none = { usedBytes: 0, inodesUsed: 0 };

function using(name: string, bytes: number, spec: Partial<Pod['spec']> = {}, request?: string): Candidate {
  const resources = request === undefined ? {} : { requests: { memory: request } };
  const pod = aPod({ ...spec, containers: [aContainer('main', { resources })] }, { name });
  const container: ContainerStats = {
    id: name,
    name: 'main',
    attempt: 0,
    time: 0,
    startedAt: 0,
    cpu,
    memory: memoryOf(bytes),
    writableLayer: none,
    log: none,
  };
  const network = { interface: 'eth0', rxBytes: 0, txBytes: 0 };
  const stats: PodSandboxStats = {
    id: name,
    podUid: name,
    time: 0,
    createdAt: 0,
    cpu,
    memory: memoryOf(bytes),
    network,
    processCount: 1,
    containers: [container],
  };
  return { pod, stats };
}

const usage = (available: number, over: Partial<NodeUsage['fs']> = {}): NodeUsage => ({
  time: 0,
  bootedAt: 0,
  cpu,
  memory: { ...memoryOf(1024 * MI - available), availableBytes: available },
  processCount: 10,
  fs: { time: 0, mountpoint: '/', capacityBytes: 1000, usedBytes: 0, inodes: 100, inodesUsed: 0, ...over },
  pods: [],
});

test('a node is short of what falls below a threshold, memory first', () => {
  expect(shortagesOf(usage(200 * MI), DEFAULT_THRESHOLDS)).toEqual([]);
  const met = shortagesOf(usage(50 * MI, { usedBytes: 870 }), DEFAULT_THRESHOLDS);
  expect(met.map(({ threshold, pressure }) => [threshold.signal, pressure])).toEqual([
    ['memory.available', 'memory'],
    ['imagefs.available', 'disk'],
  ]);
  const pids = parseThreshold('pid.available<100%', 0);
  expect(shortagesOf(usage(200 * MI), pids ? [pids] : [])).toMatchObject([{ pressure: 'pid', resource: 'pids' }]);
  expect(parseThreshold('memory.free<1Gi', 0)).toBeUndefined();
});

test('those that use more than they asked for go first, then by priority, then by how much more', () => {
  const ranked = rankForEviction(
    [
      using('within', 100 * MI, {}, '200Mi'),
      using('important', 300 * MI, { priority: 100 }),
      using('little', 100 * MI),
      using('much', 200 * MI),
      using('asked', 400 * MI, {}, '350Mi'),
    ],
    'memory',
  );
  expect(ranked.map(({ pod }) => pod.metadata.name)).toEqual(['much', 'little', 'asked', 'important', 'within']);
});

test('what a pod is told is upstream’s', () => {
  const [shortage] = shortagesOf(usage(50 * MI), DEFAULT_THRESHOLDS);
  if (!shortage) throw new Error('there is a shortage');
  const verdict = evictionVerdict(using('web', 300 * MI, {}, '100Mi'), shortage);
  expect(verdict.reason).toBe('Evicted');
  expect(verdict.message).toBe(
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container main was using 300Mi, request is 100Mi, has larger consumption of memory. ',
  );
  expect(verdict.condition).toMatchObject({ type: 'DisruptionTarget', reason: 'TerminationByKubelet' });
});

test('a node under pressure takes no more pods of the kind that made it so', () => {
  const refused = (pod: Pod, ...pressures: ('memory' | 'disk')[]) => pressureVerdict(pod, new Set(pressures), ['X'])?.message;
  expect(refused(aPod(), 'memory')).toBe('Pod was rejected: The node had condition: [X]. ');
  expect(refused(aPod({ containers: [aContainer('main', { resources: { requests: { cpu: '1' } } })] }), 'memory')).toBeUndefined();
  expect(refused(aPod({ containers: [aContainer('main', { resources: { requests: { cpu: '1' } } })] }), 'disk')).toBeDefined();
  expect(refused(aPod({ priority: 2_000_000_000 }), 'disk')).toBeUndefined();
});
