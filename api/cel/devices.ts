// Expressions that choose devices (dynamic-resource-allocation, `cel/compile.go`): over `device`, with its driver, attributes and capacity.
import type { Device, DeviceAttribute } from '../resource/v1/resource-slice.ts';
import { ExpressionError, typeText } from './expression.ts';
import { EntryMap } from './language/collections.ts';
import { estimateCost, type Path } from './language/estimate.ts';
import type { Activation } from './language/frame.ts';
import { PlanError } from './language/plan.ts';
import { compile, Program } from './language/program.ts';
import { type Range, range } from './language/range.ts';
import { CompileError } from './language/source.ts';
import { ANY, BOOL, mapOf, STRING, struct } from './language/types.ts';
import { CelError, type CelMap, type CelValue, typeName } from './language/values.ts';
import { environmentOf } from './libraries/environment.ts';
import { estimateCall } from './libraries/estimates.ts';
import { QUANTITY_TYPE, quantityValue } from './libraries/quantities.ts';
import { semverValue } from './libraries/semvers.ts';
import { PER_CALL_LIMIT } from './limits.ts';

/** What a value of a device may hold at most: characters, or entries. */
interface Sized {
  readonly max: number;
  readonly fields?: Readonly<Record<string, Sized>> | undefined;
  readonly key?: Sized | undefined;
  readonly element?: Sized | undefined;
}

const ENTRIES_MAX = 32;
const DRIVER: Sized = { max: 63 };
const DOMAIN: Sized = { max: 63 };
const ID: Sized = { max: 32 };
const ATTRIBUTE: Sized = { max: 64 };
const mapSized = (key: Sized, element: Sized): Sized => ({ max: ENTRIES_MAX, key, element });

const DEVICE_SIZE: Sized = {
  max: 0,
  fields: {
    driver: DRIVER,
    attributes: mapSized(DOMAIN, mapSized(ID, ATTRIBUTE)),
    capacity: mapSized(DOMAIN, mapSized(ID, { max: 0 })),
  },
};

const DEVICE = struct('kubernetes.DRADevice');
const FIELDS: ReadonlyMap<string, typeof STRING> = new Map([
  ['driver', STRING],
  ['attributes', mapOf(STRING, mapOf(STRING, ANY))],
  ['capacity', mapOf(STRING, mapOf(STRING, QUANTITY_TYPE))],
]);

const ENVIRONMENT = {
  ...environmentOf(new Map([['device', DEVICE]]), {
    has: (name) => name === DEVICE.name,
    fieldType: (name, field) => (name === DEVICE.name ? FIELDS.get(field) : undefined),
  }),
  bindings: true,
};

/** How large what a path leads to can be; attributes all alike, whatever they are called. */
function sizeAt([root, ...path]: Path): Range | undefined {
  let at: Sized | undefined = root === 'device' ? DEVICE_SIZE : undefined;
  for (const step of path) {
    if (step === '@items' || step === '@values') at = at?.element;
    else if (step === '@keys') at = at?.key;
    else at = at?.fields?.[step] ?? (at?.element === ATTRIBUTE ? ATTRIBUTE : undefined);
  }
  return at && range(0, at.max);
}

/** A device as a selector sees it. */
export interface SelectableDevice {
  /** Stands for the domain in names of attributes and capacities that have none. */
  readonly driver: string;
  readonly attributes?: Device['attributes'];
  readonly capacity?: Device['capacity'];
}

/** A selector of devices, ready to run. */
export interface DeviceSelectorProgram {
  /** The most that it may cost, by estimate. */
  estimate(): number;
  /** @throws ExpressionError with upstream's text. */
  matches(device: SelectableDevice): boolean;
}

/**
 * Compiles a selector of devices.
 *
 * @throws ExpressionError with upstream's text.
 */
export function compileDeviceSelector(text: string): DeviceSelectorProgram {
  try {
    const checked = compile(text, ENVIRONMENT);
    const type = checked.typeOf(checked.root);
    if (type.kind !== 'bool' && type.kind !== 'any') {
      throw new ExpressionError(`must evaluate to ${BOOL.name} or the unknown type, not ${typeText(type)}`);
    }
    const program = new Program(checked, ENVIRONMENT, PER_CALL_LIMIT);
    return {
      estimate: () => estimateCost(checked, { size: sizeAt, call: estimateCall }).max,
      matches: (device) => booleanOf(program.evaluate(activationOf(device)).result),
    };
  } catch (error) {
    if (error instanceof CompileError) throw new ExpressionError(`compilation failed: ${error.message}`, { cause: error });
    if (error instanceof PlanError) throw new ExpressionError(`program instantiation failed: ${error.message}`, { cause: error });
    throw error;
  }
}

function booleanOf(result: CelValue | CelError): boolean {
  if (typeof result === 'boolean') return result;
  if (result instanceof CelError) throw new ExpressionError(result.message);
  throw new ExpressionError(`CEL result of type ${typeName(result)} could not be converted to bool: ${conversionError(result)}`);
}

function conversionError(value: CelValue): string {
  if (typeof value === 'bigint') return "unsupported type conversion from 'int' to bool";
  if (typeof value === 'string') return "unsupported native conversion from string to 'bool'";
  return `type conversion error from '${typeName(value).replace(/^kubernetes\./, '')}' to 'bool'`;
}

function activationOf({ driver, attributes, capacity }: SelectableDevice): Activation {
  const device = mapByText([
    ['driver', driver],
    ['attributes', byDomain(attributes, driver, attributeValue)],
    ['capacity', byDomain(capacity, driver, ({ value }) => known(quantityValue(value), 'capacity'))],
  ]);
  return (name) => (name === 'device' ? device : undefined);
}

/** Domains, each with what is in it: what has no domain is its driver's. */
function byDomain<T>(entries: Readonly<Record<string, T>> | undefined, driver: string, read: (entry: T, name: string) => CelValue): CelMap {
  const domains = new Map<string, [string, CelValue][]>();
  for (const [name, entry] of Object.entries(entries ?? {})) {
    const slash = name.indexOf('/');
    const domain = slash < 0 ? driver : name.slice(0, slash);
    const value = [name.slice(slash + 1), read(entry, name)] as [string, CelValue];
    const others = domains.get(domain);
    if (others) others.push(value);
    else domains.set(domain, [value]);
  }
  const map = new DomainMap();
  for (const [domain, values] of domains) map.set(domain, mapByText(values));
  return map;
}

function mapByText(entries: readonly (readonly [string, CelValue])[]): EntryMap {
  const map = new EntryMap();
  for (const [key, value] of entries) map.set(key, value);
  return map;
}

/** A domain that a device has nothing of is empty, not missing: `device.attributes["dra.example.com"].model` fails by the attribute. */
class DomainMap extends EntryMap {
  static readonly #empty = new EntryMap();

  override find(key: CelValue): CelValue {
    return super.find(key) ?? DomainMap.#empty;
  }

  override has(key: CelValue): boolean {
    return super.find(key) !== undefined;
  }
}

function attributeValue({ int, bool, string, version }: DeviceAttribute, name: string): CelValue {
  if (int !== undefined) return BigInt(int);
  if (bool !== undefined) return bool;
  if (string !== undefined) return string;
  if (version === undefined) throw new ExpressionError(`attribute ${name}: unsupported attribute value`);
  return known(semverValue(version), `attribute ${name}: parse semantic version`);
}

function known(value: CelValue | CelError, what: string): CelValue {
  if (value instanceof CelError) throw new ExpressionError(`${what}: ${value.message}`);
  return value;
}
