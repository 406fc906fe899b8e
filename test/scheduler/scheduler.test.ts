import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { coreKinds, type Node, type Pod } from '../../api/index.ts';
import { MemoryApi } from '../../bench/scheduler/memory-api.ts';
import { createMetrics, type Service, seededRandom, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { createScheduler, type Handle, type PluginDefinition, readConfiguration } from '../../scheduler/index.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Running {
  readonly api: MemoryApi;
  readonly clock: VirtualClock;
  readonly scheduler: Service;
  readonly metrics: ReturnType<typeof createMetrics>;
  nodeOf(name: string): string | undefined;
  /** Lets everything happen that is going to, on real sockets too, until it is so. */
  until(what: () => boolean): Promise<void>;
}

async function run(configuration: object, plugins: readonly PluginDefinition[] = []): Promise<Running> {
  const api = new MemoryApi();
  const clock = new VirtualClock();
  const metrics = createMetrics();
  const scheduler = createScheduler({
    client: api,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    configuration: readConfiguration(configuration, '.'),
    plugins,
    metrics,
    leaderElect: false,
  });
  await scheduler.start();
  stops.push(() => scheduler.stop());
  const pods = api.resource<Pod>(coreKinds.pods).objects;
  return {
    api,
    clock,
    scheduler,
    metrics,
    nodeOf: (name) => pods.get(`default/${name}`)?.spec.nodeName,
    until: async (what) => {
      for (let i = 0; i < 2000 && !what(); i++) await clock.advance(5);
      if (!what())
        throw new Error(
          `not so: ${what}; ${JSON.stringify([...pods.values()].map(({ metadata, spec, status }) => [metadata.name, spec.nodeName, status]))}`,
        );
    },
  };
}

function node(api: MemoryApi, name: string): void {
  const amounts = { cpu: '4', memory: '8Gi', pods: '110' };
  api.resource<Node>(coreKinds.nodes).put({ metadata: { name }, spec: {}, status: { allocatable: amounts, capacity: amounts } });
}

function pod(api: MemoryApi, name: string, spec: Partial<Pod['spec']> = {}): void {
  const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }] as Pod['spec']['containers'];
  const metadata = { name, namespace: 'default' };
  api
    .resource<Pod>(coreKinds.pods)
    .put({ metadata, spec: { schedulerName: 'default-scheduler', containers, ...spec }, status: { phase: 'Pending' } } as never);
}

const conditionOf = (api: MemoryApi, name: string) =>
  api
    .resource<Pod>(coreKinds.pods)
    .objects.get(`default/${name}`)
    ?.status.conditions?.find(({ type }) => type === 'PodScheduled');

/** An extender that answers by verb, and remembers what it was asked. */
interface ExtenderArgs {
  readonly Pod: Pod;
  readonly NodeNames?: string[];
  readonly NodeNameToMetaVictims?: Readonly<
    Record<string, { readonly Pods: { readonly UID: string }[]; readonly NumPDBViolations: number }>
  >;
  readonly NodeNameToVictims?: Readonly<Record<string, { readonly Pods: Pod[]; readonly NumPDBViolations: number }>>;
}

