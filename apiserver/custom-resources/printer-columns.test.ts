import { describe, expect, it } from 'vitest';
import type { CrdVersion } from './definition.ts';
import { printerOf } from './printer-columns.ts';

const NOW = Date.parse('2026-01-01T01:00:00Z');
type Columns = NonNullable<CrdVersion['additionalPrinterColumns']>;

const printer = (columns: Columns | undefined) => printerOf({ name: 'v1', served: true, storage: true, additionalPrinterColumns: columns });
const cell = (type: string, value: unknown) => {
  const object = { metadata: { name: 'a' }, spec: { value } };
  return printer([{ name: 'V', type, jsonPath: '.spec.value' }]).row(object, NOW)[1];
};

describe('the columns of a custom resource', () => {
  it('are the name and the age unless it says', () => {
    const { columns, row } = printer(undefined);
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual(['Name string', 'Age date']);
    expect(row({ metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' } }, NOW)).toEqual(['a', '60m']);
  });

  it('end before one that cannot be read', () => {
    const { columns } = printer([
      { name: 'A', type: 'string', jsonPath: '.a' },
      { name: 'B', type: 'string', jsonPath: '.b[' },
      { name: 'C', type: 'string', jsonPath: '.c' },
    ]);
    expect(columns.map(({ name }) => name)).toEqual(['Name', 'A']);
  });

  it('describe themselves by their path', () => {
    expect(printer([{ name: 'A', type: 'string', jsonPath: '.a', priority: 1 }]).columns[1]).toMatchObject({
      priority: 1,
      description: 'Custom resource definition column (in JSONPath format): .a',
    });
  });

  it.each<[string, unknown, unknown]>([
    ['string', 'x', 'x'],
    ['string', 5, '5'],
    ['string', true, 'true'],
    ['string', ['a', 'b'], '["a","b"]'],
    ['string', { b: [{ d: 1, c: 2 }], a: 1 }, '{"a":1,"b":[{"c":2,"d":1}]}'],
    ['number', 1e21, 1e21],
    ['string', undefined, null],
    ['integer', 5, 5],
    ['integer', 5.7, 5],
    ['integer', '5', null],
    ['number', 1.5, 1.5],
    ['boolean', false, false],
    ['boolean', 'false', null],
    ['date', '2026-01-01T00:00:00Z', '60m'],
    ['date', 'yesterday', '<invalid>'],
    ['date', 5, null],
  ])('a %s shows %j as %j', (type, value, shown) => {
    expect(cell(type, value)).toEqual(shown);
  });

  it('shows the first of several values', () => {
    const { row } = printer([{ name: 'Types', type: 'string', jsonPath: '.spec.list[*].type' }]);
    expect(row({ metadata: { name: 'a' }, spec: { list: [{ type: 'x' }, { type: 'y' }] } } as never, NOW)).toEqual(['a', 'x']);
  });

  it('show a double that is too large for a whole number as the lowest one, as Go does', () => {
    expect(cell('integer', 1e21)).toBe(-(2n ** 63n));
  });
});
