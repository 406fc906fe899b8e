import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { describe, expect, it } from 'vitest';
import { coreKinds, type Node, type Pod } from '../../api/index.ts';
import { conditionOf, node, pod, run, stops } from './running.ts';

/** An extender that answers by verb, and remembers what it was asked. */
interface ExtenderArgs {
  readonly Pod: Pod;
  readonly NodeNames?: string[];
  readonly Nodes?: { readonly metadata: object; readonly items: readonly Node[] } | null;
  readonly NodeNameToMetaVictims?: Readonly<
    Record<string, { readonly Pods: { readonly UID: string }[]; readonly NumPDBViolations: number }>
  > | null;
  readonly NodeNameToVictims?: Readonly<Record<string, { readonly Pods: Pod[]; readonly NumPDBViolations: number }>> | null;
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

function nominated(api: Parameters<typeof pod>[0], name: string, nominatedNodeName: string): void {
  const spec = { schedulerName: 'default-scheduler', containers: [{ name: 'c', image: 'i' }] };
  const status = { phase: 'Pending', nominatedNodeName };
  api.resource<Pod>(coreKinds.pods).put({ metadata: { name, namespace: 'default' }, spec, status } as never);
}

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

  it('that name a host twice give it both scores, and are sent lists with metadata', async () => {
    const bodies: ExtenderArgs[] = [];
    const { urlPrefix } = await extender({
      prioritize: (body) => {
        bodies.push(body);
        return ['a', 'b', 'a', 'b', 'c'].map((Host) => ({ Host, Score: Host === 'c' ? 7 : Host === 'b' ? 5 : 0 }));
      },
    });
    const { api, nodeOf, until } = await run({ extenders: [{ urlPrefix, prioritizeVerb: 'prioritize', weight: 100 }] });
    for (const name of ['a', 'b', 'c']) node(api, name);
    pod(api, 'p');
    await until(() => nodeOf('p') !== undefined);
    expect(nodeOf('p')).toBe('b');
    expect(bodies[0]).toMatchObject({ NodeNames: null, Nodes: { metadata: {}, items: expect.any(Array) } });
  });

  // Go reads JSON so, and extenders are written in many languages.
  it('may write names in whatever case', async () => {
    const { urlPrefix } = await extender({
      filter: ({ NodeNames = [] }) => ({ nodenames: NodeNames.filter((name) => name !== 'a'), failedNodes: { a: 'not this one' } }),
      prioritize: ({ NodeNames = [] }) => NodeNames.map((name) => ({ host: name, score: name === 'c' ? 10 : 0 })),
      bind: () => ({ error: 'not yet' }),
    });
    const verbs = { filterVerb: 'filter', prioritizeVerb: 'prioritize', bindVerb: 'bind', weight: 100, nodeCacheCapable: true };
    const { api, until } = await run({ extenders: [{ urlPrefix, ...verbs }] });
    for (const name of ['a', 'b', 'c']) node(api, name);
    pod(api, 'p');
    await until(() => conditionOf(api, 'p') !== undefined);
    expect(conditionOf(api, 'p')).toMatchObject({ reason: 'SchedulerError', message: 'not yet' });
  });

  it.each([
    ['whole, are not heard when they answer with names', false, undefined],
    ['by name, may answer with whole nodes', true, 'a'],
  ])('that are asked for nodes %s', async (_, nodeCacheCapable, nodeName) => {
    const items = [{ metadata: { name: 'a' } }];
    const { urlPrefix } = await extender({ filter: () => (nodeCacheCapable ? { Nodes: { items } } : { NodeNames: ['a'] }) });
    const { api, nodeOf, until } = await run({ extenders: [{ urlPrefix, filterVerb: 'filter', nodeCacheCapable }] });
    node(api, 'a');
    pod(api, 'p');
    await until(() => nodeOf('p') !== undefined || conditionOf(api, 'p') !== undefined);
    expect(nodeOf('p')).toBe(nodeName);
  });

