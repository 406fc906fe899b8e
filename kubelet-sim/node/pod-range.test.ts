import { expect, test } from 'vitest';
import type { Node } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import { PodRange } from './pod-range.ts';

const range = (nodeIp: string, own: readonly string[] = []) => {
  const clock = new VirtualClock();
  const taken: (readonly string[])[] = [];
  const take = (cidrs: readonly string[]) => Promise.resolve(void taken.push(cidrs));
  return { clock, taken, range: new PodRange({ own, nodeIp, clock, take, onChange: () => undefined, onFailed: () => undefined }) };
};
const node = (...podCIDRs: string[]): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n' },
  spec: podCIDRs[0] === undefined ? {} : { podCIDR: podCIDRs[0], podCIDRs },
  status: {},
});

test.each([
  ['172.18.0.2', ['10.244.3.0/24', 'fd00:3::/64'], ['10.244.3.2', 'fd00:3::2']],
  ['172.18.0.2', ['fd00:3::/64', '10.244.3.0/24'], ['10.244.3.2', 'fd00:3::2']],
  ['fd00::1', ['10.244.3.0/24', 'fd00:3::/64'], ['fd00:3::2', '10.244.3.2']],
  ['fd00::1', ['10.244.3.0/24'], ['10.244.3.2', undefined]],
])('a pod of the node %s with %j has first the address of the family of the node', (nodeIp, cidrs, ips) => {
  const { range: own } = range(nodeIp);
  own.nodeChanged(node(...cidrs));
  const ip = own.pool?.take();
  expect([ip, own.pool?.secondOf(ip ?? '')]).toEqual(ips);
});

test('addresses that are out are remembered while the ranges stay the same', () => {
  const { range: own } = range('172.18.0.2');
  own.nodeChanged(node('10.244.3.0/24', 'fd00:3::/64'));
  const { pool } = own;
  own.nodeChanged(node('10.244.3.0/24', 'fd00:3::/64'));
  expect(own.pool).toBe(pool);
  own.nodeChanged(node('10.244.3.0/24', 'fd00:4::/64'));
  expect(own.pool).not.toBe(pool);
});

test('a node that nobody gives ranges takes its own, one of each family', async () => {
  const { range: own, clock, taken } = range('172.18.0.2', ['10.244.3.0/24', 'fd00:3::/64']);
  own.nodeChanged(node());
  await clock.advance(2000);
  expect(taken).toEqual([['10.244.3.0/24', 'fd00:3::/64']]);
  expect(range('172.18.0.2').range.pool).toBeUndefined();
});
