import { expect, test } from 'vitest';
import { PodAddresses } from './pod-addresses.ts';

test('addresses are handed out in turn, without network, gateway and broadcast address', () => {
  const pool = new PodAddresses('10.244.3.0/29');
  expect([1, 2, 3, 4, 5].map(() => pool.take())).toEqual(['10.244.3.2', '10.244.3.3', '10.244.3.4', '10.244.3.5', '10.244.3.6']);
  expect(pool.take()).toBeUndefined();
  pool.release('10.244.3.4');
  expect(pool.take()).toBe('10.244.3.4');
});

test('an address given back is not used again at once, and a reserved one not at all', () => {
  const pool = new PodAddresses('10.244.0.0/24');
  pool.reserve('10.244.0.3');
  expect(pool.take()).toBe('10.244.0.2');
  pool.release('10.244.0.2');
  expect(pool.take()).toBe('10.244.0.4');
});

test('a range of IPv6 gives addresses as they are written', () => {
  const pool = new PodAddresses('fd00:10:244:1::/64');
  expect([pool.take(), pool.take()]).toEqual(['fd00:10:244:1::2', 'fd00:10:244:1::3']);
  pool.reserve('fd00:10:244:1::4');
  expect(pool.take()).toBe('fd00:10:244:1::5');
  const small = new PodAddresses('fd00::8/125');
  expect([1, 2, 3, 4, 5, 6].map(() => small.take())).toEqual(['fd00::a', 'fd00::b', 'fd00::c', 'fd00::d', 'fd00::e', undefined]);
  small.release('fd00::c');
  expect(small.take()).toBe('fd00::c');
});

test('with two ranges each address has one of the other family, for as many pods as both have room for', () => {
  const pool = new PodAddresses('fd00:10:244:1::/64', '10.244.3.0/29');
  const taken = [1, 2, 3, 4, 5, 6].map(() => pool.take());
  expect(taken).toEqual(['fd00:10:244:1::2', 'fd00:10:244:1::3', 'fd00:10:244:1::4', 'fd00:10:244:1::5', 'fd00:10:244:1::6', undefined]);
  expect([pool.secondOf('fd00:10:244:1::2'), pool.secondOf('fd00:10:244:1::6')]).toEqual(['10.244.3.2', '10.244.3.6']);
  expect([pool.secondOf('fd00:9::2'), new PodAddresses('10.244.3.0/29').secondOf('10.244.3.2')]).toEqual([undefined, undefined]);
});