async function extender(answers: Readonly<Record<string, (body: ExtenderArgs) => unknown>>) {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const verb = (request.url ?? '').slice(1);
      asked.push(verb);
      const answer = answers[verb]?.(JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(answer === undefined ? 500 : 200);
      response.end(JSON.stringify(answer ?? {}));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  return { asked, urlPrefix: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}` };
}

describe('several profiles', () => {
  it('serve the pods that name them, and leave all others alone', async () => {
    const { api, nodeOf, until } = await run({
      profiles: [
        { schedulerName: 'default-scheduler' },
        { schedulerName: 'mine', plugins: { filter: { disabled: [{ name: 'NodeResourcesFit' }] } } },
      ],
    });
    node(api, 'a');
    pod(api, 'theirs', { schedulerName: 'somebody-else' });
    pod(api, 'mine', { schedulerName: 'mine', containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '99' } } }] });
    await until(() => nodeOf('mine') === 'a');
    node(api, 'b');
    pod(api, 'usual');
    await until(() => nodeOf('usual') === 'b');
    expect(nodeOf('theirs')).toBeUndefined();
  });
});

describe('extenders', () => {
  it('are asked which nodes will do, how well, and to bind', async () => {
    const { asked, urlPrefix } = await extender({
      filter: ({ NodeNames = [] }) => ({ NodeNames: NodeNames.filter((name) => name !== 'a'), FailedNodes: { a: 'not this one' } }),
      prioritize: ({ NodeNames = [] }) => NodeNames.map((name) => ({ Host: name, Score: name === 'c' ? 10 : 0 })),
    });
    const verbs = { filterVerb: 'filter', prioritizeVerb: 'prioritize', weight: 100, nodeCacheCapable: true };
    const { api, nodeOf, until } = await run({ extenders: [{ urlPrefix, ...verbs }] });
    for (const name of ['a', 'b', 'c']) node(api, name);
    pod(api, 'p');
    await until(() => nodeOf('p') !== undefined);
    expect(nodeOf('p')).toBe('c');
    expect(asked).toEqual(['filter', 'prioritize']);
  });

  it('that reject every node are quoted', async () => {
    const { urlPrefix } = await extender({ filter: () => ({ NodeNames: [], FailedNodes: { a: 'no licence left' } }) });
    const { api, until } = await run({ extenders: [{ urlPrefix, filterVerb: 'filter', nodeCacheCapable: true }] });
    node(api, 'a');
    pod(api, 'p');
    await until(() => conditionOf(api, 'p') !== undefined);
    expect(conditionOf(api, 'p')?.message).toMatch(
      /^0\/1 nodes are available: 1 no licence left\. no new claims to deallocate, preemption: /,
    );
  });

  it('that fail stop the pod, unless they may be ignored', async () => {
    const { urlPrefix } = await extender({});
    const broken = await run({ extenders: [{ urlPrefix, filterVerb: 'filter' }] });
    node(broken.api, 'a');
    pod(broken.api, 'p');
    await broken.until(() => conditionOf(broken.api, 'p') !== undefined);
    expect(conditionOf(broken.api, 'p')).toMatchObject({ reason: 'SchedulerError', message: `failed ${urlPrefix}/filter, code 500` });
    const ignored = await run({ extenders: [{ urlPrefix, filterVerb: 'filter', ignorable: true }] });
    node(ignored.api, 'a');
    pod(ignored.api, 'p');
    await ignored.until(() => ignored.nodeOf('p') === 'a');
  });

  it('are not asked about pods that ask for nothing they manage', async () => {
    const { asked, urlPrefix } = await extender({});
    const managedResources = [{ name: 'example.com/gpu', ignoredByScheduler: true }];
    const { api, nodeOf, until } = await run({ extenders: [{ urlPrefix, filterVerb: 'filter', managedResources }] });
    node(api, 'a');
    pod(api, 'p');
    await until(() => nodeOf('p') === 'a');
    expect(asked).toEqual([]);
  });

  it('bind in the place of the scheduler', async () => {
    const bound: string[] = [];
    const { urlPrefix } = await extender({
      bind: (body) => {
        bound.push(JSON.stringify(body));
        return {};
      },
    });
    const { api, until } = await run({ extenders: [{ urlPrefix, bindVerb: 'bind' }] });
    node(api, 'a');
    pod(api, 'p');
    await until(() => bound.length > 0);
    expect(JSON.parse(bound[0] ?? '')).toMatchObject({ PodName: 'p', PodNamespace: 'default', Node: 'a' });
    expect(api.requests.get('binding pods')).toBeUndefined();
  });

  it.each([true, false])('say on which nodes room may be made, and who goes: nodeCacheCapable %s', async (nodeCacheCapable) => {
    const bodies: ExtenderArgs[] = [];
    const { urlPrefix } = await extender({
      preempt: (body) => {
        bodies.push(body);
        const { NodeNameToMetaVictims: metas = {}, NodeNameToVictims: whole = {} } = body;
        const Pods = metas.b?.Pods ?? whole.b?.Pods.map(({ metadata }) => ({ UID: metadata.uid ?? '' })) ?? [];
        return { NodeNameToMetaVictims: { b: { Pods, NumPDBViolations: 0 } } };
      },
    });
    const { api, nodeOf, until } = await run({ extenders: [{ urlPrefix, preemptVerb: 'preempt', nodeCacheCapable }] });
    for (const name of ['a', 'b', 'c']) {
      node(api, name);
      pod(api, `low-${name}`, { nodeName: name, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '4' } } }] });
    }
    pod(api, 'high', { priority: 10 });
    await until(() => nodeOf('high') === 'b');
    expect([nodeOf('low-a'), nodeOf('low-b'), nodeOf('low-c')]).toEqual(['a', undefined, 'c']);
    const [{ Pod: asked, NodeNameToMetaVictims: metas, NodeNameToVictims: whole } = {} as ExtenderArgs] = bodies;
    expect(asked.metadata.name).toBe('high');
    expect(Object.keys((nodeCacheCapable ? metas : whole) ?? {}).sort()).toEqual(['a', 'b', 'c']);
    expect(nodeCacheCapable ? whole : metas).toBeUndefined();
  });

  it('that allow no victim leave the pod where it is', async () => {
    const { asked, urlPrefix } = await extender({ preempt: () => ({ NodeNameToMetaVictims: {} }) });
    const { api, nodeOf, until } = await run({ extenders: [{ urlPrefix, preemptVerb: 'preempt', nodeCacheCapable: true }] });
    node(api, 'a');
    pod(api, 'low', { nodeName: 'a', containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '4' } } }] });
    pod(api, 'high', { priority: 10 });
    await until(() => conditionOf(api, 'high') !== undefined);
    expect(asked).toEqual(['preempt']);
    expect(nodeOf('low')).toBe('a');
    expect(conditionOf(api, 'high')?.message).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: no candidate node for preemption',
    );
  });

  it('see a cluster that keeps still: what happens meanwhile waits', async () => {
    let free: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    let asked = false;
    const server = createServer((request, response) => {
      request.resume();
      asked = true;
      void held.then(() => response.end(JSON.stringify({ NodeNames: ['a'] })));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    const urlPrefix = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    const { api, nodeOf, until } = await run({ extenders: [{ urlPrefix, filterVerb: 'filter', nodeCacheCapable: true }] });
    node(api, 'a');
    pod(api, 'p');
    await until(() => asked);
    api.resource<Node>(coreKinds.nodes).remove([...api.resource<Node>(coreKinds.nodes).objects.values()][0] as never);
    pod(api, 'q');
    free();
    await until(() => nodeOf('p') === 'a');
  });
});

/** Holds every pod back until it is told what to do. */
function permitting(handles: Handle[], waitMs: number): PluginDefinition {
  return {
    name: 'Hold',
    create: (_args, handle) => {
      handles.push(handle);
      return { name: 'Hold', permit: () => ({ waitMs }) };
    },
  };
}

describe('Permit', () => {
  const profiles = [{ plugins: { permit: { enabled: [{ name: 'Hold' }] } } }];
  const waitingOf = ([handle]: readonly Handle[]) => [...(handle?.waitingPods.values() ?? [])];

  it('holds a binding back until the plugin allows it; the pod has its place meanwhile', async () => {
    const handles: Handle[] = [];
    const { api, nodeOf, until } = await run({ profiles }, [permitting(handles, 60_000)]);
    node(api, 'a');
    for (let i = 0; i < 5; i++) pod(api, `p${i}`);
    await until(() => waitingOf(handles).length === 4 && conditionOf(api, 'p4') !== undefined);
    expect(conditionOf(api, 'p4')?.message).toContain('Insufficient cpu');
    for (const waiting of waitingOf(handles)) waiting.allow('Hold');
    await until(() => ['p0', 'p1', 'p2', 'p3'].every((name) => nodeOf(name) === 'a'));
  });

  it('rejects when the plugin does, and when it waits too long', async () => {
    const handles: Handle[] = [];
    const { api, clock, until } = await run({ profiles }, [permitting(handles, 10_000)]);
    node(api, 'a');
    pod(api, 'p');
    await until(() => waitingOf(handles).length === 1);
    waitingOf(handles)[0]?.reject('Hold', 'not today');
    await until(() => conditionOf(api, 'p') !== undefined);
    expect(conditionOf(api, 'p')?.message).toBe('0/1 nodes are available: 1 not today.');
    pod(api, 'q');
    await until(() => waitingOf(handles).some(({ info }) => info.key === 'default/q'));
    await clock.advance(10_000);
    await until(() => conditionOf(api, 'q') !== undefined);
    expect(conditionOf(api, 'q')?.message).toBe('0/1 nodes are available: 1 rejected due to timeout after waiting 10s at plugin Hold.');
  });

  it('lets go of pods that are deleted', async () => {
    const handles: Handle[] = [];
    const { api, until } = await run({ profiles }, [permitting(handles, 60_000)]);
    node(api, 'a');
    pod(api, 'p');
    await until(() => waitingOf(handles).length === 1);
    const [waiting] = api.resource<Pod>(coreKinds.pods).objects.values();
    if (waiting) api.resource<Pod>(coreKinds.pods).remove(waiting);
    await until(() => waitingOf(handles).length === 0);
  });
});

describe('metrics', () => {
  it('have upstream’s names', async () => {
    const { api, clock, metrics, nodeOf, until } = await run({});
    node(api, 'a');
    pod(api, 'p');
    pod(api, 'big', { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '99' } } }] });
    await until(() => nodeOf('p') === 'a' && conditionOf(api, 'big') !== undefined);
    await clock.advance(20);
    const text = await metrics.text();
    for (const line of [
      'scheduler_schedule_attempts_total{result="scheduled",profile="default-scheduler"} 1',
      'scheduler_schedule_attempts_total{result="unschedulable",profile="default-scheduler"} 1',
      'scheduler_pending_pods{queue="unschedulable"} 1',
      'scheduler_queue_incoming_pods_total{queue="active",event="PodAdd"} 2',
      'scheduler_preemption_attempts_total 1',
      'scheduler_pod_scheduling_attempts_count 1',
      'scheduler_cache_size{type="nodes"} 1',
      'scheduler_inflight_events{event="PodPopped"} 0',
      'scheduler_unschedulable_pods{plugin="NodeResourcesFit",profile="default-scheduler"} 1',
      'scheduler_plugin_evaluation_total{plugin="NodeResourcesFit",extension_point="Filter",profile="default-scheduler"} 2',
      'scheduler_event_handling_duration_seconds_count{event="NodeAdd"} 1',
      'scheduler_event_handling_duration_seconds_count{event="UnscheduledPodAdd"} 2',
      'scheduler_event_handling_duration_seconds_count{event="AssignedPodAdd"} 1',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).toMatch(
      /scheduler_framework_extension_point_duration_seconds_count\{extension_point="Filter",status="Success",profile="default-scheduler"\} 1/,
    );
    expect(text).toMatch(/scheduler_plugin_execution_duration_seconds_count\{plugin="NodeResourcesFit",extension_point="Filter"/);
  });
});
