import { expect, test } from 'vitest';
import type { IPAddress, Live, ServiceCIDR } from '../../api/index.ts';
import { IN_USE, mayGo, READY, says } from './plan.ts';

const aCidr = (name: string, ...cidrs: string[]): Live<ServiceCIDR> => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'ServiceCIDR',
  metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { cidrs },
  status: {},
});
const anAddress = (
  name: string,
  labels: Record<string, string> = { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' },
): IPAddress => ({
  metadata: { name, labels },
  spec: { parentRef: { resource: 'services', name: 'web', namespace: 'default' } },
});
const GIVEN = aCidr('kubernetes', '10.96.0.0/16');
const MORE = aCidr('more', '10.251.0.0/24');

test('a range goes when no service has an address of it', () => {
  expect(mayGo(MORE, [GIVEN, MORE], [anAddress('10.96.0.1')])).toBe(true);
  expect(mayGo(MORE, [GIVEN, MORE], [anAddress('10.251.0.7')])).toBe(false);
  expect(mayGo(MORE, [GIVEN, MORE], [anAddress('10.251.0.7', {})])).toBe(true);
});

test('a range goes when others have the addresses too', () => {
  expect(mayGo(MORE, [MORE, aCidr('wide', '10.251.0.0/16')], [anAddress('10.251.0.7')])).toBe(true);
  expect(mayGo(MORE, [MORE, aCidr('part', '10.251.0.0/28')], [anAddress('10.251.0.7')])).toBe(true);
  expect(mayGo(MORE, [MORE, aCidr('part', '10.251.0.0/28')], [anAddress('10.251.0.77')])).toBe(false);
  const both = aCidr('both', '10.251.0.0/24', 'fd00:251::/112');
  expect(mayGo(both, [both, aCidr('wide', '10.251.0.0/16')], [anAddress('fd00:251::7')])).toBe(false);
});

// Upstream's TestController_canDeleteCIDR.
test.each<[address: string, others: readonly string[], isFree: boolean]>([
  ['192.168.0.24', [], false],
  ['192.168.1.24', [], true],
  ['192.168.0.0', [], true],
  ['192.168.0.255', [], true],
  ['192.168.0.254', [], false],
  ['2001:db2::', [], true],
  ['2001:db2::ffff:ffff:ffff:ffff', [], false],
  ['192.168.0.23', ['192.168.0.0/24', '2001:db2::/64'], true],
  ['192.168.0.23', ['192.168.0.0/26', '2001:db2::/64'], true],
  ['192.168.0.23', ['192.168.0.0/28', '2001:db2::/64'], false],
  ['192.168.0.23', ['192.168.0.0/16', '2001:db2::/64'], true],
  // The other range has the address, and gives it to nobody.
  ['192.168.0.63', ['192.168.0.0/26'], false],
])('with a Service at %s, beside %j, a range may go: %s', (address, others, isFree) => {
  const range = aCidr('range', '192.168.0.0/24', '2001:db2::/64');
  const all = others.length > 0 ? [range, aCidr('other', ...others)] : [range];
  expect(mayGo(range, all, [anAddress(address)])).toBe(isFree);
});

test('what a range says already is not said again', () => {
  const condition = { type: 'Ready', lastTransitionTime: '2026-01-01T00:00:00Z', ...READY };
  const told = { ...MORE, status: { conditions: [condition] } };
  expect([says(MORE, READY), says(told, READY), says(told, IN_USE)]).toEqual([false, true, false]);
});
