import { describe, expect, test } from 'vitest';
import { canonicalQuantity, parseQuantity, Quantity, QuantityError } from './quantity.ts';

describe('canonical form', () => {
  test.each([
    ['0', '0'],
    ['100m', '100m'],
    ['1000m', '1'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.5', '1500m'],
    ['1000', '1k'],
    ['1024', '1024'],
    ['1024Ki', '1Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['1000Ki', '1000Ki'],
    ['100.5Ki', '102912'],
    ['128974848', '128974848'],
    ['129e6', '129e6'],
    ['129M', '129M'],
    ['1e3', '1e3'],
    ['12e2', '1200'],
    ['1E', '1E'],
    ['0.0015', '1500u'],
    ['1n', '1n'],
    ['0.1n', '1n'],
    ['-1.5', '-1500m'],
    ['-1024Mi', '-1Gi'],
    ['0Mi', '0'],
    ['1.500', '1.500'],
    ['007', '007'],
    ['16Ei', '9223372036854775807'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  test('is a fixed point', () => {
    for (const text of ['1536Mi', '1.5', '3e7', '0.1n', '5Gi', '999', '1001m', '102400Ki']) {
      const once = canonicalQuantity(text);
      expect(canonicalQuantity(once)).toBe(once);
      expect(parseQuantity(once).cmp(parseQuantity(text))).toBe(0);
    }
  });
});

const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

test.each([
  ['', WRONG_FORMAT],
  ['lots', WRONG_FORMAT],
  ['1 Gi', WRONG_FORMAT],
  ['1.2.3', WRONG_FORMAT],
  ['1mm', "unable to parse quantity's suffix"],
  ['1KiB', WRONG_FORMAT],
  ['1e', "unable to parse quantity's suffix"],
  [`1e${'9'.repeat(30)}`, "unable to parse quantity's suffix"],
  ['9'.repeat(5_000), 'unable to parse numeric part of quantity'],
])('%s is refused', (text, message) => {
  expect(() => parseQuantity(text)).toThrow(new QuantityError(message));
});

describe('arithmetic', () => {
  test('is exact and keeps the format of the left side, unless that is zero', () => {
    const sum = parseQuantity('0.1').add(parseQuantity('0.2'));
    expect(sum.canonical()).toBe('300m');
    expect(parseQuantity('1Gi').add(parseQuantity('1M')).canonical()).toBe('1074741824');
    expect(Quantity.of(0).add(parseQuantity('2Gi')).canonical()).toBe('2Gi');
    expect(parseQuantity('1').sub(parseQuantity('1500m')).canonical()).toBe('-500m');
  });

  test('value and milli round away from zero', () => {
    expect(parseQuantity('1001m').value()).toBe(2);
    expect(parseQuantity('-1001m').value()).toBe(-2);
    expect(parseQuantity('1u').milli()).toBe(1);
    expect(parseQuantity('2').milli()).toBe(2_000);
    expect(parseQuantity('1Gi').value()).toBe(1_073_741_824);
  });

  test('comparison looks at the amount only', () => {
    expect(parseQuantity('1024Ki').cmp(parseQuantity('1Mi'))).toBe(0);
    expect(parseQuantity('1M').cmp(parseQuantity('1Mi'))).toBe(-1);
    expect(parseQuantity('0').isZero).toBe(true);
  });
});
