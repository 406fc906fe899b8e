import { describe, expect, it } from 'vitest';
import { appsKinds, fromLabelSelector, type Toleration, tolerates } from '../../api/index.ts';
import { planRules } from '../cluster-role-aggregation/plan.ts';
import { CidrSet, podRanges } from '../node-ipam/plan.ts';
import { planCollection, QUARANTINE_MS } from '../pod-gc/plan.ts';
import { evictionOf } from '../taint-eviction/plan.ts';
import { aNode, aPod, aReplicaSet, meta, NOW } from '../testing/builders.ts';
import { canonicalJson, deepEqual } from './equality.ts';
import { fnv32a, safeEncode } from './hash.ts';
import { planClaim } from './owners.ts';
import { swapTaints } from './taints.ts';

describe('hash', () => {
  it('is FNV-1a in the safe alphabet', () => {
    expect(fnv32a(Buffer.from(''))).toBe(0x811c9dc5);
    expect(fnv32a(Buffer.from('foobar'))).toBe(0xbf9cf968);
    // '0' is code point 48, and 48 modulo the 27 letters is 21: a '4'.
    expect(safeEncode('0123456789')).toBe('456789bcdf');
  });
});

describe('equality', () => {
  it('looks through order and undefined', () => {
    expect(deepEqual({ a: 1, b: undefined, c: [{ d: 2 }] }, { c: [{ d: 2 }], a: 1 })).toBe(true);
    expect(deepEqual({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(deepEqual([], {})).toBe(false);
    expect(canonicalJson({ b: 1, a: [undefined, { d: 1, c: undefined }] })).toBe('{"a":[null,{"d":1}],"b":1}');
  });
});

describe('planClaim', () => {
  const owner = aReplicaSet(1);
  const other = aReplicaSet(1, { metadata: { uid: 'other' } });
  const selector = fromLabelSelector({ matchLabels: { app: 'web' } });
  const kind = appsKinds.replicasets;
  const pods = [
    aPod('mine').ownedBy(kind, owner).build(),
    aPod('theirs').ownedBy(kind, other).build(),
    aPod('orphan').build(),
    aPod('going').deleting().build(),
    aPod('stray').labels({ app: 'db' }).ownedBy(kind, owner).build(),
    aPod('stranger').labels({ app: 'db' }).build(),
  ];
  const claim = (set: typeof owner) => {
    const { owned, adopt, release } = planClaim(set, pods, ({ metadata }) => selector.matches(metadata.labels));
    return [owned, adopt, release].map((some) => some.map(({ metadata }) => metadata.name));
  };

  it('adopts, keeps and releases', () => {
    expect(claim(owner)).toEqual([['mine'], ['orphan'], ['stray']]);
  });

  it('changes nothing for an owner that is being deleted', () => {
    expect(claim({ ...owner, metadata: { ...owner.metadata, deletionTimestamp: 'now' } })).toEqual([['mine'], [], []]);
  });
});

describe('taints', () => {
  const taint = { key: 'k', value: 'v', effect: 'NoExecute' };
  it.each<{ toleration: Toleration; expected: boolean }>([
    { toleration: { key: 'k', operator: 'Equal', value: 'v', effect: 'NoExecute' }, expected: true },
    { toleration: { key: 'k', value: 'v' }, expected: true },
    { toleration: { key: 'k', value: 'w' }, expected: false },
    { toleration: { key: 'k', operator: 'Exists' }, expected: true },
    { toleration: { operator: 'Exists' }, expected: true },
    { toleration: { key: 'k', operator: 'Exists', effect: 'NoSchedule' }, expected: false },
    { toleration: { operator: 'Equal' }, expected: false },
  ])('$toleration: $expected', ({ toleration, expected }) => {
    expect(tolerates(toleration, taint)).toBe(expected);
  });

  it('are swapped only where something changes', () => {
    const other = { key: 'x', effect: 'NoSchedule' };
    expect(swapTaints([taint], [other], [taint])).toEqual([other]);
    expect(swapTaints([taint], [taint], [other])).toBeUndefined();
  });
});

describe('evictionOf', () => {
  const taints = [
    { key: 'a', effect: 'NoExecute' },
    { key: 'b', effect: 'NoExecute' },
  ];
  const tolerate = (key: string, tolerationSeconds?: number): Toleration => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds,
  });
  it.each([
    { tolerations: [], expected: { kind: 'now' } },
    { tolerations: [tolerate('a')], expected: { kind: 'now' } },
    { tolerations: [tolerate('a'), tolerate('b')], expected: { kind: 'never' } },
    { tolerations: [tolerate('a', 300), tolerate('b', 20)], expected: { kind: 'after', delayMs: 20_000 } },
    { tolerations: [tolerate('a', 300), tolerate('b', 0)], expected: { kind: 'now' } },
  ])('$tolerations: $expected', ({ tolerations, expected }) => {
    expect(evictionOf(taints, tolerations)).toEqual(expected);
  });
});

describe('planCollection', () => {
  const nodes = new Map([
    ['n1', aNode('n1')],
    [
      'lost',
      aNode('lost', { spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] }, status: { conditions: [] } }),
    ],
  ]);
  const collect = (pods: ReturnType<typeof aPod>[], more: { since?: number; threshold?: number } = {}) =>
    planCollection({
      pods: pods.map((pod) => pod.build()),
      node: (name) => nodes.get(name),
      missingSince: new Map([['gone', NOW - (more.since ?? QUARANTINE_MS)]]),
      terminatedPodThreshold: more.threshold ?? 0,
      now: NOW,
    }).map(({ pod, cause }) => `${pod.metadata.name} ${cause}`);

  it('takes pods that nobody would end', () => {
    const pods = [
      aPod('a').on('gone'),
      aPod('b').on('n1'),
      aPod('c').deleting(),
      aPod('d').on('lost').deleting(),
      aPod('e').on('n1').deleting(),
    ];
    expect(collect(pods)).toEqual(['d out-of-service', 'a orphaned', 'c unscheduled']);
  });

  it('waits for a node that may come back', () => {
    expect(collect([aPod('a').on('gone')], { since: QUARANTINE_MS - 1 })).toEqual([]);
  });

  it('keeps so many terminated pods, the newest', () => {
    const pods = [aPod('new').phase('Failed').created(1), aPod('old').phase('Succeeded').created(100), aPod('run').running().created(1000)];
    expect(collect(pods, { threshold: 1 })).toEqual(['old terminated']);
    expect(collect(pods, { threshold: 0 })).toEqual([]);
    expect(collect([aPod('a').on('n1').phase('Failed').deleting(), aPod('b').phase('Failed')], { threshold: 1 })).toEqual(['a terminated']);
  });
});

