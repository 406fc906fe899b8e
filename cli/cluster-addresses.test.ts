import { expect, test } from 'vitest';
import { nodeAddressArguments } from './cluster-addresses.ts';

const [V4, V6] = ['10.96.0.0/16', 'fd00:10:96::/112'];
const [PODS_4, PODS_6] = ['10.244.0.0/16', 'fd00:10:244::/56'];

test.each([
  [V4, PODS_4, ['--cluster-dns=10.96.0.10', '--pod-cidr=']],
  ['10.3.0.0/24', PODS_4, ['--cluster-dns=10.3.0.10', '--pod-cidr=']],
  ['10.3.0.0/29', PODS_4, ['--pod-cidr=']],
  [`${V4},${V6}`, `${PODS_4},${PODS_6}`, ['--cluster-dns=10.96.0.10', '--node-ip=172.18.0.2,fd00:172:18::2', '--pod-cidr=']],
  [`${V6}, ${V4}`, `${PODS_4},${PODS_6}`, ['--cluster-dns=fd00:10:96::a', '--node-ip=fd00:172:18::2,172.18.0.2', '--pod-cidr=']],
  [V6, PODS_6, ['--cluster-dns=fd00:10:96::a', '--node-ip=fd00:172:18::2', '--pod-cidr=']],
  [V4, `${PODS_6},${PODS_4}`, ['--cluster-dns=10.96.0.10', '--node-ip=172.18.0.2,fd00:172:18::2', '--pod-cidr=']],
  ['nonsense', 'nonsense', ['--pod-cidr=']],
])('services of %s and pods of %s', (services, pods, argv) => {
  expect(nodeAddressArguments({ services, pods, areAllocated: true })).toEqual(argv);
});

test('nodes of a cluster of IPv4 alone wait for their ranges too, however long their controller takes', () => {
  expect(nodeAddressArguments({ services: V4, pods: PODS_4, areAllocated: true })).toContain('--pod-cidr=');
  expect(nodeAddressArguments({ services: V4, pods: PODS_4, areAllocated: false })).toEqual(['--cluster-dns=10.96.0.10']);
});

test('where no controller gives nodes their ranges they take them of the cluster’s', () => {
  expect(nodeAddressArguments({ services: V6, pods: PODS_6, areAllocated: false })).toContain(`--pod-cidr=${PODS_6}`);
});
