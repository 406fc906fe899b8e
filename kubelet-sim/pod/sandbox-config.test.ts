import { expect, test } from 'vitest';
import type { Pod } from '../../api/index.ts';
import { aContainer, aPod } from '../testing/builders.ts';
import { CLUSTER_DNS, podDnsOf } from './pod-dns.ts';
import { sandboxConfigOf } from './sandbox-config.ts';

const NO_GROUP = { path: '', cpuRequestMillis: 0 };

const configOf = (spec: Partial<Pod['spec']>) =>
  sandboxConfigOf({
    pod: aPod(spec),
    attempt: 0,
    nodeName: 'node-0',
    network: { host: '172.18.0.2' },
    resources: { controlGroup: NO_GROUP },
    cluster: CLUSTER_DNS,
  });

test('a plain pod asks for nothing special', () => {
  const config = configOf({});
  expect(config.hostname).toBe('web');
  expect(Object.keys(config).sort()).toEqual([
    'annotations',
    'attempt',
    'hostname',
    'name',
    'namespace',
    'namespaces',
    'network',
    'resources',
    'uid',
  ]);
});

test('a host name with its domain, when it fits', () => {
  expect(configOf({ hostname: 'db-0', subdomain: 'db' })).toMatchObject({ hostname: 'db-0', domain: 'db.default.svc.cluster.local' });
  expect(configOf({ hostname: 'db-0', subdomain: 'db', setHostnameAsFQDN: true }).hostname).toBe('db-0.db.default.svc.cluster.local');
  expect(() => configOf({ hostname: 'x'.repeat(40), subdomain: 'db', setHostnameAsFQDN: true })).toThrow(
    /is too long \(64 characters is the max, 69 characters requested\)$/,
  );
});

test('namespaces, ports, aliases and kernel parameters', () => {
  const ports = [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }, { containerPort: 81 }];
  const sidecar = aContainer('side', { restartPolicy: 'Always', ports: [{ containerPort: 82, hostPort: 8082 }] });
  expect(
    configOf({
      hostPID: true,
      initContainers: [sidecar],
      containers: [aContainer('main', { ports })],
      hostAliases: [{ ip: '10.0.0.1', hostnames: ['db'] }],
      securityContext: {
        sysctls: [
          { name: 'net/ipv4/ip_forward', value: '1' },
          { name: 'net/ipv4/conf/eth0.1/rp_filter', value: '2' },
        ],
      },
    }),
  ).toMatchObject({
    namespaces: { network: 'pod', pid: 'node', ipc: 'pod' },
    portMappings: [
      { protocol: 'TCP', containerPort: 82, hostPort: 8082, hostIP: '' },
      { protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIP: '' },
    ],
    hostAliases: [{ ip: '10.0.0.1', hostnames: ['db'] }],
    sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.eth0/1.rp_filter': '2' },
  });
});

test.each<[string, Partial<Pod['spec']>, unknown]>([
  ['the cluster’s, by default', {}, undefined],
  ['the node’s', { dnsPolicy: 'Default' }, { servers: ['10.0.0.1'], searches: [], options: [] }],
  ['the node’s too, on its network', { hostNetwork: true }, { servers: ['10.0.0.1'], searches: [], options: [] }],
  [
    'only what the pod says',
    { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] } },
    { servers: ['1.1.1.1'], searches: [], options: ['ndots:2', 'edns0'] },
  ],
  [
    'the cluster’s, with more',
    { dnsConfig: { searches: ['example.com'], options: [{ name: 'ndots', value: '1' }] } },
    {
      servers: ['10.96.0.10'],
      searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.com'],
      options: ['ndots:1'],
    },
  ],
])('names are looked up as %s', (_what, spec, dns) => {
  expect(configOf(spec).dns).toEqual(dns);
});

test('what resolvers cannot take is left out, and told of', () => {
  const said = (dnsConfig: NonNullable<Pod['spec']['dnsConfig']>) => podDnsOf(aPod({ dnsConfig }), CLUSTER_DNS);
  const { dns, warnings } = said({ nameservers: ['1.1.1.1', '2.2.2.2', '3.3.3.3'], searches: ['x'.repeat(254), 'a.b'] });
  expect(dns?.servers).toEqual(['10.96.0.10', '1.1.1.1', '2.2.2.2']);
  expect(dns?.searches.at(-1)).toBe('a.b');
  expect(warnings).toEqual([
    'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 10.96.0.10 1.1.1.1 2.2.2.2',
    'Search Line limits were exceeded, some search paths have been omitted, the applied search line is: default.svc.cluster.local svc.cluster.local cluster.local a.b',
  ]);
  expect(said({ searches: Array.from({ length: 32 }, (_, i) => `d${i}`) }).dns?.searches).toHaveLength(32);
  const long = said({ searches: Array.from({ length: 20 }, (_, i) => `${'y'.repeat(100)}${i}`) });
  expect(long.dns?.searches.join(' ').length).toBeLessThanOrEqual(2048);
  expect(long.warnings).toHaveLength(1);
  expect(said({ options: [{ name: 'debug', value: '' }] }).dns?.options).toContain('debug');
});
