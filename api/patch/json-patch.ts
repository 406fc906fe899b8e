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

type Container = JsonObject | unknown[];

/** A place in a document: a container, which may be changed, and a key in it. */
interface Place {
  readonly container: Container;
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
    const { op, path } = operation;
    switch (op) {
      case 'add':
        within(
          `error in add for path: '${path}'`,
          add,
          this.#find(path, `add operation does not apply: doc is missing path: "${path}"`),
          operation.value,
        );
        return;
      case 'remove':
        within(
          `error in remove for path: '${path}'`,
          remove,
          this.#find(path, `remove operation does not apply: doc is missing path: "${path}"`),
        );
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
        throw rejected(`Unexpected kind: ${op || 'unknown'}`);
    }
  }

  #replace({ path, value }: JsonPatchOperation): void {
    if (path === '') {
      if (typeof value !== 'object' || value === null) throw rejected('replace operation value must be object or array: %!w(<nil>)');
      this.#doc = value;
      return;
    }
    const { container, key } = this.#find(path, `replace operation does not apply: doc is missing path: ${path}`);
    if (!Array.isArray(container)) setMember(container, key, value);
    else {
      const index = placeIn(container, key);
      if (typeof index === 'string') throw rejected(`replace operation does not apply: doc is missing key: ${path}: ${MISSING}`);
      container[index] = value;
    }
  }

  #move({ from, path }: JsonPatchOperation): void {
    const source = this.#find(from, `move operation does not apply: doc is missing from path: ${from}`);
    const value = within(`error in move for path: '${source.key}'`, valueAt, source);
    within(`error in move for path: '${source.key}'`, remove, source);
    const target = this.#find(path, `move operation does not apply: doc is missing destination path: ${path}`);
    within(`error in move for path: '${path}'`, add, target, value);
  }

  #copy({ from, path }: JsonPatchOperation): void {
    const source = this.#find(from, `copy operation does not apply: doc is missing from path: ${from}`);
    const value = within(`error in copy for from: '${from}'`, valueAt, source);
    const target = this.#find(path, `copy operation does not apply: doc is missing destination path: ${path}`);
    this.#copied += stringifyJson(value ?? null).length;
    if (this.#copied > COPIED_MAX) {
      throw rejected(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.#copied}, exceeding the limit ${COPIED_MAX}`,
      );
    }
    within('error while adding value during copy', add, target, cloneJson(value));
  }

  #test({ path, value }: JsonPatchOperation): void {
    const find = () => this.#find(path, `test operation does not apply: is missing path: ${path}`);
    const actual = path === '' ? this.#doc : within(`error in test for path: '${path}'`, valueAt, find());
    if (!equalJson(actual ?? null, value)) throw rejected(`testing value ${path} failed: test failed`);
  }

  /**
   * Walks to the container of a path's last key, making every container on the way its own.
   *
   * @param missing what is said when there is none.
   */
  #find(path: string, missing: string): Place {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop();
    let container = last === undefined ? undefined : this.#take(this.#doc);
    if (last === undefined || !container) throw rejected(`${missing}: ${MISSING}`);
    this.#doc = container;
    for (const key of keys) {
      const inner: Container | undefined = this.#take(childOf(container, key));
      if (!inner) throw rejected(`${missing}: ${MISSING}`);
      if (Array.isArray(container)) container[indexIn(container, key)] = inner;
      else setMember(container, key, inner);
      container = inner;
    }
    return { container, key: last };
  }

  #take(value: unknown): Container | undefined {
    if (!Array.isArray(value) && !isObject(value)) return undefined;
    if (this.#own.has(value)) return value;
    const copy = Array.isArray(value) ? [...value] : { ...value };
    this.#own.add(copy);
    return copy;
  }
}

const MISSING = 'missing value';

/** Does one step; when that fails, `what` says for what it was. */
function within<A extends unknown[], T>(what: string, step: (...args: A) => T, ...args: A): T {
  try {
    return step(...args);
  } catch (error) {
    if (error instanceof StepError) throw rejected(`${what}: ${error.message}`);
    throw error;
  }
}

/** Why a step cannot be done, in the library's words. */
class StepError extends Error {
  override readonly name = 'StepError';
}

/** What is on the way to somewhere else; undefined when nothing is. */
function childOf(container: Container, key: string): unknown {
  if (!Array.isArray(container)) return memberOf(container, key);
  const index = placeIn(container, key);
  return typeof index === 'number' ? container[index] : undefined;
}

function valueAt({ container, key }: Place): unknown {
  return Array.isArray(container) ? container[indexIn(container, key)] : memberOf(container, key);
}

function add({ container, key }: Place, value: unknown): void {
  if (!Array.isArray(container)) setMember(container, key, value);
  else if (key === '-') container.push(value);
  else if (!NUMBER.test(key)) throw new StepError(`value was not a proper array index: '${key}': ${noNumber(key)}`);
  else container.splice(indexIn(container, key, container.length + 1), 0, value);
}

function remove({ container, key }: Place): void {
  if (Array.isArray(container)) {
    container.splice(indexIn(container, key), 1);
    return;
  }
  if (!Object.hasOwn(container, key)) throw new StepError(`Unable to remove nonexistent key: ${key}: ${MISSING}`);
  delete container[key];
}

const NUMBER = /^[+-]?\d{1,10}$/;

const noNumber = (key: string): string => `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;

/** The index that a key means in a list of so many places. Throws StepError. */
function indexIn(list: readonly unknown[], key: string, places = list.length): number {
  const place = placeIn(list, key, places);
  if (typeof place === 'string') throw new StepError(place);
  return place;
}

/** The index, or why there is none. */
function placeIn(list: readonly unknown[], key: string, places = list.length): number | string {
  if (!NUMBER.test(key)) return noNumber(key);
  const given = Number(key);
  const index = given < 0 ? given + places : given;
  return index < 0 || index >= places ? `Unable to access invalid index: ${given}: invalid index referenced` : index;
}
