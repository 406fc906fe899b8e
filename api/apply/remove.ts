import { memberOf, setMember } from '../patch/json-value.ts';
import type { ApplyType, ListType, MapType } from './apply-type.ts';
import { asMember, below, type FieldSet, isEmpty, isMember } from './field-set.ts';
import { asList, asMap, hasMembers, itemElement, shapeOf } from './shape.ts';

/**
 * An object without the fields of a set. What holds nothing any more goes with its last part; a value owned as a whole, looked at for
 * something inside it, goes too.
 */
export function removeFields(type: ApplyType, value: unknown, fields: FieldSet): unknown {
  const shape = shapeOf(type, value);
  if (shape === 'map' && type.map) return removeFromMap(type.map, value, fields);
  if (shape === 'list' && type.list) return removeFromList(type.list, value, fields);
  return value;
}

function removeFromMap(map: MapType, value: unknown, fields: FieldSet): unknown {
  const members = asMap(value);
  if (map.atomic || !hasMembers(members)) return undefined;
  const left: Record<string, unknown> = {};
  for (const name of Object.keys(members)) {
    const member = memberOf(members, name);
    const node = fields[`f:${name}`];
    if (member === undefined || (node !== undefined && isMember(node))) continue;
    const type = map.fields.get(name)?.type ?? map.values;
    // What Go has nothing left of is written as null.
    setMember(left, name, node && type ? (removeFields(type, member, node) ?? null) : member);
  }
  return hasMembers(left) ? left : undefined;
}

function removeFromList(list: ListType, value: unknown, fields: FieldSet): unknown {
  const items = asList(value);
  if (list.atomic || items.length === 0) return undefined;
  const left: unknown[] = [];
  for (const item of items) {
    const node = fields[itemElement(list, item)];
    if (node === undefined) left.push(item);
    else if (!isMember(node)) left.push(removeFields(list.items, item, node) ?? null);
  }
  return left.length > 0 ? left : undefined;
}

/** A set in which every declared field that is on the way to another is a field itself. */
export function withNamedFields(type: ApplyType | undefined, set: FieldSet): FieldSet {
  if (isEmpty(set)) return set;
  const result: Record<string, FieldSet> = {};
  for (const [element, node] of Object.entries(set)) {
    if (element === '.' || isEmpty(node)) {
      result[element] = node;
      continue;
    }
    const name = element.startsWith('f:') ? element.slice(2) : undefined;
    const declared = name === undefined ? undefined : type?.map?.fields.get(name);
    const inner = name === undefined ? type?.list?.items : (declared?.type ?? type?.map?.values);
    const children = withNamedFields(inner, below(node));
    result[element] = declared || isMember(node) ? asMember(children) : children;
  }
  return result;
}
