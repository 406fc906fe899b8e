import { describe, expect, it } from 'vitest';
import type { Endpoint, EndpointSlice, Live, Node, Pod, Service } from '../../api/index.ts';
import { aPod, aService, meta } from '../testing/builders.ts';
import { planSlices, type SlicesInput } from './plan.ts';
import { isOverloaded, zoneSharesOf } from './topology.ts';

const node = (name: string, zone?: string, cpu = '4', ready = true): Live<Node> => ({
  metadata: meta(name, { namespace: undefined, labels: zone ? { 'topology.kubernetes.io/zone': zone } : {} }),
  spec: {},
  status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const NODES = [node('n1', 'a'), node('n2', 'b')];

const ready = (name: string, ip: string, on = 'n1') => aPod(name).on(on).ready().ip(ip);
const many = (count: number, on = 'n1') =>
  Array.from({ length: count }, (_, i) => ready(`p${String(i).padStart(4, '0')}`, `10.0.${i >> 8}.${i & 255}`, on).build());

const plan = (pods: readonly Live<Pod>[], more: Partial<SlicesInput> = {}) =>
  planSlices({
    service: aService(),
    pods,
    slices: [],
    node: (name) => NODES.find(({ metadata }) => metadata.name === name),
    max: 100,
    zones: undefined,
    hinted: new Map(),
    ...more,
  });

/** The slices as the API server would have them after the plan. */
let serial = 0;
function applied(before: readonly Live<EndpointSlice>[], { changes }: ReturnType<typeof plan>): Live<EndpointSlice>[] {
  const gone = new Set(changes.deletes.map(({ metadata }) => metadata.name));
  const updates = new Map(changes.updates.map((slice) => [slice.metadata.name, slice]));
  const made = changes.creates.map((slice) => {
    const name = `slice-${serial++}`;
    return { ...slice, metadata: { ...meta(name), ...slice.metadata, name } } as Live<EndpointSlice>;
  });
  return [...before.filter(({ metadata }) => !gone.has(metadata.name)).map((slice) => updates.get(slice.metadata.name) ?? slice), ...made];
}
const sizes = (slices: readonly EndpointSlice[]) => slices.map(({ endpoints }) => endpoints.length);
const writes = ({ changes: { creates, updates, deletes } }: ReturnType<typeof plan>) => [creates.length, updates.length, deletes.length];

describe('an endpoint', () => {
  const one = (pod: Live<Pod>, service: Live<Service> = aService()) => plan([pod], { service }).changes.creates[0]?.endpoints[0];

  it('says whose it is, where, and whether it is ready', () => {
    expect(one(ready('a', '10.0.0.1').build())).toEqual({
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
      nodeName: 'n1',
      zone: 'a',
    });
  });

  it.each([
    ['not ready', aPod('a').on('n1').running().ip('10.0.0.1'), {}, [false, false, false]],
    ['terminating, still serving', ready('a', '10.0.0.1').deleting(), {}, [false, true, true]],
    ['terminating', aPod('a').on('n1').running().ip('10.0.0.1').deleting(), {}, [false, false, true]],
    [
      'published all the same',
      aPod('a').on('n1').running().ip('10.0.0.1').deleting(),
      { publishNotReadyAddresses: true },
      [true, false, true],
    ],
  ])('%s', (_name, pod, spec, conditions) => {
    const endpoint = one(pod.build(), aService(spec));
    expect([endpoint?.conditions?.ready, endpoint?.conditions?.serving, endpoint?.conditions?.terminating]).toEqual(conditions);
  });

  it('is none when the pod has ended, has no address, or is on a node that nobody knows', () => {
    const lost = ready('lost', '10.0.0.3', 'elsewhere').build();
    const { changes, withoutNode } = plan([ready('a', '10.0.0.1').phase('Failed').build(), aPod('b').on('n1').build(), lost]);
    expect(sizes(changes.creates)).toEqual([0]);
    expect(withoutNode).toEqual([lost]);
    expect(one(lost, aService({ publishNotReadyAddresses: true }))?.addresses).toEqual(['10.0.0.3']);
  });

  it('has a host name under a headless Service of its subdomain', () => {
    const pod = ready('a', '10.0.0.1')
      .change(({ spec }) => {
        spec.hostname = 'first';
        spec.subdomain = 'web';
      })
      .build();
    expect(one(pod)?.hostname).toBe('first');
  });
});

describe('slices', () => {
  it('carry the Service’s labels and are its own', () => {
    const service = {
      ...aService({ clusterIP: 'None' }),
      metadata: meta('web', { labels: { team: 'x', 'kubernetes.io/service-name': 'no' } }),
    };
    const [slice] = plan([ready('a', '10.0.0.1').build()], { service }).changes.creates;
    expect(slice).toMatchObject({
      metadata: {
        generateName: 'web-',
        labels: {
          team: 'x',
          'service.kubernetes.io/headless': '',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'uid-web', controller: true, blockOwnerDeletion: true }],
      },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    });
  });

  it('hold a hundred each, and change as little as can be', () => {
    let slices = applied([], plan(many(250)));
    expect(sizes(slices)).toEqual([100, 100, 50]);
    expect(writes(plan(many(250), { slices }))).toEqual([0, 0, 0]);
    // Ten more fit into the one that has room.
    const more = plan(many(260), { slices });
    expect(writes(more)).toEqual([0, 1, 0]);
    slices = applied(slices, more);
    expect(sizes(slices)).toEqual([100, 100, 60]);
    // One goes and one comes: the slice that changes anyway takes it.
    const [, ...rest] = many(261);
    expect(writes(plan(rest, { slices }))).toEqual([0, 1, 0]);
    // All of one slice go: it is deleted.
    const others = many(260).filter(({ metadata }) => metadata.name >= 'p0100');
    expect(writes(plan(others, { slices }))).toEqual([0, 0, 1]);
  });

  it('are one for each set of ports, and for each family', () => {
    const service = aService({ ports: [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }], ipFamilies: ['IPv4', 'IPv6'] });
    const named = (name: string, containerPort: number, ...ips: string[]) =>
      ready(name, ips[0] ?? '')
        .change((pod) => {
          pod.spec.containers = [{ name: 'app', ports: [{ name: 'web', containerPort, protocol: 'TCP' }], resources: {} }];
          pod.status.podIPs = ips.map((ip) => ({ ip }));
        })
        .build();
    const { creates } = plan([named('a', 8080, '010.0.0.1', 'FD00::1'), named('b', 9090, '10.0.0.2', 'fd00:0::2')], { service }).changes;
    expect(creates.map(({ addressType, ports, endpoints }) => [addressType, ports?.[0]?.port, endpoints[0]?.addresses])).toEqual([
      ['IPv4', 8080, ['10.0.0.1']],
      ['IPv4', 9090, ['10.0.0.2']],
      ['IPv6', 8080, ['fd00::1']],
      ['IPv6', 9090, ['fd00::2']],
    ]);
  });

  it('are there when there is no endpoint, and then are filled', () => {
    const empty = plan([]);
    expect(empty.changes.creates).toMatchObject([{ endpoints: [], ports: [] }]);
    const slices = applied([], empty).map((slice) => ({ ...slice, ports: null }) as unknown as Live<EndpointSlice>);
    expect(writes(plan([], { slices }))).toEqual([0, 0, 0]);
    expect(writes(plan(many(1), { slices }))).toEqual([0, 1, 0]);
    const filled = applied(slices, plan(many(1), { slices }));
    expect(filled).toMatchObject([{ ports: [{ port: 8080 }], endpoints: [{}] }]);
    expect(applied(filled, plan([], { slices: filled }))).toMatchObject([{ endpoints: [] }]);
  });

  it('follow the labels of the Service, and leave those of an earlier Service of its name', () => {
    const slices = applied([], plan(many(1)));
    const service = { ...aService(), metadata: meta('web', { labels: { team: 'y' } }) };
    expect(plan(many(1), { service, slices }).changes.updates[0]?.metadata.labels).toMatchObject({ team: 'y' });
    const another = { ...aService(), metadata: meta('web', { uid: 'another' }) };
    expect(writes(plan(many(1), { service: another, slices }))).toEqual([1, 0, 1]);
  });

  it('go when the Service has their family no more', () => {
    const slices = applied([], plan(many(1), { service: aService({ ipFamilies: ['IPv4', 'IPv6'] }) }));
    expect(slices).toHaveLength(2);
    expect(plan(many(1), { slices }).changes.deletes.map(({ addressType }) => addressType)).toEqual(['IPv6']);
  });
});

