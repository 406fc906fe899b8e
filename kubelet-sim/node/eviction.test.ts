import { expect, test } from 'vitest';
import type { Pod } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import type { NodeServices } from '../pod/node-services.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import type { Image, ImageService } from '../runtime/image-service.ts';
import type { ContainerStats, PodSandboxStats } from '../runtime/usage.ts';
import { aContainer, aPod } from '../testing/builders.ts';
import {
  type Candidate,
  DEFAULT_EVICTION_RULES,
  DEFAULT_THRESHOLDS,
  type EvictionRules,
  evictionVerdict,
  parseThreshold,
  pressureVerdict,
  rankForEviction,
  shortagesOf,
} from './eviction.ts';
import { EvictionManager } from './eviction-manager.ts';
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

test('of the disk counts what volumes hold beside what containers wrote, and what was asked for counts against it', () => {
  const storing = (name: string, bytes: number, requests: Record<string, string> = {}): Candidate => {
    const { stats } = using(name, 0);
    const fs = { time: 0, mountpoint: '/', capacityBytes: 0, inodes: 0, usedBytes: bytes, inodesUsed: bytes / MI };
    const volume = { name: 'v', claim: undefined, isDevice: false, usage: fs };
    const spec = { containers: [aContainer('main', { resources: { requests } })], volumes: [{ name: 'v', emptyDir: {} }] };
    return { pod: aPod(spec, { name }), stats, volumes: () => [volume, { ...volume, name: 'other' }] };
  };
  const names = (resource: string, ...candidates: Candidate[]) => rankForEviction(candidates, resource).map(({ pod }) => pod.metadata.name);
  const asked = { 'ephemeral-storage': '200Mi' };
  expect(
    names('ephemeral-storage', storing('asked', 300 * MI, asked), storing('within', 150 * MI, asked), storing('more', 120 * MI)),
  ).toEqual(['more', 'asked', 'within']);
  expect(names('inodes', storing('few', 10 * MI), storing('many', 20 * MI))).toEqual(['many', 'few']);
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
  expect(verdict.annotations).toEqual({ offending_containers: 'main', offending_containers_usage: '300Mi', starved_resource: 'memory' });
  expect(evictionVerdict(using('web', 50 * MI, {}, '100Mi'), shortage).annotations.offending_containers).toBe('');
});

test('a node under pressure takes no more pods of the kind that made it so', () => {
  const refused = (pod: Pod, ...pressures: ('memory' | 'disk')[]) => pressureVerdict(pod, new Set(pressures), ['X'])?.message;
  expect(refused(aPod(), 'memory')).toBe('Pod was rejected: The node had condition: [X]. ');
  expect(refused(aPod({ containers: [aContainer('main', { resources: { requests: { cpu: '1' } } })] }), 'memory')).toBeUndefined();
  expect(refused(aPod({ containers: [aContainer('main', { resources: { requests: { cpu: '1' } } })] }), 'disk')).toBeDefined();
  expect(refused(aPod({ priority: 2_000_000_000 }), 'disk')).toBeUndefined();
  const tolerating = (effect: string) => aPod({ tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect }] });
  expect(refused(tolerating('NoSchedule'), 'memory')).toBeUndefined();
  expect(refused(tolerating('NoExecute'), 'memory')).toBeDefined();
  expect(refused(tolerating('NoSchedule'), 'memory', 'disk')).toBeDefined();
});

test('a pod of which nothing is known goes first, and is not told what it used', () => {
  const silent: Candidate = { pod: aPod({ priority: 100 }, { name: 'silent' }), stats: undefined };
  const order = (resource: string) => rankForEviction([using('loud', 300 * MI), silent], resource).map(({ pod }) => pod.metadata.name);
  expect(order('memory')).toEqual(['silent', 'loud']);
  expect(order('pids')).toEqual(['loud', 'silent']);
  const [shortage] = shortagesOf(usage(50 * MI), DEFAULT_THRESHOLDS);
  if (!shortage) throw new Error('there is a shortage');
  const { message, annotations } = evictionVerdict(silent, shortage);
  expect([message, annotations]).toEqual(['The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ', {}]);
});

test('a pod that asks for memory as a whole is told of it', () => {
  const [shortage] = shortagesOf(usage(50 * MI), DEFAULT_THRESHOLDS);
  if (!shortage) throw new Error('there is a shortage');
  const { message, annotations } = evictionVerdict(
    using('web', 50 * MI, { resources: { requests: { memory: '80Mi' } } }, '60Mi'),
    shortage,
  );
  expect(message).toMatch(/ Pod web was using 50Mi, request is 80Mi, has larger consumption of memory\. $/);
  expect(annotations).toMatchObject({ offending_pod: 'web', offending_pod_usage: '50Mi', offending_containers: '' });
});

