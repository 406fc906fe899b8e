import { memberOf } from '../patch/json-value.ts';
import type { ApplyType, ListType, MapType } from './apply-type.ts';
import { asMember, EMPTY, type FieldSet, isEmpty, LEAF, setOf } from './field-set.ts';
import { asList, asMap, hasMembers, indexItems, shapeOf } from './shape.ts';

/**
 * The fields that an object names: its leaves, items of lists and entries of maps. A struct is only a way to its fields, unless there
 * are none.
 *
 * @throws ApplyTypeError when items of a list cannot be told apart.
 */
export function fieldSetOf(type: ApplyType, value: unknown): FieldSet {
  const shape = shapeOf(type, value);
  if (shape === 'map' && type.map && !type.map.atomic) return membersOf(type.map, asMap(value));
  if (shape === 'list' && type.list && !type.list.atomic) return itemsOf(type.list, asList(value));
  return EMPTY;
}

/** Whether a value is owned as a whole. */
function isLeaf(type: ApplyType, value: unknown): boolean {
  const shape = shapeOf(type, value);
  return shape === 'scalar' || (shape === 'map' ? type.map?.atomic : type.list?.atomic) === true;
}

function membersOf(map: MapType, value: Record<string, unknown>): FieldSet {
  const nodes: Record<string, FieldSet> = {};
  for (const name of Object.keys(value).sort()) {
    const member = memberOf(value, name);
    const declared = map.fields.get(name);
    const type = declared?.type ?? map.values;
    if (member === undefined || type === undefined || map.unowned?.has(name)) continue;
    const inner = fieldSetOf(type, member);
    const isEmptyMap = typeof member === 'object' && member !== null && !Array.isArray(member) && !hasMembers(asMap(member));
    if (!declared || member === null || isEmptyMap || isLeaf(type, member)) nodes[`f:${name}`] = isEmpty(inner) ? LEAF : asMember(inner);
    else if (!isEmpty(inner)) nodes[`f:${name}`] = inner;
  }
  return nodes;
}

function itemsOf(list: ListType, items: readonly unknown[]): FieldSet {
  const { elements, first, repeated } = indexItems(list, items);
  return setOf(
    elements.map((element) => {
      const inner = repeated.has(element) ? EMPTY : fieldSetOf(list.items, first.get(element));
      return [element, isEmpty(inner) ? LEAF : asMember(inner)];
    }),
  );
}
