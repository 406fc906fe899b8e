import { expect, test } from 'vitest';
import { parseAddresses } from './options.ts';

test('DNS servers are IP addresses', () => {
  expect(parseAddresses(['10.96.0.10', 'fd00::a'])).toEqual(['10.96.0.10', 'fd00::a']);
  expect(() => parseAddresses(['dns.example'])).toThrow('option --cluster-dns takes IP addresses, not "dns.example"');
});
