// Quantities, each function with what it gives (apiserver, `pkg/cel/library/quantity.go`).
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [expression: string, outcome: string];

const QUANTITIES: readonly Case[] = [
  ["isQuantity('1.3Gi')", 'true'],
  ["isQuantity('10ki')", 'false'],
  ["isQuantity('')", 'false'],
  ["quantity('1Ki') == quantity('1024')", 'true'],
  ["quantity('1k') == quantity('1024')", 'false'],
  ["quantity('100m').isLessThan(quantity('1'))", 'true'],
  ["quantity('2').isGreaterThan(quantity('1500m'))", 'true'],
  ["quantity('1Gi').compareTo(quantity('1G'))", '1'],
  ["quantity('1').compareTo(quantity('1000m'))", '0'],
  ["sign(quantity('-1'))", '-1'],
  ["sign(quantity('0'))", '0'],
  ["quantity('1.5').isInteger()", 'false'],
  ["quantity('50k').isInteger()", 'true'],
  ["quantity('9999999999999999999').isInteger()", 'false'],
  ["quantity('10Ti').isInteger()", 'true'],
  ["quantity('1Pi').isInteger()", 'false'],
  ["quantity('123456789012345678').isInteger()", 'true'],
  ["quantity('1234567890123456789').isInteger()", 'false'],
  ["quantity('1Pi').add(1).isInteger()", 'false'],
  ["quantity('50k').asInteger()", '50000'],
  ["quantity('1.5').asInteger()", 'error: cannot convert value to integer'],
  ["quantity('9999999999999999999').asInteger()", 'error: cannot convert value to integer'],
  ["quantity('1500m').asApproximateFloat()", '1.5'],
  ["quantity('50k').add(quantity('20')) == quantity('50020')", 'true'],
  ["quantity('50k').add(20) == quantity('50020')", 'true'],
  ["quantity('50k').sub(quantity('20')) == quantity('49980')", 'true'],
  ["sign(quantity('1').sub(2))", '-1'],
  ["quantity('abc')", "error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ["quantity('1 Ki')", "error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
];

describe('quantities', () => {
  it.each(QUANTITIES)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression)).toBe(outcome);
  });
});
