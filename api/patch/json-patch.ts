// JSON patch (RFC 6902), with the ways of the library that upstream uses: negative indices count from the end, `replace` may name
// a member that is not there, and a path need not start with a slash.
import { stringifyJson } from '../json.ts';
import { cloneJson, equalJson, isObject, type JsonObject, memberOf, setMember, sorted } from './json-value.ts';
import { PatchError, rejected } from './patch-error.ts';

export interface JsonPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from: string;
  readonly value: unknown;
}

const OPERATIONS_MAX = 10_000;
/** How many characters all `copy` operations of a patch may copy. */
const COPIED_MAX = 3 * 1024 * 1024;
const FIELDS: readonly string[] = ['op', 'path', 'from', 'value'];

/**
 * Applies a JSON patch. The input is not changed; the result shares with it whatever the patch leaves alone.
 *
 * @param patch the parsed body.
 * @throws PatchError 400 if the body is no patch, 413 if it is too long, 422 if an operation fails.
 */
export function applyJsonPatch(doc: unknown, patch: unknown): unknown {
  const operations = decodeJsonPatch(patch).operations;
  const patcher = new JsonPatcher(doc);
  for (const operation of operations) patcher.apply(operation);
  return patcher.doc;
}

/** Checks the shape of a JSON patch; `unknown` lists its superfluous members as strict decoding reports them. Throws PatchError. */
export function decodeJsonPatch(patch: unknown): { operations: JsonPatchOperation[]; unknown: string[] } {
  if (patch === null) return { operations: [], unknown: [] };
  if (!Array.isArray(patch)) throw undecodable(patch, 'value of type []handlers.jsonPatchOp');
  if (patch.length > OPERATIONS_MAX) {
    const message = `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${patch.length}`;
    throw new PatchError(413, `Request entity too large: ${message}`);
  }
  const unknown: string[] = [];
  const operations = patch.map((raw: unknown, index): JsonPatchOperation => {
    if (raw !== null && !isObject(raw)) throw undecodable(raw, 'value of type handlers.jsonPatchOp');
    const operation = raw ?? {};
    for (const key of Object.keys(operation)) {
      if (!FIELDS.includes(key)) unknown.push(`json patch unknown field ${JSON.stringify(`[${index}].${key}`)}`);
    }
    return {
      op: textOf(operation, 'op'),
      path: textOf(operation, 'path'),
      from: textOf(operation, 'from'),
      value: memberOf(operation, 'value') ?? null,
    };
  });
  return { operations, unknown };
}

function textOf(operation: JsonObject, field: string): string {
  const value = memberOf(operation, field) ?? '';
  if (typeof value !== 'string') throw undecodable(value, `struct field jsonPatchOp.${field} of type string`);
  return value;
}

/** The 400 for a body of the wrong type; `wanted` follows "into Go". */
export function undecodable(value: unknown, wanted: string): PatchError {
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'number' : typeof value;
  return new PatchError(400, `error decoding patch: json: cannot unmarshal ${type} into Go ${wanted}`);
}

/** A place in a document: a container, which may be changed, and a key in it. */
interface Place {
  readonly container: JsonObject | unknown[];
  readonly key: string;
}

class JsonPatcher {
  #doc: unknown;
  #copied = 0;
  /** Containers that are this patcher's own, and so may be changed in place. */
  readonly #own = new WeakSet<object>();

  constructor(doc: unknown) {
    this.#doc = doc;
  }

  /** What has come of the document; the members of every object that was taken apart are sorted, as Go writes them. */
  get doc(): unknown {
    return this.#finish(this.#doc);
  }

  #finish(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || !this.#own.has(value)) return value;
    if (Array.isArray(value)) return value.map((item: unknown) => this.#finish(item));
    const object: JsonObject = {};
    for (const [key, member] of Object.entries(value)) setMember(object, key, this.#finish(member));
    return sorted(object);
  }

  apply(operation: JsonPatchOperation): void {
    switch (operation.op) {
      case 'add':
        add(this.#find(operation.path), operation.value);
        return;
      case 'remove':
        remove(this.#find(operation.path));
        return;
      case 'replace':
        this.#replace(operation);
        return;
      case 'move':
        this.#move(operation);
        return;
      case 'copy':
        this.#copy(operation);
        return;
      case 'test':
        this.#test(operation);
        return;
      default:
        throw rejected();
    }
  }

  #replace({ path, value }: JsonPatchOperation): void {
    if (path === '') {
      if (typeof value !== 'object' || value === null) throw rejected();
      this.#doc = value;
      return;
    }
    const { container, key } = this.#find(path);
    if (Array.isArray(container)) container[indexIn(container, key)] = value;
    else setMember(container, key, value);
  }

  #move({ from, path }: JsonPatchOperation): void {
    const source = this.#find(from);
    const value = valueAt(source);
    remove(source);
    add(this.#find(path), value);
  }

  #copy({ from, path }: JsonPatchOperation): void {
    const value = valueAt(this.#find(from));
    this.#copied += stringifyJson(value ?? null).length;
    if (this.#copied > COPIED_MAX) throw rejected();
    add(this.#find(path), cloneJson(value));
  }

  #test({ path, value }: JsonPatchOperation): void {
    const actual = path === '' ? this.#doc : valueAt(this.#find(path));
    if (!equalJson(actual ?? null, value)) throw rejected();
  }

  /** Walks to the container of a path's last key, making every container on the way its own. */
  #find(path: string): Place {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop();
    if (last === undefined) throw rejected();
    let container = this.#take(this.#doc);
    this.#doc = container;
    for (const key of keys) {
      const inner = this.#take(valueAt({ container, key }));
      if (Array.isArray(container)) container[indexIn(container, key)] = inner;
      else setMember(container, key, inner);
      container = inner;
    }
    return { container, key: last };
  }

  #take(value: unknown): JsonObject | unknown[] {
    if (!Array.isArray(value) && !isObject(value)) throw rejected();
    if (this.#own.has(value)) return value;
    const copy = Array.isArray(value) ? [...value] : { ...value };
    this.#own.add(copy);
    return copy;
  }
}

function valueAt({ container, key }: Place): unknown {
  return Array.isArray(container) ? container[indexIn(container, key)] : memberOf(container, key);
}

function add({ container, key }: Place, value: unknown): void {
  if (!Array.isArray(container)) setMember(container, key, value);
  else if (key === '-') container.push(value);
  else container.splice(indexIn(container, key, container.length + 1), 0, value);
}

function remove({ container, key }: Place): void {
  if (Array.isArray(container)) {
    container.splice(indexIn(container, key), 1);
    return;
  }
  if (!Object.hasOwn(container, key)) throw rejected();
  delete container[key];
}

/** The index that a key means in a list of so many places. Throws PatchError. */
function indexIn(list: readonly unknown[], key: string, places = list.length): number {
  if (!/^[+-]?\d{1,10}$/.test(key)) throw rejected();
  const given = Number(key);
  const index = given < 0 ? given + places : given;
  if (index < 0 || index >= places) throw rejected();
  return index;
}
