import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Endpoints, Live } from '../../api/index.ts';
import { aService, meta } from '../testing/builders.ts';
import { isMirrored, planMirrors } from './plan.ts';

const endpoints = (subsets: Endpoints['subsets'], more: Partial<Live<Endpoints>['metadata']> = {}): Live<Endpoints> => ({
  metadata: meta('db', more),
  subsets,
});
const SUBSET = {
  addresses: [{ ip: '10.1.0.1', nodeName: 'n1' }, { ip: 'fd00::1' }],
  notReadyAddresses: [{ ip: '10.1.0.2', hostname: 'two' }],
  ports: [{ name: 'sql', port: 5432 }],
};

describe('what is mirrored', () => {
  const without = aService({ selector: undefined });

  it('is made by hand, for a Service without selector', () => {
    expect(isMirrored(endpoints([]), without)).toBe(true);
    expect(isMirrored(endpoints([]), aService())).toBe(false);
    expect(isMirrored(endpoints([]), undefined)).toBe(false);
    expect(isMirrored(endpoints([], { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }), without)).toBe(false);
    expect(isMirrored(endpoints([], { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }), without)).toBe(false);
  });
});

describe('mirrors', () => {
  it('have the addresses by family, the labels and the annotations', () => {
    const { changes } = planMirrors(
      endpoints([SUBSET], {
        labels: { team: 'x' },
        annotations: {
          note: 'y',
          'kubectl.kubernetes.io/last-applied-configuration': '{}',
          'endpoints.kubernetes.io/last-change-trigger-time': 't',
        },
      }),
      [],
      1000,
    );
    expect(changes.creates).toEqual([
      expect.objectContaining({
        addressType: 'IPv4',
        metadata: {
          generateName: 'db-',
          namespace: 'default',
          labels: {
            team: 'x',
            'kubernetes.io/service-name': 'db',
            'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
          },
          annotations: { note: 'y' },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name: 'db', uid: 'uid-db', controller: true, blockOwnerDeletion: true }],
        },
        endpoints: [
          { addresses: ['10.1.0.1'], conditions: { ready: true }, nodeName: 'n1' },
          { addresses: ['10.1.0.2'], conditions: { ready: false }, hostname: 'two' },
        ],
        ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
      }),
      expect.objectContaining({ addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'], conditions: { ready: true } }] }),
    ]);
    const slices = changes.creates.map(
      (slice, i) => ({ ...slice, metadata: { ...meta(`db-${i}`), ...slice.metadata, name: `db-${i}` } }) as Live<EndpointSlice>,
    );
    const same = { labels: { team: 'x' }, annotations: { note: 'y' } };
    const again = planMirrors(endpoints([SUBSET], same), slices, 1000).changes;
    expect([again.creates, again.updates, again.deletes]).toEqual([[], [], []]);
    expect(planMirrors(endpoints([SUBSET], { ...same, labels: {} }), slices, 1000).changes.updates).toHaveLength(2);
    expect(planMirrors(endpoints([], same), slices, 1000).changes.deletes).toHaveLength(2);
  });

  it('are written anew as a whole under their name, which then counts as given, and over those of other ports', () => {
    const [http, https] = [
      { name: 'http', port: 80 },
      { name: 'https', port: 443 },
    ];
    const subset = (ip: string, ...ports: { name: string; port: number }[]) => ({ addresses: [{ ip }], ports });
    const slices = planMirrors(endpoints([subset('10.0.0.1', http)]), [], 9).changes.creates.map(
      (slice) => ({ ...slice, metadata: { ...meta('db-1'), ...slice.metadata, finalizers: ['a.b/c'] } }) as Live<EndpointSlice>,
    );
    const written = (to: Live<Endpoints>, from = slices) =>
      planMirrors(to, from, 9).changes.updates.map(({ metadata, ports, endpoints: listed }) => [
        metadata.name,
        metadata.generateName,
        metadata.finalizers,
        metadata.ownerReferences?.[0]?.uid,
        ports?.map(({ port }) => port),
        listed.map(({ addresses }) => addresses[0]),
      ]);
    expect(written(endpoints([subset('10.0.0.2', http)]))).toEqual([['db-1', undefined, undefined, 'uid-db', [80], ['10.0.0.2']]]);
    expect(written(endpoints([subset('10.0.0.1', https)]))).toEqual([['db-1', 'db-', undefined, 'uid-db', [443], ['10.0.0.1']]]);
    expect(written(endpoints([subset('10.0.0.1', http)], { uid: 'new' }))).toEqual([
      ['db-1', undefined, undefined, 'new', [80], ['10.0.0.1']],
    ]);
    const surplus = planMirrors(endpoints([subset('10.0.0.1', http)]), [...slices, ...slices], 9).changes;
    expect([surplus.unchanged.length, surplus.deletes.length, surplus.updates.length]).toEqual([1, 1, 0]);
  });

  it('leave out what is too much and what is no address', () => {
    const addresses = Array.from({ length: 5 }, (_, i) => ({ ip: i === 0 ? 'nonsense' : `10.0.0.${i}` }));
    const { changes, invalid, skipped } = planMirrors(endpoints([{ addresses, ports: [] }]), [], 3);
    expect([changes.creates[0]?.endpoints.length, invalid, skipped]).toEqual([3, 0, 2]);
    const all = planMirrors(endpoints([{ addresses, ports: [] }]), [], 9);
    expect([all.changes.creates[0]?.endpoints.length, all.invalid, all.skipped]).toEqual([4, 1, 1]);
  });

  it('have ports together that the same addresses have, and an address is not ready if one says so', () => {
    const [one, two] = [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }];
    const [http, https] = [
      { name: 'http', port: 80 },
      { name: 'https', port: 443 },
    ];
    const { changes } = planMirrors(
      endpoints([
        { addresses: [one, two], ports: [http] },
        { addresses: [one], ports: [https] },
        { notReadyAddresses: [two], ports: [http] },
      ]),
      [],
      1000,
    );
    const said = changes.creates.map((slice) => [
      slice.ports?.map(({ port }) => port),
      slice.endpoints.map(({ addresses, conditions }) => [addresses[0], conditions?.ready]),
    ]);
    expect(said).toEqual([
      [
        [80],
        [
          ['10.0.0.1', true],
          ['10.0.0.2', false],
        ],
      ],
      [[443], [['10.0.0.1', true]]],
    ]);
  });

  it('have a port by itself that names an application’s protocol in subsets of other addresses', () => {
    const web = { name: 'web', port: 80 };
    const grpc = { name: 'grpc', port: 81, appProtocol: 'x' };
    const said = (subsets: Endpoints['subsets']) =>
      planMirrors(endpoints(subsets), [], 9)
        .changes.creates.map((slice) => [slice.ports?.map(({ name }) => name), slice.endpoints.map(({ addresses }) => addresses[0])])
        .sort();
    const one = { addresses: [{ ip: '10.0.0.1' }], ports: [web, grpc] };
    const two = { addresses: [{ ip: '10.0.0.2' }], ports: [web, grpc] };
    const both = ['10.0.0.1', '10.0.0.2'];
    expect(said([one, two])).toEqual([
      [['grpc'], both],
      [['web'], both],
    ]);
    expect(said([one, one])).toEqual([[expect.arrayContaining(['web', 'grpc']), ['10.0.0.1']]]);
    expect(said([{ ...one, addresses: both.map((ip) => ({ ip })) }])).toEqual([[expect.arrayContaining(['web', 'grpc']), both]]);
  });

  it('list their ports as kube-controller-manager orders them, by hash', () => {
    const ports = [
      { name: 'b', port: 81, protocol: 'UDP', appProtocol: 'x.y/z' },
      { name: 'a', port: 80, protocol: 'TCP' },
      { name: 'x', port: 8080, protocol: 'TCP', appProtocol: 'http' },
      { name: 'd', port: 53, protocol: 'UDP' },
    ];
    const { changes } = planMirrors(endpoints([{ addresses: [{ ip: '10.0.0.1' }], ports }]), [], 1000);
    expect(changes.creates[0]?.ports?.map(({ name }) => name)).toEqual(['d', 'a', 'b', 'x']);
  });
});