describe('hints', () => {
  const pods = [
    ready('a', '10.0.0.1', 'n1').build(),
    ready('b', '10.0.0.2', 'n2').build(),
    aPod('c').on('n2').running().ip('10.0.0.3').build(),
  ];
  const hintsOf = (endpoints: readonly Endpoint[] = []) => endpoints.map(({ hints }) => hints);
  const hinted = (trafficDistribution: string, slices: Live<EndpointSlice>[] = []) =>
    applied(slices, plan(pods, { service: aService({ trafficDistribution }), slices }));
  const zones = [{ forZones: [{ name: 'a' }] }, { forZones: [{ name: 'b' }] }, undefined];

  it('are the endpoint’s zone, or its node too, as the Service says', () => {
    expect(hintsOf(hinted('PreferClose')[0]?.endpoints)).toEqual(zones);
    expect(hintsOf(hinted('PreferSameZone')[0]?.endpoints)).toEqual(zones);
    expect(hintsOf(hinted('PreferSameNode')[0]?.endpoints)).toEqual([
      { forZones: [{ name: 'a' }], forNodes: [{ name: 'n1' }] },
      { forZones: [{ name: 'b' }], forNodes: [{ name: 'n2' }] },
      undefined,
    ]);
  });

  it('come and go with what the Service says, and are written once', () => {
    const slices = hinted('PreferClose');
    expect(writes(plan(pods, { service: aService({ trafficDistribution: 'PreferClose' }), slices }))).toEqual([0, 0, 0]);
    expect(hintsOf(hinted('PreferSameNode', slices)[0]?.endpoints)[0]).toHaveProperty('forNodes');
    const without = plan(pods, { slices });
    expect(writes(without)).toEqual([0, 1, 0]);
    expect(hintsOf(without.changes.updates[0]?.endpoints)).toEqual([undefined, undefined, undefined]);
  });

  describe('by the zones’ shares', () => {
    const service = { ...aService(), metadata: meta('web', { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } }) };
    const shares = zoneSharesOf(NODES);
    const auto = (of: readonly Live<Pod>[], more: Partial<SlicesInput> = {}) => plan(of, { service, zones: shares, ...more });
    const served = (slices: readonly EndpointSlice[]) =>
      slices.flatMap(({ endpoints }) => endpoints.map(({ hints }) => hints?.forZones?.[0]?.name)).sort();

    it('give each zone its part, also of endpoints elsewhere, and say so once', () => {
      const first = auto(many(4, 'n1'));
      expect(first.events).toEqual([
        { type: 'Normal', reason: 'TopologyAwareHintsEnabled', message: 'Topology Aware Hints has been enabled, addressType: IPv4' },
      ]);
      expect(served(first.changes.creates)).toEqual(['a', 'a', 'b', 'b']);
      const slices = applied([], first);
      const again = auto(many(4, 'n1'), { slices, hinted: first.hinted });
      expect([writes(again), again.events]).toEqual([[0, 0, 0], []]);
    });

    it.each([
      ['Insufficient number of endpoints (1 endpoints, 2 zones)', many(1), shares],
      ['Insufficient Node information: allocatable CPU or zone not specified on one or more nodes', many(4), undefined],
      [
        'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (2 endpoints, 2 zones)',
        many(2),
        new Map([
          ['a', 0.7],
          ['b', 0.3],
        ]),
      ],
    ])('are not given: %s', (why, of, withShares) => {
      const refused = auto(of, { zones: withShares });
      expect(refused.events).toEqual([{ type: 'Warning', reason: 'TopologyAwareHintsDisabled', message: `${why}, addressType: IPv4` }]);
      expect(refused.hinted.size).toBe(0);
    });

    it('are counted where they end up', () => {
      expect([...(auto(many(4, 'n1')).hinted.get('IPv4') ?? [])].sort()).toEqual([
        ['a', 2],
        ['b', 2],
      ]);
    });

    it.each<[name: string, given: [string, number][], of: [string, number][] | undefined, isOverloaded: boolean]>([
      ['none are given', [], [['a', 1]], false],
      ['none are given, and nobody knows the zones', [], undefined, false],
      ['nobody knows the zones', [['a', 1]], undefined, true],
      [
        'a zone has none',
        [['a', 4]],
        [
          ['a', 0.9],
          ['b', 0.1],
        ],
        true,
      ],
      [
        'a zone has one too few',
        [
          ['a', 6],
          ['b', 2],
        ],
        [
          ['a', 0.5],
          ['b', 0.5],
        ],
        true,
      ],
      [
        'a zone has just enough',
        [
          ['a', 5],
          ['b', 3],
        ],
        [
          ['a', 0.6],
          ['b', 0.4],
        ],
        false,
      ],
      [
        'a zone is gone',
        [
          ['a', 2],
          ['b', 2],
        ],
        [['a', 1]],
        true,
      ],
      [
        'a zone is gone that served few',
        [
          ['a', 9],
          ['b', 1],
        ],
        [['a', 1]],
        false,
      ],
      [
        'all have their part',
        [
          ['a', 2],
          ['b', 2],
        ],
        [
          ['a', 0.5],
          ['b', 0.5],
        ],
        false,
      ],
    ])('overload a zone: %s. Upstream: TestServiceOverloaded', (_, given, of, expected) => {
      expect(isOverloaded(new Map(given), of && new Map(of))).toBe(expected);
    });

    it('end when the annotation goes', () => {
      const slices = applied([], auto(many(4)));
      const ended = plan(many(4), { slices, hinted: new Map([['IPv4', new Map([['a', 4]])]] as const) });
      expect(ended.events.map(({ message }) => message)).toEqual(['Topology Aware Hints has been disabled, addressType: IPv4']);
      expect(served(ended.changes.updates)).toEqual([undefined, undefined, undefined, undefined]);
    });

    it('need nodes that say where they are and what they have, in two zones', () => {
      expect(zoneSharesOf([node('x', 'a', '1'), node('y', 'b', '3')])).toEqual(
        new Map([
          ['a', 0.25],
          ['b', 0.75],
        ]),
      );
      expect(zoneSharesOf([node('x', 'a'), node('y')])).toBeUndefined();
      expect(zoneSharesOf([node('x', 'a'), node('y', 'b', '4', false)])).toBeUndefined();
    });
  });
});