describe('CidrSet', () => {
  const none = { serviceClusterIpRange: [], nodeCidrMaskSize: undefined, nodeCidrMaskSizeIpv4: undefined, nodeCidrMaskSizeIpv6: undefined };
  const setOf = (clusterCidr: string, nodeCidrMaskSize?: number): CidrSet => {
    const [range] = podRanges({ ...none, clusterCidr, nodeCidrMaskSize });
    if (!range) throw new Error('there is no range');
    return new CidrSet(range);
  };

  it('hands out each block once, and again when it is given back', () => {
    const set = setOf('10.244.0.0/22');
    set.occupy('10.244.1.0/24');
    set.occupy('192.168.0.0/24');
    set.occupy('fd00::/64');
    expect([set.allocate(), set.allocate(), set.allocate(), set.allocate()]).toEqual([
      { cidr: '10.244.0.0/24', tried: 0 },
      { cidr: '10.244.2.0/24', tried: 1 },
      { cidr: '10.244.3.0/24', tried: 0 },
      undefined,
    ]);
    expect(set.release('10.244.2.0/24')).toBe(1);
    expect([set.free, set.allocate()?.cidr, set.free, set.label]).toEqual([1, '10.244.2.0/24', 0, '10.244.0.0/22']);
  });

  it('hands out blocks of IPv6', () => {
    const set = setOf('fd00:10:244::/62');
    set.occupy('fd00:10:244:1::/64');
    expect([set.allocate()?.cidr, set.allocate()?.cidr, set.free]).toEqual(['fd00:10:244::/64', 'fd00:10:244:2::/64', 1]);
  });

  it('has room for thousands of nodes', () => {
    const set = setOf('10.224.0.0/11');
    expect(set.free).toBe(8192);
    const blocks = new Set(Array.from({ length: 8192 }, () => set.allocate()?.cidr));
    expect([blocks.size, blocks.has('10.244.0.0/24'), blocks.has('10.255.255.0/24')]).toEqual([8192, true, true]);
  });

  it.each([
    ['10.0.0.0', {}, /^failed to parse cidr value:"10.0.0.0" with error:invalid CIDR address: 10.0.0.0$/],
    ['10.0.0.0/8, fd00::/56', {}, /^failed to parse cidr value:" fd00::\/56" with error:invalid CIDR address: {2}fd00::\/56$/],
    ['10.0.0.0/8,10.1.0.0/16', {}, /^len of ClusterCIDRs==2 and they are not configured as dual stack/],
    ['10.0.0.0/16,fd00::/56,fd01::/56', {}, /^length of clusterCIDRs is:3 more than max allowed of 2$/],
    ['10.0.0.0/16,fd00::/56', { nodeCidrMaskSize: 24 }, /^usage of --node-cidr-mask-size is not allowed with dual-stack clusters$/],
    ['10.0.0.0/16', { nodeCidrMaskSize: 24, nodeCidrMaskSizeIpv4: 24 }, /-ipv6 is not allowed if --node-cidr-mask-size is set\./],
    ['fd00::/56', { nodeCidrMaskSizeIpv4: 24 }, /^usage of --node-cidr-mask-size-ipv4 is not allowed for a single-stack IPv6 cluster$/],
    ['10.0.0.0/16', { nodeCidrMaskSizeIpv6: 64 }, /^usage of --node-cidr-mask-size-ipv6 is not allowed for a single-stack IPv4 cluster$/],
    ['10.0.0.0/16', { nodeCidrMaskSizeIpv4: 15 }, /^Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less/],
    ['fd00::/40', {}, /^New CIDR set failed; the node CIDR size is too big$/],
    ['10.0.0.0/16', { serviceClusterIpRange: ['10.1.0.0/16', '10.2.0.0/16'] }, /^serviceCIDR and secondaryServiceCIDR are not dualstack/],
  ])('does not take %s with %o', (clusterCidr, masks, message) => {
    expect(() => podRanges({ ...none, clusterCidr, ...masks })).toThrow(message);
  });

  it('takes a range of each family', () => {
    const masksOf = (clusterCidr: string) => podRanges({ ...none, clusterCidr, nodeCidrMaskSizeIpv4: 26 }).map(({ nodeBits }) => nodeBits);
    expect([masksOf('10.0.0.0/16,fd00::/56'), masksOf('fd00::/56,10.0.0.0/16')]).toEqual([
      [26, 64],
      [64, 26],
    ]);
  });
});

describe('planRules', () => {
  const role = (name: string, labels: Record<string, string>, ...verbs: string[]) => ({
    metadata: meta(name, { labels }),
    rules: verbs.map((verb) => ({ verbs: [verb], apiGroups: [''], resources: ['pods'] })),
  });
  const aggregate = { ...role('all', {}), aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'all' } }] } };

  it('unites the rules of the roles, by name, each once', () => {
    const roles = [aggregate, role('z', { to: 'all' }, 'list', 'get'), role('a', { to: 'all' }, 'get'), role('b', {}, 'delete')];
    const rules = planRules(aggregate, roles);
    expect(rules?.map(({ verbs }) => verbs[0])).toEqual(['get', 'list']);
    expect(planRules({ ...aggregate, rules: rules ?? [] }, roles)).toBeUndefined();
  });
});
