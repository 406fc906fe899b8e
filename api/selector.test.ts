import { describe, expect, test } from 'vitest';
import { formatFieldSelector, parseFieldSelector } from './field-selector.ts';
import { SelectorError } from './label-requirement.ts';
import { fromLabelSelector, fromLabels, parseLabelSelector } from './selector.ts';

const objects: Readonly<Record<string, Record<string, string>>> = {
  a: { app: 'web', tier: 'front' },
  b: { app: 'db', size: '10' },
  c: { tier: 'back' },
  d: { app: '' },
};
const selected = (text: string): string => {
  const query = parseLabelSelector(text);
  return Object.keys(objects)
    .filter((name) => query.matches(objects[name]))
    .join('');
};

describe('label selectors', () => {
  test.each([
    ['', 'abcd'],
    ['app=web', 'a'],
    ['app==db', 'b'],
    ['app!=web', 'bcd'],
    ['app in (web,db)', 'ab'],
    ['app in ()', 'd'],
    ['app in (,db)', 'bd'],
    ['tier notin (front)', 'bcd'],
    ['size', 'b'],
    ['!app', 'c'],
    ['app,tier!=front', 'bd'],
    ['app=', 'd'],
    ['size>9', 'b'],
    ['size<9', ''],
    ['in in (in)', ''],
  ])('%s selects %s', (text, names) => {
    expect(selected(text)).toBe(names);
  });

  test.each([
    ['app=>web', "unable to parse requirement: found '>', expected: identifier"],
    ['app=we b', "found 'b', expected: ',' or 'end of string'"],
    ['app in (web', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['size>x', `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`],
    [
      `${'k'.repeat(64)}=1`,
      `unable to parse requirement: <nil>: Invalid value: "${'k'.repeat(64)}": name part must be no more than 63 characters`,
    ],
    ['a,,b', "found ',', expected: identifier after ','"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['=a', "found '=', expected: !, identifier, or 'end of string'"],
    ['!=a', "found '!=', expected: !, identifier, or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    [
      'a=-b',
      "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
  ])('%s is refused', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(new SelectorError(message));
  });

  test('the text of a query is canonical', () => {
    expect(parseLabelSelector('t in (b,a), !z ,app=a').toString()).toBe('app=a,t in (a,b),!z');
    expect(
      fromLabelSelector({ matchLabels: { app: 'a' }, matchExpressions: [{ key: 't', operator: 'In', values: ['b', 'a'] }] }).toString(),
    ).toBe('app=a,t in (a,b)');
    expect(fromLabels({ b: '1', a: '2' }).toString()).toBe('a=2,b=1');
  });

  test('an absent selector of an object selects nothing, an empty one everything', () => {
    expect(fromLabelSelector(undefined).matches({ a: 'b' })).toBe(false);
    expect(fromLabelSelector(undefined).empty).toBe(false);
    expect(fromLabelSelector({}).matches(undefined)).toBe(true);
    expect(fromLabelSelector({}).empty).toBe(true);
  });

  test('wrong operators and missing values of an object selector are refused', () => {
    expect(() => fromLabelSelector({ matchExpressions: [{ key: 'a', operator: 'Is' }] })).toThrow(
      '"Is" is not a valid label selector operator',
    );
    expect(() => fromLabelSelector({ matchExpressions: [{ key: 'a', operator: 'In' }] })).toThrow(
      "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    );
  });

  test('labels inherited from Object are none', () => {
    expect(parseLabelSelector('constructor').matches({})).toBe(false);
  });
});

describe('field selectors', () => {
  test('terms come sorted, with their operator', () => {
    expect(parseFieldSelector('status.phase=Pending,spec.nodeName=,metadata.name!=a,metadata.namespace==b')).toEqual([
      { field: 'metadata.name', operator: '!=', value: 'a' },
      { field: 'metadata.namespace', operator: '=', value: 'b' },
      { field: 'spec.nodeName', operator: '=', value: '' },
      { field: 'status.phase', operator: '=', value: 'Pending' },
    ]);
    expect(parseFieldSelector('')).toEqual([]);
  });

  test('a backslash hides commas, equal signs and backslashes', () => {
    const requirements = parseFieldSelector('a=x\\,y\\=z\\\\');
    expect(requirements).toEqual([{ field: 'a', operator: '=', value: 'x,y=z\\' }]);
    expect(parseFieldSelector(formatFieldSelector(requirements))).toEqual(requirements);
  });

  test.each([
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['metadata.name in (a)', "invalid selector: 'metadata.name in (a)'; can't understand 'metadata.name in (a)'"],
    ['a=\\x', 'invalid field selector: invalid escape sequence: \\x'],
    ['a=x\\', 'invalid field selector: invalid escape sequence: \\'],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
  ])('%s is refused', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(new SelectorError(message));
  });
});
