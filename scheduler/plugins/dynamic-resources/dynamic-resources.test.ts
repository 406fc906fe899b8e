import { beforeAll, describe, expect, it } from 'vitest';
import {
  ApiError,
  apiError,
  type Live,
  type Pod,
  type ResourceSlice,
  type ResourceV1ResourceClaim,
  resourceKinds,
} from '../../../api/index.ts';
import type { ApiClient } from '../../../client/index.ts';
import { silentLogger, VirtualClock } from '../../../runtime/index.ts';
import { readConfiguration } from '../../config/read-configuration.ts';
import { CycleState } from '../../framework/cycle-state.ts';
import { concerns, type EventRegistration } from '../../framework/events.ts';
import { NodeStatuses } from '../../framework/node-statuses.ts';
import type { Handle } from '../../framework/plugin.ts';
import { sharedThings } from '../../framework/shared.ts';
import { podInfoOf } from '../../state/pod-info.ts';
import type { Snapshot } from '../../state/snapshot.ts';
import { aNode, aPod, type PodBuilder } from '../../testing/builders.ts';
import { Placement } from '../../testing/placement.ts';
import { IN_TREE } from '../registry.ts';
import type { Claim } from './allocation/requests.ts';
import { loadSelectors } from './allocation/selectors.ts';
import { aClaim, aClass, aDevice, aSlice, cel, exactly, firstOf, having, or } from './allocation/testing.ts';
import { dynamicResources } from './dynamic-resources.ts';

beforeAll(loadSelectors);

const gpus = aSlice('s', [aDevice('d1')]);
const one = aClaim('c', [exactly('r')]);
const uses = (...names: string[]): PodBuilder =>
  aPod('p').with({ resourceClaims: names.map((name) => ({ name, resourceClaimName: name })) });
const fromTemplate = (status: Partial<Pod['status']> = {}): Live<Pod> => {
  const pod = aPod('p')
    .with({ resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] })
    .build();
  return { ...pod, status: { ...pod.status, ...status } };
};
const told = { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'c' }] };
const owned = aClaim('c', [exactly('r')], {
  metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true }] },
});
const onNode = (claim: Claim, node: string, reservedFor?: NonNullable<Claim['status']['reservedFor']>) =>
  having(claim, ['pool-s/d1'], {
    allocation: { nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }] } },
    ...(reservedFor ? { reservedFor } : {}),
  });
const by = (uid: string) => [{ resource: 'pods', name: 'x', uid }];

interface World {
  readonly claims?: readonly Claim[];
  readonly slices?: readonly Live<ResourceSlice>[];
  readonly classes?: readonly ReturnType<typeof aClass>[];
  readonly nodes?: number;
}
const world = ({ claims = [], slices = [gpus], classes = [aClass()], nodes = 1 }: World): Placement =>
  new Placement({ objects: { resourceclaims: claims, resourceslices: slices, deviceclasses: classes } }).with(
    Array.from({ length: nodes }, (_, i) => aNode(`node-${i + 1}`)),
  );
const place = (pod: PodBuilder | Live<Pod>, given: World): string => {
  const { nodeName, message } = world(given).place('build' in pod ? pod.build() : pod);
  return nodeName ?? message ?? '';
};
const none = (why: string, postFilter: string, nodes = 1) =>
  `0/${nodes} nodes are available: ${nodes} ${why}. ${postFilter}, preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`;
const rejected = (why: string) =>
  `0/1 nodes are available: ${why}. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`;

