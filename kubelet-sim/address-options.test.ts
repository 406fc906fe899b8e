import { expect, test } from 'vitest';
import { nodeIpsOf, parseNodeIps, sharesOf } from './address-options.ts';

test.each([
  ['192.168.0.9', ['192.168.0.9']],
  ['fd00:0::9, 192.168.0.9', ['fd00::9', '192.168.0.9']],
  ['::', ['fd00:172:18::2']],
  ['0.0.0.0', ['172.18.0.2']],
])('--node-ip=%s', (text, ips) => {
  expect(parseNodeIps(text)).toEqual(ips);
});

// Upstream's TestParseNodeIPArgument, as far as it fails.
test.each([
  ['1.2.3.4,4.3.2.1', 'bad --node-ip "1.2.3.4,4.3.2.1": must contain either a single IP or a dual-stack pair of IPs'],
  ['1.2.3.4,fd00::1,5.6.7.8', /must contain either a single IP or a dual-stack pair of IPs/],
  ['1.2.3.4,::', "bad --node-ip \"1.2.3.4,::\": dual-stack node IP cannot include '0.0.0.0' or '::'"],
  ['0.0.0.0,fd00::1', /cannot include/],
  ['node', 'bad --node-ip "node": could not parse "node"'],
])('--node-ip=%s is not taken', (text, message) => {
  expect(() => parseNodeIps(text)).toThrow(message);
});

test('nodes count on from the first, in each family', () => {
  expect(nodeIpsOf(['172.18.0.2'], 0)).toEqual(['172.18.0.2']);
  expect(nodeIpsOf(['172.18.0.2'], 70_000)).toEqual(['172.19.17.114']);
  expect(nodeIpsOf(['fd00::2', '10.0.0.250'], 7)).toEqual(['fd00::9', '10.0.1.1']);
});

test('without a controller each node has its part of the range, or of both', () => {
  expect(sharesOf('10.244.0.0/16', 3)).toEqual(['10.244.3.0/24']);
  expect(sharesOf('10.244.0.0/16', 300)).toEqual(['10.245.44.0/24']);
  expect(sharesOf('fd00:10:244::/56,10.244.0.0/16', 3)).toEqual(['fd00:10:244:3::/64', '10.244.3.0/24']);
  expect(sharesOf('', 3)).toEqual([]);
});
