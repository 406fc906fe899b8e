import { memberOf } from '../patch/json-value.ts';
import type { ApplyType, ListType, MapType } from './apply-type.ts';
import { equalValues } from './equal.ts';
import { asMember, type FieldSet, isEmpty, LEAF, setOf, union } from './field-set.ts';
import { asList, asMap, hasMembers, type ItemIndex, indexItems, inOrder, inStep, itemElement, namesOf, shapeOf } from './shape.ts';

/** What makes one object another. */
export interface Difference {
  /** Fields that are new or have another value. */
  readonly changed: FieldSet;
  /** Fields that are gone. */
  readonly removed: FieldSet;
}

export const NO_DIFFERENCE: Difference = { changed: LEAF, removed: LEAF };

/** The nodes of what differs at one place; undefined where nothing does. */
interface Nodes {
  readonly changed: FieldSet | undefined;
  readonly removed: FieldSet | undefined;
}

const CHANGED: Nodes = { changed: LEAF, removed: undefined };

/**
 * Compares two objects of a type. Parts that are the same value in memory cost nothing.
 *
 * @throws ApplyTypeError when items of a list cannot be told apart.
 */
export function compare(type: ApplyType, before: unknown, after: unknown): Difference {
  const nodes = compareValues(type, before, after);
  return nodes ? { changed: nodes.changed ?? LEAF, removed: nodes.removed ?? LEAF } : NO_DIFFERENCE;
}

function compareValues(type: ApplyType, before: unknown, after: unknown): Nodes | undefined {
  if (before === after) return undefined;
  if (before === undefined) return { changed: wholeOf(type, after), removed: undefined };
  if (after === undefined) return { changed: undefined, removed: wholeOf(type, before) };
  const shape = shapeOf(type, after);
  const former = shapeOf(type, before);
  const nodes = compareAs(shape, type, before, after);
  return former === shape ? nodes : joined(compareAs(former, type, before, after), nodes);
}

function joined(a: Nodes | undefined, b: Nodes | undefined): Nodes | undefined {
  if (!a || !b) return a ?? b;
  const join = (left: FieldSet | undefined, right: FieldSet | undefined) => (left && right ? joinNodes(left, right) : (left ?? right));
  return { changed: join(a.changed, b.changed), removed: join(a.removed, b.removed) };
}

function joinNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return asMember(b);
  if (isEmpty(b)) return asMember(a);
  return union(a, b);
}

function compareAs(shape: 'map' | 'scalar' | 'list', { map, list }: ApplyType, before: unknown, after: unknown): Nodes | undefined {
  if (shape === 'map' && map) {
    const [a, b] = [asMap(before), asMap(after)];
    if (!map.atomic && (hasMembers(a) || hasMembers(b))) return compareMaps(map, a, b);
  } else if (shape === 'list' && list) {
    const [a, b] = [asList(before), asList(after)];
    if (!list.atomic && (a.length > 0 || b.length > 0)) return compareLists(list, a, b);
  }
  return equalValues(before, after) ? undefined : CHANGED;
}

/** Gathers the nodes of members that come in order. */
class NodesBuilder {
  #changed: Record<string, FieldSet> | undefined;
  #removed: Record<string, FieldSet> | undefined;

  add(element: string, { changed, removed }: Nodes): void {
    if (changed !== undefined) {
      this.#changed ??= {};
      this.#changed[element] = changed;
    }
    if (removed !== undefined) {
      this.#removed ??= {};
      this.#removed[element] = removed;
    }
  }

  get nodes(): Nodes | undefined {
    return this.#changed || this.#removed ? { changed: this.#changed, removed: this.#removed } : undefined;
  }
}

function compareMaps(map: MapType, before: Record<string, unknown>, after: Record<string, unknown>): Nodes | undefined {
  const builder = new NodesBuilder();
  if (map.values === undefined) {
    for (const { name, element, type } of map.ordered) {
      const nodes = compareValues(type, before[name], after[name]);
      if (nodes) builder.add(element, nodes);
    }
    return builder.nodes;
  }
  for (const name of namesOf(before, after)) {
    if (map.unowned?.has(name)) continue;
    const type = map.fields.get(name)?.type ?? map.values;
    const nodes = compareValues(type, memberOf(before, name), memberOf(after, name));
    if (nodes) builder.add(`f:${name}`, nodes);
  }
  return builder.nodes;
}