describe('a pod that claims devices', () => {
  it.each<[string, PodBuilder | Live<Pod>, World, string]>([
    ['gets a node with devices', uses('c'), { claims: [one] }, 'node-1'],
    [
      'gets the one node with devices',
      uses('c'),
      { claims: [one], slices: [aSlice('s', [aDevice('d')], { nodeName: 'node-3' })], nodes: 4 },
      'node-3',
    ],
    ['without claims goes anywhere', aPod('p'), {}, 'node-1'],
    ['whose claim is not there', uses('c'), {}, 'could not find ResourceClaim "default/c"'],
    [
      'whose claim is to go',
      uses('c'),
      { claims: [aClaim('c', [], { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })] },
      'resourceclaim "c" is being deleted',
    ],
    ['whose claim is still to be made', fromTemplate(), {}, 'pod "default/p": ResourceClaim not created yet'],
    [
      'of whose claim nothing is said',
      aPod('p').with({ resourceClaims: [{ name: 'gpu' }] }),
      {},
      'pod "default/p", spec.resourceClaim "gpu": none of the supported fields are set',
    ],
    [
      "whose claim is another's",
      fromTemplate(told),
      { claims: [one] },
      'ResourceClaim default/c was not created for pod default/p (pod is not owner)',
    ],
    ['whose claim was made for it', fromTemplate(told), { claims: [owned] }, 'node-1'],
    ['that needs no claim after all', fromTemplate({ resourceClaimStatuses: [{ name: 'gpu' }] }), {}, 'node-1'],
    ['whose class is not there', uses('c'), { claims: [one], classes: [] }, rejected('request r: device class class-a does not exist')],
    [
      'one of whose classes is not there',
      uses('c'),
      { claims: [aClaim('c', [firstOf('r', or('x'), or('y', { deviceClassName: 'gone' }))])] },
      rejected('request r/y: device class gone does not exist'),
    ],
    [
      'with a request of no known sort',
      uses('c'),
      { claims: [aClaim('c', [{ name: 'r' }])] },
      rejected('resource claim default/c, request r: unknown request type'),
    ],
    [
      'for which there are no devices',
      uses('c'),
      { claims: [one], slices: [], nodes: 2 },
      none('cannot allocate all claims', 'still not schedulable', 2),
    ],
    [
      'for one of whose claims there are no devices',
      uses('c', 'd'),
      { claims: [one, aClaim('d', [exactly('r')])] },
      none('cannot allocate all claims', 'still not schedulable'),
    ],
    [
      "whose device is another's",
      uses('c'),
      { claims: [one, having(aClaim('d', []), ['pool-s/d1'])] },
      none('cannot allocate all claims', 'still not schedulable'),
    ],
    ['whose claim has its device', uses('c'), { claims: [onNode(one, 'node-1')] }, 'node-1'],
    ['whose claim is shared', uses('c'), { claims: [onNode(one, 'node-1', by('other'))] }, 'node-1'],
    ['goes where its claim is', uses('c'), { claims: [onNode(one, 'node-2')], nodes: 3 }, 'node-2'],
    [
      'whose claim is elsewhere, and idle',
      uses('c'),
      { claims: [onNode(one, 'gone')] },
      none('resourceclaim not available on the node', 'deallocation of ResourceClaim completed'),
    ],
    [
      'whose claim is elsewhere, for itself',
      uses('c'),
      { claims: [onNode(one, 'gone', by('uid-p'))] },
      none('resourceclaim not available on the node', 'deallocation of ResourceClaim completed'),
    ],
    [
      'whose claim is elsewhere, and used',
      uses('c'),
      { claims: [onNode(one, 'gone', by('other'))] },
      none('resourceclaim not available on the node', 'still not schedulable'),
    ],
  ])('%s', (_, pod, given, expected) => {
    expect(place(pod, given)).toBe(expected);
  });

  it('leaves the devices it got to no other, and shares its claim', () => {
    const placement = world({ claims: [one, aClaim('d', [exactly('r')])] });
    const named = (name: string, claim: string) =>
      aPod(name)
        .with({ resourceClaims: [{ name: 'x', resourceClaimName: claim }] })
        .build();
    expect(placement.place(named('a', 'c')).nodeName).toBe('node-1');
    expect(placement.place(named('b', 'd')).message).toContain('cannot allocate all claims');
    expect(placement.place(named('e', 'c')).nodeName).toBe('node-1');
  });

  it('gets no device that a pod of another profile got', () => {
    const objects = { resourceclaims: [one, aClaim('d', [exactly('r')])], resourceslices: [gpus], deviceclasses: [aClass()] };
    const configuration = readConfiguration({ profiles: [{ schedulerName: 'a' }, { schedulerName: 'b' }] }, '.');
    const placement = new Placement({ configuration, objects }).with([aNode('node-1')]);
    const named = (name: string, schedulerName: string, claim: string) =>
      aPod(name)
        .with({ schedulerName, resourceClaims: [{ name: 'x', resourceClaimName: claim }] })
        .build();
    expect(placement.place(named('x', 'a', 'c')).nodeName).toBe('node-1');
    expect(placement.place(named('y', 'b', 'd')).message).toContain('cannot allocate all claims');
  });

  it('is not asked about when another plugin has rejected the pod, and upstream says so', () => {
    const volume = { name: 'v', persistentVolumeClaim: { claimName: 'gone' } };
    expect(place(aPod('p').mounting(volume), {})).toBe('0/1 nodes are available: persistentvolumeclaim "gone" not found. not found');
  });

  it('fails, with upstream’s words, when a selector does', () => {
    const wrong = aClaim('c', [exactly('r', { selectors: [cel('device.attributes["x"].none')] })]);
    expect(() => place(uses('c'), { claims: [wrong] })).toThrow(
      'running "DynamicResources" filter plugin: claim default/c: selector #0: CEL runtime error: no such key: none',
    );
  });

  it('that preempts others for cores finds its device too', () => {
    const placement = world({ claims: [one] });
    for (const name of ['x', 'y']) placement.cache.addPod(aPod(name).requests('2', '1Gi').priority(1).on('node-1').build());
    const { nominatedNodeName } = placement.place(uses('c').requests('2', '1Gi').priority(10).build());
    expect(nominatedNodeName).toBe('node-1');
    expect(
      placement.place(
        aPod('q')
          .with({ resourceClaims: [{ name: 'x', resourceClaimName: 'c' }] })
          .build(),
      ).nodeName,
    ).toBe('node-1');
  });
});