/** A node on a clock of its own, with pods that are told to go and go when the test says so. */
function aNode(names: readonly string[], over: Partial<EvictionRules>, look: () => NodeUsage, images: Partial<ImageService> = {}) {
  const clock = new VirtualClock();
  const evicted: { readonly name: string; readonly graceSeconds: number | undefined }[] = [];
  const told: string[] = [];
  const counted: string[] = [];
  const active = new Set(names);
  const workers = names.map((name) => ({
    pod: using(name, 0).pod,
    get isActive() {
      return active.has(name);
    },
    evict: (_: unknown, graceSeconds?: number) => void evicted.push({ name, graceSeconds }),
  })) as Partial<PodWorker>[] as PodWorker[];
  const services = {
    clock,
    events: { warning: (pod: Pod, reason: string) => void told.push(`${reason} ${pod.metadata.name}`) },
    counts: { evicted: (signal: string) => void counted.push(signal), count: () => undefined },
  } as Pick<NodeServices, 'clock'> as NodeServices;
  const manager = new EvictionManager({
    services: () => services,
    signal: new AbortController().signal,
    rules: { ...DEFAULT_EVICTION_RULES, ...over },
    workers: () => workers,
    images: { listImages: () => [], ...images } as ImageService,
    usage: () => ({ ...look(), time: clock.now() }),
    onThreshold: (resource) => void told.push(resource),
    onGone: () => manager.tick(),
  });
  return { manager, clock, evicted, told, counted, workers, gone: (name: string) => active.delete(name) };
}

/** A node whose images no container is of; of its disk's 1000 bytes so many are used besides. */
function shortOfDisk(otherBytes: number, imageBytes: readonly number[]) {
  let images: Image[] = imageBytes.map((sizeBytes, i) => ({ name: `image-${i}`, ref: `ref-${i}`, sizeBytes }));
  const look = () => usage(500 * MI, { usedBytes: otherBytes + images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) });
  const removeImage = (name: string) => {
    images = images.filter((image) => image.name !== name);
  };
  const node = aNode(['web'], {}, look, { listImages: () => images, removeImage });
  node.manager.tick();
  return { ...node, images: () => images.length };
}

test('a node that is short of disk lets images go first, and evicts at once if that is not enough', () => {
  const enough = shortOfDisk(500, [200, 200]);
  expect([enough.counted, enough.told, enough.images()]).toEqual([[], ['ephemeral-storage'], 0]);
  const notEnough = shortOfDisk(900, [50]);
  expect([notEnough.counted, notEnough.told, notEnough.images()]).toEqual([['imagefs.available'], ['ephemeral-storage', 'Evicted web'], 0]);
});

test('one pod is evicted at a time: the next is chosen when it has gone', async () => {
  let available = 50 * MI;
  const node = aNode(['a', 'b', 'c'], {}, () => usage(available));
  const names = () => node.evicted.map(({ name }) => name);
  node.manager.tick();
  await node.clock.advance(5_000);
  node.manager.tick();
  expect(names()).toEqual(['a']);
  node.gone('a');
  await node.clock.advance(2_000);
  expect(names()).toEqual(['a', 'b']);
  available = 500 * MI;
  node.gone('b');
  await node.clock.advance(2_000);
  node.manager.tick();
  expect(names()).toEqual(['a', 'b']);
});

test('a pod that does not go in its time holds up the others no longer', async () => {
  const node = aNode(['a', 'b'], {}, () => usage(50 * MI));
  node.manager.tick();
  await node.clock.advance(12_000);
  expect(node.evicted.length).toBe(2);
});

test('once a node evicts it goes on until its minimum is won back', async () => {
  let available = 50 * MI;
  const thresholds = [{ signal: 'memory.available', value: '100Mi', graceMs: 0, minReclaim: '100Mi' }] as const;
  const node = aNode(['a', 'b', 'c'], { thresholds, transitionMs: 0 }, () => usage(available));
  available = 150 * MI;
  node.manager.tick();
  expect(node.evicted).toEqual([]);
  available = 50 * MI;
  node.manager.tick();
  available = 150 * MI;
  node.gone('a');
  await node.clock.advance(2_000);
  expect(node.evicted.map(({ name }) => name)).toEqual(['a', 'b']);
  available = 200 * MI;
  node.gone('b');
  await node.clock.advance(2_000);
  available = 150 * MI;
  node.manager.tick();
  expect(node.evicted.length).toBe(2);
});

test.each([
  [0, { terminationGracePeriodSeconds: 60 }, 1],
  [20, { terminationGracePeriodSeconds: 60 }, 20],
  [20, { terminationGracePeriodSeconds: 5 }, 5],
  [20, {}, 20],
])('of %d s a pod that goes for a soft threshold, %o, is given %d', async (maxPodGraceSeconds, spec, given) => {
  const thresholds = [{ signal: 'memory.available', value: '1Gi', graceMs: 30_000 }] as const;
  const node = aNode(['web'], { thresholds, maxPodGraceSeconds }, () => usage(500 * MI));
  const [worker] = node.workers;
  if (worker) Object.assign(worker, { pod: using('web', 0, spec).pod });
  for (let ms = 0; ms <= 30_000; ms += 10_000) {
    expect(node.evicted).toEqual([]);
    node.manager.tick();
    await node.clock.advance(10_000);
  }
  expect(node.evicted[0]?.graceSeconds).toBe(given);
});
