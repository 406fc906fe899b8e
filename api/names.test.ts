import { describe, expect, test } from 'vitest';
import { IntOrStringError, scaledValue } from './int-or-string.ts';
import {
  cidrWarnings,
  formatIp,
  ipWarnings,
  isInterfaceAddress,
  isValidCidr,
  isValidIp,
  isValidLegacyCidr,
  isValidLegacyIp,
  parseCidr,
  parseIp,
} from './ip.ts';
import * as names from './names.ts';

describe('names', () => {
  test('good ones pass', () => {
    expect([
      ...names.isDns1123Label('a-1'),
      ...names.isDns1123Subdomain('a.b-c.d'),
      ...names.isDns1035Label('a1'),
      ...names.isQualifiedName('example.com/My_Name.x'),
      ...names.isValidLabelValue(''),
      ...names.isValidPortName('http-1'),
      ...names.isConfigMapKey('a.b_C'),
      ...names.isCIdentifier('_a1'),
      ...names.isValidPercent('10%'),
      ...names.isRelaxedEnvVarName('a b!'),
      ...names.nameIsDnsSubdomain('web-', true),
    ]).toEqual([]);
  });

  test.each([
    [names.isDns1123Label('a.b'), ['must not contain dots']],
    [
      names.isDns1123Subdomain('A'),
      [
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    ],
    [names.isDns1123Subdomain('a'.repeat(254)), ['must be no more than 253 characters']],
    [names.isQualifiedName('/a'), ['prefix part must be non-empty']],
    [
      names.isQualifiedName('a/b/c'),
      [
        "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
      ],
    ],
    [names.isValidPortName('-'), ['must contain at least one letter (a-z)', 'must not begin or end with a hyphen']],
    [names.isValidPortNum(0), ['must be between 1 and 65535, inclusive']],
    [names.isConfigMapKey('..a'), ["must not start with '..'"]],
    [names.isPathSegmentName('a/b%'), ["may not contain '/'", "may not contain '%'"]],
  ])('%#: what is wrong is told in upstream words', (errors, expected) => {
    expect(errors).toEqual(expected);
  });

  test('a long hostile name is judged at once', () => {
    expect(names.isDns1123Subdomain(`${'a.'.repeat(200_000)}!`)).toHaveLength(2);
  });
});

describe('addresses', () => {
  test.each([
    ['::', '::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:0:0:3:4:5', '1:0:2::3:4:5'],
    ['fe80:0:1:2:3:4:5:6', 'fe80:0:1:2:3:4:5:6'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['010.1.2.3', '10.1.2.3'],
  ])('%s is written %s', (text, canonical) => {
    const ip = parseIp(text);
    expect(ip && formatIp(ip)).toBe(canonical);
  });

  test.each(['', '1.2.3', '1.2.3.256', '1::2::3', ':1', '1:2:3:4:5:6:7:8:9', 'g::', '1.2.3.4:'])('%j is no address', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  test('strict fields want the canonical form', () => {
    expect(isValidIp('10.0.0.1')).toEqual([]);
    expect(isValidIp('x')).toEqual(['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']);
    expect(isValidIp('FE80::1')).toEqual(['must be in canonical form ("fe80::1")']);
    expect(isValidLegacyIp('010.0.0.1', false)).toEqual([]);
    expect(isValidLegacyIp('010.0.0.1', true)).toEqual(['must not have leading 0s']);
    expect(isValidCidr('10.0.0.1/24')).toEqual(['must not have bits set beyond the prefix length']);
    expect(isValidLegacyCidr('10.0.0.1/24', false)).toEqual([]);
    expect(parseCidr('10.0.0.0/33')).toBeUndefined();
    expect(isValidLegacyCidr('::ffff:1.1.1.0/24', false)).toEqual([]);
    expect(isValidLegacyCidr('::ffff:1.1.1.0/24', true)).toEqual(['must not have an IPv4-mapped IPv6 address']);
    expect(isInterfaceAddress('::ffff:1.1.1.1/24')).toEqual(['must be in canonical form ("1.1.1.1/24")']);
    expect(isInterfaceAddress('::ffff:1.1.1.1/120')).toEqual(['must be in canonical form ("1.1.1.1/24")']);
  });

  test('odd forms get a warning', () => {
    expect(ipWarnings('010.0.0.1')).toEqual([
      'non-standard IP address "010.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
    ]);
    expect(cidrWarnings('10.1.2.3/16')).toEqual([
      'CIDR value "10.1.2.3/16" is ambiguous in this context (should be "10.1.0.0/16" or "10.1.2.3/32"?)',
    ]);
  });
});

test('percentages are scaled, numbers are not, other texts are refused', () => {
  expect(scaledValue('25%', 10, true)).toBe(3);
  expect(scaledValue('25%', 10, false)).toBe(2);
  expect(scaledValue(7, 10, true)).toBe(7);
  expect(() => scaledValue('7', 10, true)).toThrow(
    new IntOrStringError('invalid value for IntOrString: invalid type: string is not a percentage'),
  );
  expect(() => scaledValue('x%', 10, true)).toThrow('invalid value "x%": strconv.Atoi: parsing "x": invalid syntax');
});