/** The plugin on an API that a test plays. */
class Api {
  readonly clock = new VirtualClock();
  readonly requests: string[] = [];
  readonly activated: string[] = [];
  readonly background: Promise<void>[] = [];
  readonly answers: (Claim | Error)[] = [];
  readonly #handlers: ((event: 'onAdd' | 'onUpdate' | 'onDelete', now: Live<object & Claim>, old?: Claim) => void)[] = [];
  readonly claims = new Map<string, Claim>();
  readonly plugin;

  constructor(claims: readonly Claim[], slices: readonly Live<ResourceSlice>[] = [gpus]) {
    for (const claim of claims) this.claims.set(`default/${claim.metadata.name}`, claim);
    const informer = ({ resource }: { readonly resource: string }) => {
      const objects: Live<never>[] =
        resource === resourceKinds.resourceclaims.resource
          ? ([...this.claims.values()] as never)
          : ((resource === resourceKinds.resourceslices.resource ? slices : [aClass()]) as never);
      return {
        getByKey: (key: string) => (resource === 'resourceclaims' ? this.claims.get(key) : aClass()),
        addHandler: (handler: Record<string, ((...of: unknown[]) => void) | undefined>) => {
          for (const object of objects) handler.onAdd?.(object, true);
          if (resource === 'resourceclaims') this.#handlers.push((event, now, old) => handler[event]?.(now, old));
        },
      };
    };
    const ask = (request: string): Promise<Claim> => {
      this.requests.push(request);
      const answer = this.answers.shift() ?? new Error('nothing more to answer');
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
    const show = ({ metadata, status }: ResourceV1ResourceClaim) =>
      `${metadata.resourceVersion} ${(metadata.finalizers ?? []).length} ${status.allocation ? 'allocated' : 'free'} ${(status.reservedFor ?? []).map(({ uid }) => uid)}`;
    const client: unknown = {
      resource: () => ({
        get: (name: string) => ask(`get ${name}`),
        update: (claim: Claim) => ask(`update ${show(claim)}`),
        updateStatus: (claim: Claim) => ask(`updateStatus ${show(claim)}`),
        patch: (name: string, body: unknown) => ask(`patch ${name} ${JSON.stringify(body)}`),
      }),
    };
    const handle: unknown = {
      informers: { informer },
      client: client as ApiClient,
      clock: this.clock,
      logger: silentLogger,
      shared: sharedThings(),
      activate: (keys: Iterable<string>) => this.activated.push(...keys),
      background: (work: Promise<void>) => this.background.push(work),
    };
    this.plugin = dynamicResources.create({ filterTimeoutMs: 0 }, handle as Handle);
  }

  tell(now: Claim): void {
    const key = `default/${now.metadata.name}`;
    const old = this.claims.get(key);
    this.claims.set(key, now);
    for (const handler of this.#handlers) handler('onUpdate', now, old);
  }

  /** A cycle of a pod up to the node that was chosen: its state, or what preFilter or filter say. */
  cycle(pod: Live<Pod>): CycleState | string {
    const state = new CycleState();
    const info = podInfoOf(pod);
    const node = aNode('node-1').build();
    const before = this.plugin.preFilter?.(state, info, {} as Snapshot);
    if (before) return typeof before === 'string' ? before : 'code' in before ? before.reasons.join() : '';
    const verdict = this.plugin.filter?.(state, info, { node, name: 'node-1' } as never);
    if (verdict) return verdict.reasons.join();
    this.plugin.reserve?.(state, info, 'node-1');
    return state;
  }

  bind(state: CycleState | string, pod: Live<Pod>): Promise<unknown> {
    if (typeof state === 'string') throw new Error(state);
    return this.plugin.preBind?.(state, podInfoOf(pod), 'node-1', new AbortController().signal) ?? Promise.resolve();
  }

  async giveUp(state: CycleState | string, pod: Live<Pod>): Promise<void> {
    this.plugin.unreserve?.(state as CycleState, podInfoOf(pod), 'node-1');
    await Promise.all(this.background);
  }
}

const p = uses('c').build();
const q = aPod('q')
  .with({ resourceClaims: [{ name: 'x', resourceClaimName: 'd' }] })
  .build();
const sharing = aPod('z')
  .with({ resourceClaims: [{ name: 'x', resourceClaimName: 'c' }] })
  .build();
const other = aClaim('d', [exactly('r')]);
const version = (claim: Claim, resourceVersion: string): Claim => ({ ...claim, metadata: { ...claim.metadata, resourceVersion } });
const written = (resourceVersion = '3') => version(onNode(one, 'node-1', by('uid-p')), resourceVersion);
const claimsSubject = { group: 'resource.k8s.io', resource: 'resourceclaims' };
const conflict = apiError.conflict(claimsSubject, 'c', 'it changed');

describe('what was decided', () => {
  it('holds its devices until it is written, and then as written', async () => {
    const api = new Api([one, other]);
    const state = api.cycle(p);
    expect(api.cycle(q)).toBe('cannot allocate all claims');
    expect(api.cycle(sharing)).toBe('resource claim default/c is in the process of being allocated');
    api.answers.push(version(one, '2'), written());
    await api.bind(state, p);
    expect(api.requests).toEqual(['update 1 1 free ', 'updateStatus 2 0 allocated uid-p']);
    expect(api.activated).toEqual(['default/z']);
    expect(api.cycle(q)).toBe('cannot allocate all claims');
    expect(typeof api.cycle(sharing)).toBe('object');
  });

  it('and cannot be written is taken back, and who waited is tried again', async () => {
    const api = new Api([one, other]);
    const state = api.cycle(p);
    expect(api.cycle(q)).toBe('cannot allocate all claims');
    api.answers.push(apiError.forbidden(claimsSubject, 'c', 'no'));
    await expect(api.bind(state, p)).rejects.toThrow('add finalizer to claim default/c: ');
    expect(api.cycle(q)).toBe('cannot allocate all claims');
    await api.giveUp(state, p);
    expect(api.activated).toEqual(['default/q']);
    expect(typeof api.cycle(q)).toBe('object');
  });

  it('is written again when somebody else changed the claim', async () => {
    const api = new Api([one]);
    const state = api.cycle(p);
    api.answers.push(version(one, '2'), conflict, version(one, '5'), version(one, '6'), written('7'));
    const bound = api.bind(state, p);
    await api.clock.advance(10);
    await bound;
    expect(api.requests).toEqual([
      'update 1 1 free ',
      'updateStatus 2 0 allocated uid-p',
      'get c',
      'update 5 1 free ',
      'updateStatus 6 0 allocated uid-p',
    ]);
  });

  it('is given up when the claim got devices elsewhere', async () => {
    const api = new Api([one]);
    const state = api.cycle(p);
    api.answers.push(conflict, version(onNode(one, 'node-2'), '5'));
    const bound = expect(api.bind(state, p)).rejects.toThrow('claim default/c got allocated elsewhere in the meantime');
    api.answers.push(version(onNode(one, 'node-2'), '5'));
    await api.clock.advance(10);
    await bound;
  });

  it('keeps its devices when the answer to the write was lost, until it is known what became of it', async () => {
    const api = new Api([one, other]);
    const state = api.cycle(p);
    api.answers.push(version(one, '2'), new Error('socket hang up'), new Error('connection refused'), written());
    const bound = expect(api.bind(state, p)).rejects.toThrow('socket hang up');
    await api.clock.advance(1000);
    await bound;
    await api.giveUp(state, p);
    expect(api.requests.slice(2)).toEqual(['get c', 'get c']);
    expect(api.cycle(q)).toBe('cannot allocate all claims');
  });

  it('of a reservation is taken back, which the next attempt waits for', async () => {
    const api = new Api([one]);
    const state = api.cycle(p);
    api.answers.push(version(one, '2'), written());
    await api.bind(state, p);
    api.answers.push(version(onNode(one, 'node-1'), '4'), version(onNode(one, 'node-1', by('uid-p')), '5'));
    api.plugin.unreserve?.(state as CycleState, podInfoOf(p), 'node-1');
    expect(api.requests.at(-1)).toBe('patch c {"metadata":{"uid":"uid-c"},"status":{"reservedFor":[{"$patch":"delete","uid":"uid-p"}]}}');
    await api.bind(api.cycle(p), p);
    expect(api.requests.at(-1)).toBe('updateStatus 4 0 allocated uid-p');
  });

  it('frees a claim that is idle and elsewhere', async () => {
    const api = new Api([onNode(one, 'gone')]);
    expect(api.cycle(p)).toBe('resourceclaim not available on the node');
    const state = new CycleState();
    api.plugin.preFilter?.(state, podInfoOf(p), {} as Snapshot);
    api.plugin.filter?.(state, podInfoOf(p), { node: aNode('node-1').build(), name: 'node-1' } as never);
    api.answers.push(one);
    expect((await api.plugin.postFilter?.(state, podInfoOf(p), new NodeStatuses()))?.rejection?.reasons).toEqual([
      'deallocation of ResourceClaim completed',
    ]);
    expect(api.requests).toEqual(['updateStatus 1 0 free ']);
    api.answers.push(conflict);
    const failed = await api.plugin.postFilter?.(state, podInfoOf(p), new NodeStatuses());
    expect([failed?.rejection?.code, failed?.rejection?.reasons[0]]).toEqual(['UnschedulableAndUnresolvable', conflict.message]);
    expect(conflict).toBeInstanceOf(ApiError);
  });
});

describe('the plugin', () => {
  it('takes a time limit for the search', () => {
    const read = (args: object) => dynamicResources.readArgs?.(args, 'args');
    expect(read({})).toEqual({ args: { filterTimeoutMs: 10_000 } });
    expect(read({ filterTimeout: '2s' })).toEqual({ args: { filterTimeoutMs: 2000 } });
    expect(read({ filterTimeout: '-1s' })).toEqual({ errors: ['args.filterTimeout: Invalid value: "-1s": must be zero or positive'] });
    expect(() => readConfiguration({ profiles: [{ pluginConfig: [{ name: 'DynamicResources', args: {} }] }] }, '.')).not.toThrow();
  });

  it('stands where upstream has it: before preemption', () => {
    const names = IN_TREE.defaults.map(({ name }) => name);
    expect(names.slice(names.indexOf('InterPodAffinity')).slice(0, 3)).toEqual([
      'InterPodAffinity',
      'DynamicResources',
      'DefaultPreemption',
    ]);
  });
});

describe('a pod that waits for devices is tried again', () => {
  const api = new Api([one, other]);
  const helps = (resource: 'ResourceClaim' | 'Pod', change: { now: object; old?: object }, action = 'Update') => {
    const event = { resource: resource === 'Pod' ? 'UnscheduledPod' : resource, action, ...change };
    return (api.plugin.events ?? []).some(
      (registration: EventRegistration) =>
        concerns(registration, event as never) && (registration.hint?.(podInfoOf(p), change as never) ?? true),
    );
  };
  const allocated = onNode(one, 'node-1');
  const elsewhere = onNode(other, 'node-1');

  it.each<[string, boolean, { now: object; old?: object }]>([
    ['its claim appears', true, { now: one }],
    ['its claim gets devices', true, { now: allocated, old: one }],
    ["another's claim is freed", true, { now: other, old: elsewhere }],
    ["another's claim gets devices", false, { now: elsewhere, old: other }],
    ["another's claim appears", false, { now: other }],
    ['nothing but the metadata of its claim changes', false, { now: version(one, '9'), old: one }],
  ])('when %s: %s', (_, expected, change) => {
    expect(helps('ResourceClaim', change, change.old ? 'Update' : 'Add')).toBe(expected);
  });

  it('when it has its claims', () => {
    const is = (now: Live<Pod>) => helps('Pod', { now, old: now }, 'UpdatePodGeneratedResourceClaim');
    expect([is(p), is(fromTemplate()), is(q)]).toEqual([true, false, false]);
  });

  it('for nodes, classes and slices that come and change', () => {
    const on = (api.plugin.events ?? []).map(({ resource, actions }) => `${resource}: ${[...actions]}`);
    expect(on).toEqual([
      'Node: Add,UpdateNodeLabel,UpdateNodeAllocatable',
      'ResourceClaim: Add,Update',
      'Pod: UpdatePodGeneratedResourceClaim',
      'DeviceClass: Add,Update',
      'ResourceSlice: Add,Update',
    ]);
  });
});
