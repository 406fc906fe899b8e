// find and findAll, each with what it gives (apiserver, `pkg/cel/library/regex.go`).
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [expression: string, outcome: string];

const INPUTS = { values: { text: 'a', object: { name: 'n', list: [1, 2.5, 'x', null], nested: { deep: true } } } };

const PATTERNS: readonly Case[] = [
  ["'abc 123'.find('[0-9]+')", '"123"'],
  ["'abc'.find('[0-9]+')", '""'],
  ["'12 34 56'.findAll('[0-9]+')", '["12", "34", "56"]'],
  ["'12 34 56'.findAll('[0-9]+', 2)", '["12", "34"]'],
  ["'12 34 56'.findAll('[0-9]+', 0)", '[]'],
  ["'12 34 56'.findAll('[0-9]+', -1)", '["12", "34", "56"]'],
  ["'abc'.findAll('[0-9]')", '[]'],
  ["'abc'.find('(')", 'error parsing regexp: missing closing ): `(`'],
  ["text.find('(' + text)", 'error: Illegal regex: error parsing regexp: missing closing ): `(a`'],
];

describe('patterns', () => {
  it.each(PATTERNS)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression, INPUTS)).toBe(outcome);
  });
});
