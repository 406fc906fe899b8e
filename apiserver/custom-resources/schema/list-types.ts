import { type FieldError, fieldError, type JSONSchemaProps, stringifyJson } from '../../../api/index.ts';
import { inGoOrder, isObject, type JsonObject } from '../../../api/schema.ts';
import { childPath } from './embedded.ts';
import { additionalOf, anyStructural, itemsOf, propertiesOf } from './structural.ts';

type Validate = (value: unknown, path: string) => FieldError[];

const LIST_TYPE = 'x-kubernetes-list-type';

const isSetOrMap = (schema: JSONSchemaProps): boolean => schema[LIST_TYPE] === 'set' || schema[LIST_TYPE] === 'map';

/**
 * Compiles the check that sets and maps, which are lists, have each item once: upstream's `ValidateListSetsAndMaps`.
 *
 * @returns undefined where there are none.
 */
export function compileListTypes(schema: JSONSchemaProps): Validate | undefined {
  if (!anyStructural(schema, isSetOrMap)) return undefined;
  const checkList = listCheck(schema);
  const items = itemsOf(schema);
  const item = items && compileListTypes(items);
  const fields = propertiesOf(schema).flatMap(([name, child]) => {
    const validate = compileListTypes(child);
    return validate ? [{ name, validate }] : [];
  });
  const more = additionalOf(schema);
  const values = more && compileListTypes(more);
  return (value, path) => {
    if (Array.isArray(value)) {
      const inner = item ? value.flatMap((element, i) => item(element, `${path}[${i}]`)) : [];
      return checkList ? [...checkList(value, path), ...inner] : inner;
    }
    if (!isObject(value)) return [];
    return [
      ...(values ? Object.keys(value).flatMap((key) => values(value[key], `${path}[${key}]`)) : []),
      ...fields.flatMap(({ name, validate }) => (Object.hasOwn(value, name) ? validate(value[name], childPath(path, name)) : [])),
    ];
  };
}

type ListCheck = (list: readonly unknown[], path: string) => FieldError[];

function listCheck(schema: JSONSchemaProps): ListCheck | undefined {
  if (schema[LIST_TYPE] === 'set') {
    return (list, path) => repeated(list).map((i) => fieldError.duplicate(`${path}[${i}]`, inGoOrder(list[i])));
  }
  if (schema[LIST_TYPE] !== 'map') return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return (list, path) => {
    if (haveDifferentKeys(list, keys)) return [];
    const odd = list.findIndex((item) => item !== null && !isObject(item));
    if (odd >= 0) return [fieldError.invalid(`${path}[${odd}]`, list[odd], 'must be an object for an array of list-type map')];
    const identities = list.map((item) => identityOf(item, keys));
    return repeated(identities).map((i) => fieldError.duplicate(`${path}[${i}]`, inGoOrder(identities[i])));
  };
}

/** The keys of an item of a map that it has. */
function identityOf(item: unknown, keys: readonly string[]): JsonObject {
  if (!isObject(item)) return {};
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]));
}

/** Where a list says for the second time what it has said before. */
function repeated(list: readonly unknown[]): number[] {
  if (list.length < 2) return [];
  const identities = list.map(identify);
  if (new Set(identities).size === list.length) return [];
  const times = new Map<unknown, number>();
  return identities.flatMap((identity, i) => {
    const seen = (times.get(identity) ?? 0) + 1;
    times.set(identity, seen);
    return seen === 2 ? [i] : [];
  });
}

/** What two equal values have in common, and no others. */
function identify(value: unknown): unknown {
  if (typeof value === 'string') return `"${value}`;
  return typeof value === 'object' && value !== null ? stringifyJson(inGoOrder(value)) : value;
}

/** Whether the items of a map all have different keys, as far as that is quickly seen. */
function haveDifferentKeys(list: readonly unknown[], keys: readonly string[]): boolean {
  const [key, ...others] = keys;
  if (key === undefined || others.length > 0) return false;
  const seen = new Set<string>();
  for (const item of list) {
    const value = isObject(item) ? item[key] : undefined;
    if (typeof value !== 'string') return false;
    seen.add(value);
  }
  return seen.size === list.length;
}
