import { describe, expect, it } from 'vitest';
import { compileDeviceSelector, type SelectableDevice } from './devices.ts';
import { ExpressionError } from './expression.ts';

const DRIVER = 'dra.example.com';
const device = (attributes: SelectableDevice['attributes'], capacity?: SelectableDevice['capacity']): SelectableDevice => ({
  driver: DRIVER,
  attributes,
  capacity,
});
const named = (attribute: object) => device({ name: attribute });
const MEMORY = { name: { value: '1Mi' } };
const of = (field: string) => `device.attributes["${DRIVER}"].${field}`;

const TENS = Array.from({ length: 7 }, (_, i) => `[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(x${i}, `).join('');

const EVERYTHING = device(
  { bool: { bool: true }, int: { int: 1 }, string: { string: 'fish' }, version: { version: '1.0.0' } },
  { quantity: { value: '1Mi' } },
);
const quantity = (access: string) => `device.capacity["${DRIVER}"]${access}.isGreaterThan(quantity("1Ki"))`;

/** The expression, the device, whether it matches or how it fails, and the most it may cost. Upstream: `cel/compile_test.go`. */
const CASES: readonly [string, SelectableDevice, boolean | string, number][] = [
  ['true', device({}), true, 0],
  ['false', device({}), false, 0],
  ['device.attributes["no-such-domain"].noSuchAttr.isGreaterThan(quantity("0"))', device({}), 'no such key: noSuchAttr', 6],
  ['device.attributes["no-such-domain"]["noSuchAttr"].isGreaterThan(quantity("0"))', device({}), 'no such key: noSuchAttr', 6],
  ['"no-such-domain" in device.attributes', device({}), false, 3],
  [`"${DRIVER}" in device.attributes`, { driver: '', attributes: { [`${DRIVER}/something`]: { bool: true } } }, true, 3],
  ['device.driver == ""', { driver: '' }, true, 2],
  [`device.driver == "${DRIVER}"`, device({}), true, 4],
  [of('name'), named({ bool: true }), true, 4],
  [`device.attributes["${DRIVER}"]["name"]`, named({ bool: true }), true, 4],
  [`cel.bind(dra, device.attributes["${DRIVER}"], dra.name)`, named({ bool: true }), true, 15],
  ['device.attributes["other.example.com"].name', device({ 'other.example.com/name': { bool: true } }), true, 4],
  [`${of('name')} > 0`, named({ int: 1 }), true, 5],
  [`${of('name')} == "fish"`, named({ string: 'fish' }), true, 5],
  [`${of('name')}.isGreaterThan(semver("0.0.1"))`, named({ version: '1.0.0' }), true, 6],
  [`${of('name')}.isGreaterThan(semver("v0.0.1", true)) && isSemver("v1.0.0", true)`, named({ version: '1.0.0' }), true, 7],
  [quantity('.name'), device({}, MEMORY), true, 6],
  [`"name" in device.capacity["${DRIVER}"] && ${quantity('.name')}`, device({}, MEMORY), true, 10],
  [`!("name" in device.capacity["${DRIVER}"]) || ${quantity('.name')}`, device({}), true, 11],
  [
    [
      quantity('.quantity'),
      of('bool'),
      `${of('int')} > 0`,
      `${of('string')} == "fish"`,
      `${of('version')}.isGreaterThan(semver("0.0.1"))`,
      quantity('["quantity"]'),
      `device.attributes["${DRIVER}"]["bool"]`,
      `device.attributes["${DRIVER}"]["int"] > 0`,
      `device.attributes["${DRIVER}"]["string"] == "fish"`,
      `device.attributes["${DRIVER}"]["version"].isGreaterThan(semver("0.0.1"))`,
    ].join(' && '),
    EVERYTHING,
    true,
    52,
  ],
  [`device.attributes.exists_one(x, x == "${DRIVER}")`, device({ services: { string: 'some_example_value' } }), true, 164],
  [`device.attributes["${DRIVER}"].exists_one(x, x == "services")`, device({ services: { string: 'some_example_value' } }), true, 133],
  [`${of('services')}.split("example").size() >= 2`, device({ services: { string: 'some_example_value' } }), true, 19],
  [`${of('services')}.matches("[^a]?sym")`, device({ services: { string: 'asymetric' } }), true, 18],
  [`device.capacity.exists_one(x, x == "${DRIVER}")`, device({}, { memory: { value: '1Mi' } }), true, 164],
  [`device.capacity["${DRIVER}"].exists_one(x, x == "memory")`, device({}, { memory: { value: '1Mi' } }), true, 133],
  [
    `${TENS}int('1'.find('[0-9]*')) < 100)))))))`,
    device({ name: { string: 'abc' } }),
    'operation cancelled: actual cost limit exceeded',
    85_555_551,
  ],
];

const matches = (text: string, given: SelectableDevice): boolean | string => {
  try {
    return compileDeviceSelector(text).matches(given);
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
};

describe('a selector of devices', () => {
  it.each(CASES)('%s', (text, given, outcome, cost) => {
    expect([matches(text, given), compileDeviceSelector(text).estimate()]).toEqual([outcome, cost]);
  });

  it.each([
    ['?!', /^compilation failed: ERROR: <input>:1:1: Syntax error: /],
    ['1', /^must evaluate to bool or the unknown type, not int$/],
    ['device.nothing', /undefined field 'nothing'/],
    ['device.allowMultipleAllocations == false', /undefined field 'allowMultipleAllocations'/],
  ])('%s is none', (text, message) => {
    expect(() => compileDeviceSelector(text)).toThrow(message);
  });

  it.each<[SelectableDevice, string]>([
    [named({ int: 1 }), "CEL result of type int could not be converted to bool: unsupported type conversion from 'int' to bool"],
    [
      named({ string: 'yes' }),
      "CEL result of type string could not be converted to bool: unsupported native conversion from string to 'bool'",
    ],
    [
      named({ version: '1.0.0' }),
      "CEL result of type kubernetes.Semver could not be converted to bool: type conversion error from 'Semver' to 'bool'",
    ],
    [named({}), 'attribute name: unsupported attribute value'],
    [named({ version: 'one' }), 'attribute name: parse semantic version: No Major.Minor.Patch elements found'],
  ])('that gives something else fails', (given, message) => {
    expect(matches(of('name'), given)).toBe(message);
  });
});
