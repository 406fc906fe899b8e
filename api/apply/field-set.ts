// Sets of fields, in the form in which they are stored and answered: FieldsV1. A set is a tree of plain objects.
//
//     {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:data":{}}     .metadata.labels, .metadata.labels.app, .data
//
// 1. A node without members is a field of the set; one with members is a path to fields below, and a field itself if it has a ".".
// 2. Sets are never changed: operations make new ones that share what did not change, and answer their first operand itself when the
//    result equals it, so that `===` tells whether anything was taken away.
// 3. Members are in the order of their elements; operations keep it.
import { isObject } from '../patch/json-value.ts';
import { ApplyTypeError, compareElements, normalElement, showElement } from './path-element.ts';

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** The node of a field with nothing below it; as a set, the empty one. */
export const LEAF: FieldSet = Object.freeze({});
/** The set with nothing in it. */
export const EMPTY: FieldSet = LEAF;

const SELF = '.';
/** What {@link LEAF} stands for: a node that is a field. */
const MEMBER: FieldSet = Object.freeze({ [SELF]: LEAF });

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** A node with its "." spelled out, so that operations need not know of leaves. */
const open = (node: FieldSet): FieldSet => (isEmpty(node) ? MEMBER : node);

/** The node of what is left; undefined when that is nothing. */
function close(members: FieldSet): FieldSet | undefined {
  let count = 0;
  for (const _ in members) count++;
  if (count === 0) return undefined;
  return count === 1 && members[SELF] !== undefined ? LEAF : members;
}

/** Whether a node is itself in the set. */
export const isMember = (node: FieldSet): boolean => isEmpty(node) || node[SELF] !== undefined;

/** What is below a node, as a set of its own. */
export function below(node: FieldSet): FieldSet {
  if (node[SELF] === undefined) return node;
  const { [SELF]: _, ...rest } = node;
  return rest;
}

/** A node as it is once it is in the set as well. */
export const asMember = (node: FieldSet): FieldSet => (isMember(node) ? node : { [SELF]: LEAF, ...node });

/** Makes a set of nodes by element, in order. */
export function setOf(nodes: [element: string, node: FieldSet][]): FieldSet {
  if (nodes.length > 1) nodes.sort(([a], [b]) => compareElements(a, b));
  const set: Record<string, FieldSet> = {};
  for (const [element, node] of nodes) set[element] = node;
  return set;
}

/** The fields of both. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  let grown: Record<string, FieldSet> | undefined;
  let unordered = false;
  for (const element in b) {
    const other = b[element] ?? LEAF;
    const own = a[element];
    const node = own === undefined ? other : element === SELF ? own : joined(own, other);
    if (node === own) continue;
    grown ??= { ...a };
    unordered ||= own === undefined;
    grown[element] = node;
  }
  if (!grown) return a;
  return unordered ? ordered(grown) : grown;
}

function joined(own: FieldSet, other: FieldSet): FieldSet {
  const node = open(own);
  const all = union(node, open(other));
  return all === node ? own : (close(all) ?? LEAF);
}

function ordered(set: Readonly<Record<string, FieldSet>>): FieldSet {
  const elements = Object.keys(set);
  const sorted = elements.sort((a, b) => (a === SELF ? -1 : b === SELF ? 1 : compareElements(a, b)));
  const result: Record<string, FieldSet> = {};
  for (const element of sorted) result[element] = set[element] ?? LEAF;
  return result;
}

/** Combines the nodes of `a` with those of `b` at the same elements; `undefined` leaves one out. */
function combine(a: FieldSet, keep: (element: string, node: FieldSet) => FieldSet | undefined): FieldSet {
  let result: Record<string, FieldSet> | undefined;
  let kept = 0;
  for (const element in a) {
    const node = a[element] ?? LEAF;
    const left = keep(element, node);
    if (left === node && !result) {
      kept++;
      continue;
    }
    result ??= firstOf(a, kept);
    if (left !== undefined) result[element] = left;
  }
  return result ?? a;
}

function firstOf(set: FieldSet, count: number): Record<string, FieldSet> {
  const first: Record<string, FieldSet> = {};
  let left = count;
  for (const element in set) {
    if (left-- === 0) break;
    first[element] = set[element] ?? LEAF;
  }
  return first;
}

/** The fields of `a` that are not in `b`; a field's going does not take what is below it. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a;
  return combine(a, (element, node) => {
    const other = b[element];
    if (other === undefined) return node;
    if (element === SELF) return undefined;
    return same(node, difference(open(node), open(other)));
  });
}

/** The fields of `a` that are neither in `b` nor below a field of `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a;
  return combine(a, (element, node) => {
    const other = b[element];
    if (other === undefined) return node;
    if (isMember(other)) return undefined;
    return same(node, recursiveDifference(open(node), other));
  });
}

/** The fields that are in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(a)) return a;
  if (isEmpty(b)) return EMPTY;
  return combine(a, (element, node) => {
    const other = b[element];
    if (other === undefined) return undefined;
    if (element === SELF) return node;
    return same(node, intersection(open(node), open(other)));
  });
}

/** The node of what an operation on {@link open} left of a node: the node itself when that is everything. */
function same(node: FieldSet, left: FieldSet): FieldSet | undefined {
  return left === node || left === MEMBER ? node : close(left);
}

export const equalSets = (a: FieldSet, b: FieldSet): boolean => {
  if (a === b) return true;
  let count = 0;
  for (const element in a) {
    const other = b[element];
    if (other === undefined || !equalSets(a[element] ?? LEAF, other)) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
};

export function has(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) node = node?.[element];
  return node !== undefined && path.length > 0 && isMember(node);
}

/** The set of one field. */
export const setOfPath = (path: readonly string[]): FieldSet => path.reduceRight((node, element) => ({ [element]: node }), LEAF);

/** The set of fields, each as its names joined by dots: `['spec', 'metadata.labels']`. */
export const setOfNames = (names: readonly string[]): FieldSet =>
  names.reduce((set, name) => union(set, setOfPath(name.split('.').map((part) => `f:${part}`))), EMPTY);

/** Every field, a level's own before those below them. */
export function pathsOf(set: FieldSet): string[][] {
  const paths: string[][] = [];
  for (const [element, node] of Object.entries(set)) if (element !== SELF && isMember(node)) paths.push([element]);
  for (const [element, node] of Object.entries(set)) {
    if (element !== SELF) paths.push(...pathsOf(node).map((path) => [element, ...path]));
  }
  return paths;
}

/** A path as messages show it: `.spec.containers[name="a"].image`. */
export const showPath = (path: readonly string[]): string => path.map(showElement).join('');

/** Reads FieldsV1 that a client sent. @throws ApplyTypeError when it is none. */
export function parseFieldSet(raw: unknown): FieldSet {
  const members = raw === undefined || raw === null ? EMPTY : parseMembers(raw);
  return below(members);
}

function parseMembers(raw: unknown): FieldSet {
  if (raw === null) return EMPTY;
  if (!isObject(raw)) throw new ApplyTypeError('managedFields: expected a map');
  const nodes: Record<string, FieldSet> = {};
  for (const [given, value] of Object.entries(raw)) {
    if (given === SELF) {
      nodes[SELF] = LEAF;
      continue;
    }
    const element = normalElement(given);
    if (element === undefined) continue;
    const node = close(open(parseMembers(value))) ?? LEAF;
    const before = nodes[element];
    nodes[element] = before === undefined ? node : (close(union(open(before), open(node))) ?? LEAF);
  }
  return ordered(nodes);
}
