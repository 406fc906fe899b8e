// What expressions cost when they run, and the least and most they are estimated to cost before (cel-go, `interpreter/runtimecost.go`,
// `checker/cost.go`; apiserver, `pkg/cel/library/cost.go`). CRDs are refused, and requests stopped, by these numbers.
import { describe, expect, it } from 'vitest';
import { environmentOf } from '../libraries/environment.ts';
import { estimateCall } from '../libraries/estimates.ts';
import { evaluate } from '../testing/outcomes.ts';
import { estimateCost } from './estimate.ts';
import { compile, Program } from './program.ts';
import { STRING } from './types.ts';

type Case = readonly [expression: string, cost: number, least: number, most: number];

/** The text has 26 characters, and may have 100. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const UNBOUNDED = 2 ** 64 / 10;

const CASES: readonly Case[] = [
  ['1', 0, 0, 0],
  ['text', 1, 1, 1],
  ['1 + 2', 1, 1, 1],
  ['text == text', 5, 3, 12],
  ["text == 'abc'", 2, 2, 2],
  ['text + text', 8, 2, 22],
  ['size(text)', 2, 2, 2],
  ["text.contains('b')", 4, 1, 11],
  ["text.startsWith('abc')", 4, 2, 2],
  ["text.matches('^[a-z]+$')", 7, 3, 23],
  ['[1, 2, 3]', 0, 10, 10],
  ["{'a': 1}", 0, 30, 30],
  ["[1, text == '' ? 2 : 3]", 11, 11, 11],
  ["text == 'a' && text == 'b'", 2, 2, 4],
  ["text == '' ? 1 : 2", 1, 1, 1],
  ["{'a': 1}.a", 2, 31, 31],
  ['[1, 2, 3].all(x, x > 0)', 16, 20, 26],
  ['[1, 2, 3].map(x, x * 2)', 43, 63, 63],
  ['[1, 2, 3].exists(x, x == 1)', 10, 23, 29],
  ['[1, 2, 3].transformList(i, v, v)', 40, 60, 60],
  ["text in ['a', 'b']", 1, 13, 13],
  ["text in ['a', text]", 14, 14, 14],
  ["int('1')", 0, 1, 1],
  ["int(text.substring(0, 0) + '1')", 6, 3, 23],
  ['text.lowerAscii()', 4, 1, 11],
  ["text.replace('a', 'b')", 7, 1, 21],
  ["text.split('')", 7, 1, 21],
  ["['a', text].join(',')", 17, 12, UNBOUNDED],
  ["text.split(',', -1).join()", 13, 1, UNBOUNDED],
  ["text.find('[a-z]')", 7, 3, 23],
  ["text.findAll('[a-z]')", 7, 3, 23],
  ["url('https://example.com/').getHost()", 3, 3, 3],
  ["isIP('1.2.3.4')", 1, 1, 1],
  ["ip('1.2.3.4').isLoopback()", 2, 2, 2],
  ["cidr('1.2.3.4/8').containsIP('1.2.3.4')", 3, 3, 6],
  ["quantity('1').add(quantity('2'))", 3, 3, 3],
  ["semver('1.2.3').major()", 2, 2, 2],
  ['[3, 1, 2].isSorted()', 3, 13, 13],
  ['[3, 1, 2].sum()', 3, 13, 13],
  ['[3, 1, 2].indexOf(2)', 3, 13, 13],
  ['sets.contains([1, 2, 3], [1])', 4, 24, 24],
  ["format.dns1123Label().validate('a')", 9, 33, 33],
  ["'%s'.format([text])", 12, 12, 12],
  ['optional.of(1).orValue(2)', 1, 2, 2],
  ["timestamp('2020-01-01T00:00:00Z').getHours()", 1, 2, 2],
];

describe('costs', () => {
  it.each(CASES)('%s costs %i, estimated at %d to %d', (expression, cost, least, most) => {
    const types = { text: STRING };
    const environment = environmentOf(new Map(Object.entries(types)), { has: () => false, fieldType: () => undefined });
    expect(evaluate(expression, { types, values: { text: LETTERS } }).cost).toBe(cost);
    const estimate = estimateCost(compile(expression, environment), { size: () => ({ min: 0, max: 100 }), call: estimateCall });
    expect(estimate.min).toBe(least);
    expect(estimate.max / most || 0).toBeCloseTo(most === 0 ? 0 : 1, 9);
  });

  it('end an evaluation that exceeds what it may cost', () => {
    const environment = environmentOf(new Map(), { has: () => false, fieldType: () => undefined });
    const program = new Program(compile('[1, 2, 3].all(x, [1, 2, 3].all(y, x + y > 0))', environment), environment, 30);
    expect(program.evaluate(() => undefined)).toMatchObject({
      exceeded: true,
      result: { message: 'operation cancelled: actual cost limit exceeded' },
    });
  });
});
