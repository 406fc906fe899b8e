import { memberOf, setMember } from '../patch/json-value.ts';
import type { ApplyType, ListType, MapType } from './apply-type.ts';
import { asList, asMap, hasMembers, type ItemIndex, indexItems, itemElement, namesOf, shapeOf } from './shape.ts';

/**
 * Lays a configuration over an object: what it names wins, part by part; what it does not name stays. Neither is changed; parts are shared.
 *
 * @throws ApplyTypeError when items of a list cannot be told apart.
 */
export function merge(type: ApplyType, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  const shape = shapeOf(type, config);
  if (shape === 'map' && type.map && !type.map.atomic) return mergeMaps(type.map, live, config);
  if (shape === 'list' && type.list && !type.list.atomic) return mergeLists(type.list, live, config);
  return config;
}

function mergeMaps(map: MapType, live: unknown, config: unknown): unknown {
  const [a, b] = [asMap(live), asMap(config)];
  if (!hasMembers(a) && !hasMembers(b)) return config;
  const merged: Record<string, unknown> = {};
  for (const name of namesOf(a, b)) {
    const type = map.fields.get(name)?.type ?? map.values;
    const value = type ? merge(type, memberOf(a, name), memberOf(b, name)) : (memberOf(b, name) ?? memberOf(a, name));
    if (value !== undefined) setMember(merged, name, value);
  }
  return hasMembers(merged) ? merged : undefined;
}

/**
 * Items of both lists are merged. They come in the configuration's order; items that only the live list has stay where they were
 * between those that both have.
 *
 *     live    a b c d      config    d x b      merged    a c d x b
 */
function mergeLists(list: ListType, live: unknown, config: unknown): unknown {
  const [a, b] = [asList(live), asList(config)];
  if (a.length === 0 && b.length === 0) return config;
  const [left, right] = [indexItems(list, a), indexItems(list, b)];
  const merged = new ListMerge(list, { live: a, left, right }).run();
  return merged.length > 0 ? merged : undefined;
}

interface ListSides {
  readonly live: readonly unknown[];
  readonly left: ItemIndex;
  readonly right: ItemIndex;
}

/** One walk along two lists. */
class ListMerge {
  readonly #list: ListType;
  readonly #sides: ListSides;
  /** The live list's elements; those that repeat come as often as they do. */
  readonly #leftElements: readonly string[];
  readonly #rightElements: readonly string[];
  /** Elements of both, in the configuration's order. */
  readonly #shared: string[];
  readonly #done = new Set<string>();
  readonly #merged: unknown[] = [];
  #leftAt = 0;
  #rightAt = 0;

  constructor(list: ListType, sides: ListSides) {
    this.#list = list;
    this.#sides = sides;
    this.#leftElements = sides.left.repeated.size === 0 ? sides.left.elements : sides.live.map((item) => itemElement(list, item));
    this.#rightElements = sides.right.elements;
    this.#shared = sides.right.elements.filter((element) => sides.left.first.has(element));
  }

  run(): unknown[] {
    while (this.#leftAt < this.#leftElements.length || this.#rightAt < this.#rightElements.length) this.#step();
    return this.#merged;
  }

  #step(): void {
    const left = this.#leftElements[this.#leftAt];
    const right = this.#rightElements[this.#rightAt];
    if (left !== undefined && right !== undefined) {
      if (left === right) {
        this.#takeRight(right);
        this.#leftAt++;
        return;
      }
      const [next] = this.#shared;
      // An item of both, but not the one whose turn it is.
      if (this.#sides.right.first.has(left) && next !== undefined && next !== left) {
        this.#leftAt++;
        return;
      }
    }
    if (left !== undefined && !this.#sides.right.first.has(left)) {
      this.#merged.push(this.#sides.live[this.#leftAt]);
      this.#leftAt++;
      return;
    }
    if (left !== undefined && this.#done.has(left)) this.#leftAt++;
    if (right !== undefined) this.#takeRight(right);
  }

  #takeRight(element: string): void {
    const { left, right } = this.#sides;
    const live = left.repeated.has(element) ? undefined : left.first.get(element);
    const value = merge(this.#list.items, live, right.first.get(element));
    if (value !== undefined) this.#merged.push(value);
    this.#done.add(element);
    this.#rightAt++;
    if (this.#shared[0] === element) this.#shared.shift();
  }
}
