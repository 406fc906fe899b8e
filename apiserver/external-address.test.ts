import { isIP } from 'node:net';
import { expect, it } from 'vitest';
import { advertiseAddressOf, externalAddressOf } from './external-address.ts';

const RANGE = { 'service-cluster-ip-range': '10.96.0.0/16' };

it('a server is told of by the address that others reach it at, not by the one that it listens on for itself', () => {
  expect(advertiseAddressOf({ ...RANGE, 'bind-address': '192.168.7.9' })).toBe('192.168.7.9');
  expect(advertiseAddressOf({ ...RANGE, 'bind-address': '192.168.7.9', 'advertise-address': '10.1.1.1' })).toBe('10.1.1.1');
  expect(advertiseAddressOf({ ...RANGE, 'bind-address': '192.168.7.9', 'advertise-address': '0.0.0.0' })).toBe('192.168.7.9');
  for (const bind of ['127.0.0.1', '0.0.0.0', '::1', '::']) {
    const found = advertiseAddressOf({ ...RANGE, 'bind-address': bind });
    expect(found).not.toBe(bind);
    // A machine without a network has none.
    if (found !== undefined) expect(isIP(found)).not.toBe(0);
  }
});

it('and with its port, unless its name has one', () => {
  const options = { ...RANGE, 'bind-address': '127.0.0.1', 'advertise-address': '10.1.1.1' };
  expect(externalAddressOf(options, 6443)).toBe('10.1.1.1:6443');
  expect(externalAddressOf({ ...options, 'advertise-address': 'fd00::9' }, 6443)).toBe('[fd00::9]:6443');
  expect(externalAddressOf({ ...options, 'external-hostname': 'api.example.com' }, 6443)).toBe('api.example.com:6443');
  expect(externalAddressOf({ ...options, 'external-hostname': 'api.example.com:443' }, 6443)).toBe('api.example.com:443');
});