  // Upstream: `DryRunPreemption`.
  it('that reject a node where the filters need nobody to go: preemption says so', async () => {
    const { urlPrefix } = await extender({ filter: () => ({ NodeNames: [], FailedNodes: { a: 'no licence left' } }) });
    const { api, until } = await run({ extenders: [{ urlPrefix, filterVerb: 'filter', nodeCacheCapable: true }] });
    node(api, 'a');
    pod(api, 'low', { nodeName: 'a' });
    pod(api, 'p', { priority: 10 });
    await until(() => conditionOf(api, 'p') !== undefined);
    expect(conditionOf(api, 'p')).toMatchObject({
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 no licence left. preemption: expected at least one victim pod on node "a"',
    });
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

  it('are asked again when something has happened, and not before; what they leave out without a word is not preempted on', async () => {
    const { asked, urlPrefix } = await extender({
      filter: ({ NodeNames = [] }) => ({ NodeNames: NodeNames.filter((name) => name === 'b') }),
    });
    const { api, clock, nodeOf, until } = await run({ extenders: [{ urlPrefix, filterVerb: 'filter', nodeCacheCapable: true }] });
    node(api, 'a');
    pod(api, 'low', { nodeName: 'a' });
    pod(api, 'p', { priority: 10 });
    await until(() => conditionOf(api, 'p') !== undefined);
    // Once more, for the condition that was written is an event too.
    await until(() => asked.length === 2);
    for (let i = 0; i < 60; i++) await clock.advance(1000);
    expect(asked).toEqual(['filter', 'filter']);
    expect(conditionOf(api, 'p')?.message).toBe(
      '0/1 nodes are available: no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
    node(api, 'b');
    await until(() => nodeOf('p') === 'b');
  });

  it('that reject the nominated node are counted once', async () => {
    const { urlPrefix } = await extender({ filter: () => ({ NodeNames: [], FailedNodes: { a: 'no licence left' } }) });
    const { api, until } = await run({ extenders: [{ urlPrefix, filterVerb: 'filter', nodeCacheCapable: true }] });
    node(api, 'a');
    nominated(api, 'p', 'a');
    await until(() => conditionOf(api, 'p') !== undefined);
    expect(conditionOf(api, 'p')?.message).toMatch(/^0\/1 nodes are available: 1 no licence left\./);
  });

  // Upstream: `findNodesThatFitPod`.
  it('that fail on the nominated node are asked about the others', async () => {
    const { urlPrefix } = await extender({
      filter: ({ NodeNames = [] }) => (NodeNames.length === 1 ? undefined : { NodeNames: NodeNames.filter((name) => name !== 'a') }),
    });
    const { api, nodeOf, until } = await run({ extenders: [{ urlPrefix, filterVerb: 'filter', nodeCacheCapable: true }] });
    for (const name of ['a', 'b']) node(api, name);
    nominated(api, 'p', 'a');
    await until(() => nodeOf('p') !== undefined || conditionOf(api, 'p') !== undefined);
    expect(nodeOf('p')).toBe('b');
  });

  it('that may fail to bind leave it to the scheduler', async () => {
    const { asked, urlPrefix } = await extender({});
    const { api, nodeOf, until } = await run({ extenders: [{ urlPrefix, bindVerb: 'bind', ignorable: true }] });
    node(api, 'a');
    pod(api, 'p');
    await until(() => nodeOf('p') === 'a');
    expect(asked).toEqual(['bind']);
  });

  it('that fail to say who may go are quoted; the pod has no node all the same', async () => {
    const { urlPrefix } = await extender({});
    const { api, until } = await run({ extenders: [{ urlPrefix, preemptVerb: 'preempt', nodeCacheCapable: true }] });
    node(api, 'a');
    pod(api, 'low', { nodeName: 'a', containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '4' } } }] });
    pod(api, 'high', { priority: 10 });
    await until(() => conditionOf(api, 'high') !== undefined);
    expect(conditionOf(api, 'high')).toMatchObject({
      reason: 'Unschedulable',
      message: `0/1 nodes are available: 1 Insufficient cpu. preemption: failed preempt with extender at URL ${urlPrefix}/preempt, code 500`,
    });
  });

  it('that fail stop the pod, unless they may be ignored', async () => {
    const { urlPrefix } = await extender({});
    const broken = await run({ extenders: [{ urlPrefix, filterVerb: 'filter' }] });
    node(broken.api, 'a');
    pod(broken.api, 'p');
    await broken.until(() => conditionOf(broken.api, 'p') !== undefined);
    expect(conditionOf(broken.api, 'p')).toMatchObject({
      reason: 'SchedulerError',
      message: `failed filter with extender at URL ${urlPrefix}/filter, code 500`,
    });
    const ignored = await run({ extenders: [{ urlPrefix, filterVerb: 'filter', ignorable: true }] });
    node(ignored.api, 'a');
    pod(ignored.api, 'p');
    await ignored.until(() => ignored.nodeOf('p') === 'a');
  });

  it('that may fail are asked after those that may not', async () => {
    const order: string[] = [];
    const answering = (name: string) =>
      extender({
        filter: ({ NodeNames }) => {
          order.push(name);
          return { NodeNames };
        },
      });
    const [first, second] = [await answering('ignorable'), await answering('needed')];
    const verbs = { filterVerb: 'filter', nodeCacheCapable: true };
    const { api, nodeOf, until } = await run({
      extenders: [
        { urlPrefix: first.urlPrefix, ignorable: true, ...verbs },
        { urlPrefix: second.urlPrefix, ...verbs },
      ],
    });
    node(api, 'a');
    pod(api, 'p');
    await until(() => nodeOf('p') === 'a');
    expect(order).toEqual(['needed', 'ignorable']);
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
        const { NodeNameToMetaVictims: metas, NodeNameToVictims: whole } = body;
        const Pods = metas?.b?.Pods ?? whole?.b?.Pods.map(({ metadata }) => ({ UID: metadata.uid ?? '' })) ?? [];
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
    expect(nodeCacheCapable ? whole : metas).toBeNull();
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
