import { describe, expect, it } from 'vitest';
import type { Endpoints } from '../../api/index.ts';
import { aPod, aService, meta } from '../testing/builders.ts';
import { CAPACITY, isEndpointChange, planEndpoints } from './plan.ts';

const address = (name: string, ip: string, nodeName?: string) => ({
  ip,
  ...(nodeName ? { nodeName } : {}),
  targetRef: { kind: 'Pod', namespace: 'default', name, uid: `uid-${name}` },
});
const ready = (name: string, ip: string) => aPod(name).on('n1').ready().ip(ip);

describe('planEndpoints', () => {
  it('lists ready and other addresses, sorted, without pods that have none or are going', () => {
    const pods = [
      ready('b', '10.0.0.2'),
      ready('a', '10.0.0.1'),
      aPod('c').on('n1').running().ip('10.0.0.3'),
      aPod('d').on('n1'),
      ready('e', '10.0.0.5').deleting(),
      ready('f', '10.0.0.6').phase('Failed'),
    ].map((pod) => pod.build());
    expect(planEndpoints(aService(), pods, undefined, '2026-01-01T00:00:00Z')).toEqual({
      subsets: [
        {
          addresses: [address('a', '10.0.0.1', 'n1'), address('b', '10.0.0.2', 'n1')],
          notReadyAddresses: [address('c', '10.0.0.3', 'n1')],
          ports: [{ port: 8080, protocol: 'TCP' }],
        },
      ],
      labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' },
    });
  });

  it.each([
    { families: ['IPv4'], ips: ['010.0.00.1', '02000::4'], ip: '10.0.0.1' },
    { families: ['IPv6', 'IPv4'], ips: ['10.0.0.1', 'FD00:0::4'], ip: 'fd00::4' },
    { families: ['IPv4'], ips: ['::ffff:10.0.0.1'], ip: '10.0.0.1' },
    { families: ['IPv6'], ips: ['10.0.0.1'], ip: undefined },
  ])('writes $ips as everybody reads them: $ip', ({ families, ips, ip }) => {
    const pod = ready('a', ips[0] ?? '').change(({ status }) => {
      status.podIPs = ips.map((each) => ({ ip: each }));
    });
    const plan = planEndpoints(aService({ ipFamilies: families }), [pod.build()], undefined, undefined);
    expect(plan?.subsets[0]?.addresses?.[0]?.ip).toBe(ip);
  });

  it('lists a port that only some pods have with those alone, and the others with all', () => {
    const service = aService({
      ports: [
        { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' },
        { name: 'admin', port: 81, targetPort: 'admin', protocol: 'TCP' },
      ],
    });
    const withAdmin = ready('a', '10.0.0.1').change((pod) => {
      pod.spec.containers = [{ name: 'app', ports: [{ name: 'admin', containerPort: 9090, protocol: 'TCP' }], resources: {} }];
    });
    const plan = planEndpoints(service, [withAdmin.build(), ready('b', '10.0.0.2').build()], undefined, undefined);
    expect(plan?.subsets.map(({ addresses = [], ports = [] }) => [ports.map(({ name }) => name), addresses.map(({ ip }) => ip)])).toEqual([
      [['admin'], ['10.0.0.1']],
      [['http'], ['10.0.0.1', '10.0.0.2']],
    ]);
  });

  it('resolves named ports pod by pod, and groups by ports', () => {
    const service = aService({ ports: [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }] });
    const named = (name: string, ip: string, containerPort: number) =>
      ready(name, ip)
        .change((pod) => {
          pod.spec.containers = [{ name: 'app', ports: [{ name: 'web', containerPort, protocol: 'TCP' }], resources: {} }];
        })
        .build();
    const plan = planEndpoints(
      service,
      [named('a', '10.0.0.1', 8080), named('b', '10.0.0.2', 9090), ready('c', '10.0.0.3').build()],
      undefined,
      undefined,
    );
    expect(plan?.subsets.map(({ addresses, ports }) => [addresses?.map(({ ip }) => ip), ports?.[0]?.port])).toEqual([
      [['10.0.0.1'], 8080],
      [['10.0.0.2'], 9090],
    ]);
  });

  it('marks headless Services, which may have no ports, and gives their pods host names', () => {
    const pod = ready('a', '10.0.0.1')
      .change(({ spec }) => {
        spec.hostname = 'first';
        spec.subdomain = 'web';
      })
      .build();
    const plan = planEndpoints(aService({ clusterIP: 'None', ports: undefined }), [pod], undefined, undefined);
    expect(plan?.labels).toHaveProperty(['service.kubernetes.io/headless'], '');
    const labelled = planEndpoints({ ...aService(), metadata: meta('web', { labels: plan?.labels }) }, [pod], undefined, undefined);
    expect(labelled?.labels).not.toHaveProperty(['service.kubernetes.io/headless']);
    expect(plan?.subsets).toEqual([{ addresses: [{ ...address('a', '10.0.0.1', 'n1'), hostname: 'first' }] }]);
  });

  it('lists pods that are not ready as ready where the Service says so', () => {
    const pod = aPod('c').on('n1').running().ip('10.0.0.3').deleting().build();
    const plan = planEndpoints(aService({ publishNotReadyAddresses: true }), [pod], undefined, undefined);
    expect(plan?.subsets[0]?.addresses).toHaveLength(1);
  });

  it('writes nothing when nothing changed but times', () => {
    const pods = [ready('a', '10.0.0.1').build()];
    const plan = planEndpoints(aService(), pods, undefined, undefined);
    const current: Endpoints = { metadata: meta('web', { labels: plan?.labels }), subsets: plan?.subsets };
    expect(planEndpoints(aService(), pods, current, '2026-01-01T00:00:00Z')).toBeUndefined();
    expect(planEndpoints(aService(), [], current, undefined)?.subsets).toEqual([]);
  });

  it.each([
    { labels: { 'service.kubernetes.io/headless': 'x' }, annotations: {} },
    { labels: { 'endpoints.kubernetes.io/managed-by': 'me' }, annotations: {} },
    { labels: { team: 'a' }, annotations: undefined },
  ])(
    'Endpoints of a Service with $labels that it copies to none are written at every look, as upstream does',
    ({ labels, annotations }) => {
      const service = { ...aService(), metadata: meta('web', { labels }) };
      const first = planEndpoints(service, [], undefined, '2026-01-01T00:00:00Z');
      const current: Endpoints = { metadata: meta('web', { labels: first?.labels, annotations: first?.annotations }), subsets: [] };
      expect(planEndpoints(service, [], current, undefined)?.annotations).toEqual(annotations);
    },
  );

  it('cuts a list that is too long, the not ready first, and says so', () => {
    const pods = Array.from({ length: CAPACITY + 10 }, (_, i) => {
      const pod = aPod(`p${i}`)
        .on('n1')
        .ip(`10.0.${Math.floor(i / 200)}.${i % 200}`);
      return (i < 20 ? pod.running() : pod.ready()).build();
    });
    const plan = planEndpoints(aService(), pods, undefined, undefined);
    expect([plan?.subsets[0]?.addresses?.length, plan?.subsets[0]?.notReadyAddresses?.length]).toEqual([CAPACITY - 10, 10]);
    expect(plan?.annotations).toHaveProperty(['endpoints.kubernetes.io/over-capacity'], 'truncated');
    const changed = (annotation: string) => {
      const metadata = meta('web', { labels: plan?.labels, annotations: { 'endpoints.kubernetes.io/over-capacity': annotation } });
      return planEndpoints(aService(), pods, { metadata, subsets: plan?.subsets }, undefined)?.annotations;
    };
    expect(changed('truncated')).toBeUndefined();
    expect(changed('warning')).toEqual({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
  });
});

describe('isEndpointChange', () => {
  it('does not wake for what Endpoints do not tell', () => {
    const pod = ready('a', '10.0.0.1').build();
    expect(isEndpointChange(pod, ready('a', '10.0.0.1').annotated({ x: 'y' }).restarted(3).build())).toBe(false);
    expect(isEndpointChange(pod, ready('a', '10.0.0.2').build())).toBe(true);
    expect(isEndpointChange(pod, ready('a', '10.0.0.1').labels({ app: 'other' }).build())).toBe(true);
    const both = ready('a', '10.0.0.1').change(({ status }) => {
      status.podIPs = [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }];
    });
    expect(isEndpointChange(pod, both.build())).toBe(true);
  });
});