function compareLists(list: ListType, before: readonly unknown[], after: readonly unknown[]): Nodes | undefined {
  return inStep(list, before, after) ? compareInStep(list, before, after) : compareIndexed(list, before, after);
}

/** Compares lists whose items are of the same elements, one by one; elements are spelled out only for items that differ. */
function compareInStep(list: ListType, before: readonly unknown[], after: readonly unknown[]): Nodes | undefined {
  const changed: [string, FieldSet][] = [];
  const removed: [string, FieldSet][] = [];
  for (let i = 0; i < after.length; i++) {
    const nodes = compareValues(list.items, before[i], after[i]);
    if (!nodes) continue;
    const element = itemElement(list, after[i]);
    if (nodes.changed) changed.push([element, nodes.changed]);
    if (nodes.removed) removed.push([element, nodes.removed]);
  }
  return nodesOf(changed, removed);
}

function compareIndexed(list: ListType, before: readonly unknown[], after: readonly unknown[]): Nodes | undefined {
  const [a, b] = [indexItems(list, before), indexItems(list, after)];
  const changed: [string, FieldSet][] = [];
  const removed: [string, FieldSet][] = [];
  const look = (element: string) => {
    const nodes = compareItems(list.items, a, b, element);
    if (nodes?.changed) changed.push([element, nodes.changed]);
    if (nodes?.removed) removed.push([element, nodes.removed]);
  };
  for (const element of a.elements) look(element);
  for (const element of b.elements) if (!a.first.has(element)) look(element);
  return nodesOf(changed, removed);
}

function nodesOf(changed: [string, FieldSet][], removed: [string, FieldSet][]): Nodes | undefined {
  if (changed.length === 0 && removed.length === 0) return undefined;
  return { changed: changed.length > 0 ? setOf(changed) : undefined, removed: removed.length > 0 ? setOf(removed) : undefined };
}

/** Items that share an element are one piece; where there were none such, or are none any more, their parts come or go with it. */
function compareItems(type: ApplyType, a: ItemIndex, b: ItemIndex, element: string): Nodes | undefined {
  const before = a.repeated.get(element);
  const after = b.repeated.get(element);
  if (before && after) return equalValues(before, after) ? undefined : CHANGED;
  if (before) {
    const item = b.first.get(element);
    return { changed: item === undefined ? undefined : wholeOf(type, item), removed: LEAF };
  }
  if (after) {
    const item = a.first.get(element);
    return { changed: LEAF, removed: item === undefined ? undefined : wholeOf(type, item) };
  }
  return compareValues(type, a.first.get(element), b.first.get(element));
}

/** The node of a value that is there as a whole: every field of it, at every level. */
export function wholeOf(type: ApplyType, value: unknown): FieldSet {
  const shape = shapeOf(type, value);
  if (shape === 'map' && type.map && !type.map.atomic) return wholeMap(type.map, asMap(value));
  if (shape === 'list' && type.list && !type.list.atomic) return wholeList(type.list, asList(value));
  return LEAF;
}

function wholeMap(map: MapType, value: Record<string, unknown>): FieldSet {
  let node: Record<string, FieldSet> | undefined;
  if (map.values === undefined) {
    for (const { name, element, type } of map.ordered) {
      const member = value[name];
      if (member === undefined) continue;
      node ??= { '.': LEAF };
      node[element] = wholeOf(type, member);
    }
    return node ?? LEAF;
  }
  for (const name of inOrder(Object.keys(value))) {
    const member = memberOf(value, name);
    if (member === undefined) continue;
    node ??= { '.': LEAF };
    node[`f:${name}`] = wholeOf(map.fields.get(name)?.type ?? map.values, member);
  }
  return node ?? LEAF;
}

function wholeList(list: ListType, items: readonly unknown[]): FieldSet {
  if (items.length === 0) return LEAF;
  const { elements, first, repeated } = indexItems(list, items);
  const nodes = elements.map((element): [string, FieldSet] => [
    element,
    repeated.has(element) ? LEAF : wholeOf(list.items, first.get(element)),
  ]);
  return { '.': LEAF, ...setOf(nodes) };
}
