/**
 * Which of many ranges a key is in, without looking at them all: single keys in a map, the others in an interval tree, that is a tree ordered
 * by first key in which each node knows the largest end below it.
 *
 * ```
 *                 [/c /f)  largest end /z          the ranges that /d is in: on the left all whose subtree ends above /d,
 *               /          \                       here if it begins at or before /d, and only then on the right
 *      [/a /z)              [/e /g)
 *   largest end /z         largest end /g
 * ```
 *
 * It is kept flat by chance: a node is above another when its priority, a hash of the range, is larger (a treap).
 *
 * Invariants: 1. nodes ascend by name from left to right; 2. priorities do not grow downwards; 3. `endMax` is the largest end of the node and
 * what is below it.
 */
import { crc32 } from 'node:zlib';
import type { KeyRange } from '../store.ts';

type Interval = KeyRange & { readonly end: string };

interface Node<T> {
  readonly name: string;
  readonly interval: Interval;
  readonly item: T;
  readonly priority: number;
  left: Node<T> | undefined;
  right: Node<T> | undefined;
  endMax: string;
}

/** Ranges, each with an item; a range is in it once. */
export class RangeIndex<T> {
  readonly #keys = new Map<string, T>();
  #root: Node<T> | undefined;

  get(range: KeyRange): T | undefined {
    if (!isInterval(range)) return this.#keys.get(range.key);
    const name = nameOf(range);
    let node = this.#root;
    while (node && node.name !== name) node = name < node.name ? node.left : node.right;
    return node?.item;
  }

  /** Adds a range that is not there. */
  add(range: KeyRange, item: T): void {
    if (!isInterval(range)) {
      this.#keys.set(range.key, item);
      return;
    }
    const name = nameOf(range);
    const node: Node<T> = {
      name,
      interval: range,
      item,
      priority: crc32(name),
      left: undefined,
      right: undefined,
      endMax: range.end,
    };
    this.#root = insert(this.#root, node);
  }

  delete(range: KeyRange): void {
    if (isInterval(range)) this.#root = remove(this.#root, nameOf(range));
    else this.#keys.delete(range.key);
  }

  /** Calls `found` with the item of each range that a key is in. */
  visit(key: string, found: (item: T) => void): void {
    const item = this.#keys.get(key);
    if (item !== undefined) found(item);
    if (this.#root) stab(this.#root, key, found);
  }

  *items(): Generator<T> {
    yield* this.#keys.values();
    yield* walk(this.#root);
  }
}

const isInterval = (range: KeyRange): range is Interval => range.end !== undefined;

/** Keys hold no NUL: names sort by first key, then by end. */
const nameOf = ({ key, end }: Interval): string => `${key}\0${end}`;

function stab<T>(node: Node<T>, key: string, found: (item: T) => void): void {
  if (node.endMax <= key) return;
  if (node.left) stab(node.left, key, found);
  const { interval, right } = node;
  if (interval.key > key) return;
  if (interval.end > key) found(node.item);
  if (right) stab(right, key, found);
}

function* walk<T>(node: Node<T> | undefined): Generator<T> {
  if (!node) return;
  yield* walk(node.left);
  yield node.item;
  yield* walk(node.right);
}

/** Sets `endMax` after a change below. */
function measured<T>(node: Node<T>): Node<T> {
  let { end } = node.interval;
  if (node.left && node.left.endMax > end) end = node.left.endMax;
  if (node.right && node.right.endMax > end) end = node.right.endMax;
  node.endMax = end;
  return node;
}

function insert<T>(root: Node<T> | undefined, node: Node<T>): Node<T> {
  if (!root) return node;
  if (node.priority > root.priority) {
    [node.left, node.right] = split(root, node.name);
    return measured(node);
  }
  if (node.name < root.name) root.left = insert(root.left, node);
  else root.right = insert(root.right, node);
  return measured(root);
}

/** What is below a name, and what is above it. */
function split<T>(root: Node<T> | undefined, name: string): [Node<T> | undefined, Node<T> | undefined] {
  if (!root) return [undefined, undefined];
  if (root.name < name) {
    const [left, right] = split(root.right, name);
    root.right = left;
    return [measured(root), right];
  }
  const [left, right] = split(root.left, name);
  root.left = right;
  return [left, measured(root)];
}

function remove<T>(root: Node<T> | undefined, name: string): Node<T> | undefined {
  if (!root) return undefined;
  if (root.name === name) return join(root.left, root.right);
  if (name < root.name) root.left = remove(root.left, name);
  else root.right = remove(root.right, name);
  return measured(root);
}

/** @param left all of it is below all of `right`. */
function join<T>(left: Node<T> | undefined, right: Node<T> | undefined): Node<T> | undefined {
  if (!left || !right) return left ?? right;
  if (left.priority > right.priority) {
    left.right = join(left.right, right);
    return measured(left);
  }
  right.left = join(left, right.left);
  return measured(right);
}
