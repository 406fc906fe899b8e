// Caches of many objects are mostly repetition: the pods of a ReplicaSet have the same containers, volumes and tolerations. Since cached
// objects are never changed, equal parts can be one part, and equal texts one text. A pod of 6 KB takes some 2 KB then.
//
// - `share`, for an object that is new, finds parts equal to those of any other, by a table of what was seen lately;
// - `adopt`, for an object that changed, finds parts equal to those of its last version. So `old.spec === object.spec` tells at once that
//   nothing changed there. What did change is shared as if it were new.
import { SHARED_TEXT_LENGTH_MIN, SharedTexts } from '../runtime/index.ts';

/** Parts remembered; twice that in all. Older ones are forgotten, which costs memory and nothing else. */
const GENERATION_MAX = 10_000;
/** A part with a longer text in it is hardly the same anywhere else. */
const TEXT_LENGTH_MAX = 128;
/** Characters of a text that count for its hash. */
const TEXT_HASHED_MAX = 24;
/** What stands for a part that is not to be shared. */
const UNSHARED = -1;

type Fields = Record<string, unknown>;
type Tree = Fields | unknown[];

/** Makes equal parts of many JSON objects one. */
export class StructureSharing {
  #young = new Map<number, Tree>();
  #old = new Map<number, Tree>();
  readonly #texts = new SharedTexts();

  /** Replaces parts of the object by equal ones seen before. The object itself and its fields' values stay its own, their parts may not. */
  share<T extends object>(object: T): T {
    for (const field of Object.values(object)) {
      if (!isTree(field)) continue;
      this.#shareParts(field);
      this.#shareTexts(field);
    }
    return object;
  }

  /** Replaces parts of `next` by equal ones of `last`, and what is new by what was seen before. @returns `last` itself when all is equal. */
  adopt<T>(next: T, last: T): T {
    if (next === last || !isTree(next) || !isTree(last)) return next;
    if (Array.isArray(next)) return Array.isArray(last) && this.#adoptItems(next, last) ? last : next;
    return !Array.isArray(last) && this.#adoptFields(next, last) ? last : next;
  }

  #adoptItems(next: unknown[], last: unknown[]): boolean {
    let same = next.length === last.length;
    for (let i = 0; i < next.length; i++) if (!this.#adoptPart(next, i, last[i])) same = false;
    return same;
  }

  #adoptFields(next: Fields, last: Fields): boolean {
    let same = true;
    for (const key in next) if (!this.#adoptPart(next, key, key === '__proto__' ? undefined : last[key])) same = false;
    return same && sizeOf(next) === sizeOf(last);
  }

  /** @returns whether the part is the same as before. */
  #adoptPart(next: Tree, key: string | number, before: unknown): boolean {
    const value = at(next, key);
    if (value === before) {
      // Texts that read alike are two all the same.
      if (typeof value === 'string' && value.length > SHARED_TEXT_LENGTH_MIN) setAt(next, key, before);
      return true;
    }
    if (isTree(value)) {
      if (!isTree(before)) this.#sharePart(value, next, key);
      else if (this.adopt(value, before) === before) setAt(next, key, before);
    } else {
      this.#shareText(next, key);
    }
    return at(next, key) === before;
  }

  /** @returns a hash of the tree's values, whose parts are the shared ones by then; or UNSHARED. Keys need not count: they are compared. */
  #shareParts(tree: Tree): number {
    let hash = 0x811c9dc5;
    let shared = true;
    const take = (part: number) => {
      if (part === UNSHARED) shared = false;
      hash = Math.imul(hash ^ part, 0x01000193) ^ (hash >>> 15);
    };
    if (Array.isArray(tree)) {
      for (let i = 0; i < tree.length; i++) {
        const value = tree[i];
        take(isTree(value) ? this.#sharePart(value, tree, i) : hashOf(value));
      }
    } else {
      for (const key in tree) {
        const value = tree[key];
        take(isTree(value) ? this.#sharePart(value, tree, key) : hashOf(value));
      }
    }
    return shared ? hash >>> 0 : UNSHARED;
  }

  #sharePart(part: Tree, parent: Tree, key: string | number): number {
    const hash = this.#shareParts(part);
    const shared = hash === UNSHARED ? part : this.#find(hash, part);
    if (shared === part) this.#shareTexts(part);
    else setAt(parent, key, shared);
    return hash;
  }

  #shareTexts(tree: Tree): void {
    if (Array.isArray(tree)) {
      for (let i = 0; i < tree.length; i++) this.#shareText(tree, i);
    } else {
      for (const key in tree) this.#shareText(tree, key);
    }
  }

  #shareText(tree: Tree, key: string | number): void {
    const value = at(tree, key);
    if (typeof value === 'string' && value.length > SHARED_TEXT_LENGTH_MIN) setAt(tree, key, this.#texts.share(value));
  }

  #find(hash: number, part: Tree): Tree {
    const young = this.#young.get(hash);
    if (young && sameParts(young, part)) return young;
    const old = this.#old.get(hash);
    const known = old && sameParts(old, part) ? old : part;
    if (this.#young.size >= GENERATION_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(hash, known);
    return known;
  }
}

/** Whether both have the very same parts under the same keys. */
function sameParts(a: Tree, b: Tree): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((value, i) => value === b[i]);
  if (Array.isArray(b)) return false;
  for (const key in a) if (a[key] !== b[key]) return false;
  return sizeOf(a) === sizeOf(b);
}

function sizeOf(fields: Fields): number {
  let size = 0;
  for (const _ in fields) size++;
  return size;
}

function hashOf(value: unknown): number {
  if (typeof value === 'string') return value.length > TEXT_LENGTH_MAX ? UNSHARED : hashOfText(value);
  return typeof value === 'number' ? Math.floor(value) >>> 0 : value === true ? 1 : 2;
}

/** Of the last characters: names differ at their end. */
function hashOfText(text: string): number {
  let hash = text.length;
  for (let i = Math.max(0, text.length - TEXT_HASHED_MAX); i < text.length; i++) hash = Math.imul(hash, 31) + text.charCodeAt(i);
  return hash >>> 0;
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

const at = (tree: Tree, key: string | number): unknown => (Array.isArray(tree) ? tree[Number(key)] : tree[key]);

/** Leaves alone what a transform has put in frozen: that is shared already. */
function setAt(tree: Tree, key: string | number, value: unknown): void {
  if (Object.isFrozen(tree)) return;
  if (Array.isArray(tree)) tree[Number(key)] = value;
  else tree[key] = value;
}
