// Strategic merge patch (apimachinery, `pkg/util/strategicpatch`): a merge patch that knows from the schema which lists are keyed.
//
//   $patch: replace | delete | merge             what to do with the object it stands in
//   $retainKeys: [a, b]                          drop every other member
//   $deleteFromPrimitiveList/NAME: [x]           take values out of the list NAME
//   $setElementOrder/NAME: [x] or [{KEY: x}]     the order of the list NAME
import type { FieldType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';
import { undecodable } from './json-patch.ts';
import { cloneJson, goFormat, goFormatText, goTypeName, isObject, type JsonObject, memberOf, setMember } from './json-value.ts';
import { PatchError } from './patch-error.ts';
import { checkOrder, deleteFrom, elementKind, inOrder, mergeKeyMissing, partition, withoutDuplicates } from './strategic-lists.ts';
import { itemRuleOf, kindOf, type MergeRule, ruleOf } from './strategic-schema.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_PREFIX = '$deleteFromPrimitiveList';
const ORDER_PREFIX = '$setElementOrder';

/**
 * Applies a strategic merge patch. The input is not changed; the result shares with it whatever the patch leaves alone.
 *
 * @param patch the parsed body.
 * @throws PatchError with upstream's text.
 */
export function applyStrategicMergePatch(message: AnyMessage, doc: unknown, patch: unknown): unknown {
  if (patch === null) return doc;
  if (!isObject(patch))
    throw new PatchError(400, undecodable(patch, 'value of type map[string]interface {}').message.slice('error decoding patch: '.length));
  return mergeObjects(isObject(doc) ? doc : {}, cloneJson(patch), { kind: 'message', message });
}

/** Merges a patch, which is used up, into a copy of an object. */
function mergeObjects(doc: JsonObject, patch: JsonObject, type: FieldType): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return replaceOrDelete(patch);
  const merged = retainKeys({ ...doc }, patch);
  mergeOrderedLists(merged, patch, type);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM_PREFIX)) deleteFromList(merged, listName(key, DELETE_FROM_PREFIX), { value, type });
    else mergeMember(merged, key, { value, type });
  }
  return merged;
}

function replaceOrDelete(patch: JsonObject): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive === 'delete') return {};
  if (directive !== 'replace') throw new PatchError(500, `unknown patch type: ${goFormatText(directive)} in map: ${goFormat(patch)}`);
  delete patch[DIRECTIVE];
  return patch;
}

function retainKeys(merged: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return merged;
  const retained = patch[RETAIN_KEYS];
  delete patch[RETAIN_KEYS];
  const wrong = new PatchError(400, 'invalid patch format of retainKeys');
  if (!Array.isArray(retained)) throw wrong;
  const keys = new Set<unknown>(retained);
  for (const [key, value] of Object.entries(patch)) {
    const directive = key.startsWith(DELETE_FROM_PREFIX) || key.startsWith(ORDER_PREFIX);
    if (value !== null && !directive && !keys.has(key)) throw wrong;
  }
  for (const key of Object.keys(merged)) if (!keys.has(key)) delete merged[key];
  return merged;
}

/** A member of a patch, and the type of the object it is for. */
interface PatchMember {
  readonly value: unknown;
  readonly type: FieldType;
}

function mergeMember(merged: JsonObject, key: string, { value, type }: PatchMember): void {
  if (value === null) {
    delete merged[key];
    return;
  }
  const present = memberOf(merged, key);
  if (isObject(present) && isObject(value)) {
    const rule = ruleOf(type, key);
    setMember(merged, key, rule.strategy === 'replace' ? value : mergeObjects(present, value, rule.type));
  } else if (Array.isArray(present) && Array.isArray(value)) {
    const rule = itemRuleOf(type, key);
    setMember(merged, key, rule.strategy === 'merge' ? mergeLists([...present], value, rule) : value);
  } else {
    const plain = withoutDirectives(withoutNulls(value));
    if (plain === undefined) delete merged[key];
    else setMember(merged, key, plain);
  }
}

function deleteFromList(merged: JsonObject, key: string, { value, type }: PatchMember): void {
  if (value === null) {
    delete merged[key];
    return;
  }
  const present = memberOf(merged, key);
  if (!Array.isArray(present) || !Array.isArray(value)) return;
  const rule = itemRuleOf(type, key);
  if (present.length === 0 && value.length === 0) return;
  const elements = elementKind([present, value]);
  if (elements === 'object') setMember(merged, key, mergeLists([...present], value, rule));
  else setMember(merged, key, deleteFrom(present, value));
}

function listName(key: string, prefix: string): string {
  const slash = key.indexOf('/');
  if (slash >= 0 && key.slice(0, slash) === prefix) return key.slice(slash + 1);
  throw new PatchError(400, `invalid patch format of ${prefix === ORDER_PREFIX ? 'setElementOrder' : 'primitive'} list`);
}

/** Handles each `$setElementOrder` together with the list it is for; both are taken out of the patch. */
function mergeOrderedLists(merged: JsonObject, patch: JsonObject, type: FieldType): void {
  for (const directive of Object.keys(patch).filter((key) => key.startsWith(ORDER_PREFIX))) {
    const order = listOf(patch[directive]);
    delete patch[directive];
    const key = listName(directive, ORDER_PREFIX);
    const present = Object.hasOwn(merged, key) ? listOf(merged[key]) : undefined;
    const given = Object.hasOwn(patch, key) ? listOf(patch[key]) : undefined;
    const rule = itemRuleOf(type, key);
    checkOrder(given ?? [], order, rule.mergeKey);
    const slots = [...(present ?? [])];
    const both = mergeBoth(present && slots, given, rule);
    if (!both) continue;
    const { patched, others } = partition(both, order, rule.mergeKey);
    const elements = elementKind([present ?? [], given ?? []]);
    setMember(merged, key, inOrder(patched, others, { patchOrder: order, presentOrder: slots, mergeKey: rule.mergeKey, elements }));
    delete patch[key];
  }
}

function mergeBoth(present: unknown[] | undefined, given: unknown[] | undefined, rule: MergeRule): unknown[] | undefined {
  if (!given) return present;
  if (!present) return given.flatMap((item) => withoutDirectives(item) ?? []);
  return rule.strategy === 'merge' ? mergeLists(present, given, rule) : given;
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new PatchError(500, `expected a []interface {}, but received a ${goTypeName(value)}`);
}

/**
 * Merges a patch into a list whose slots it may use: as in Go, where both are one array, what is left moves up over what is deleted and
 * what is added takes the slots that came free. `$setElementOrder` then places the added items as if they had been where the slots are.
 */
function mergeLists(slots: unknown[], patch: readonly unknown[], rule: MergeRule): unknown[] {
  if (slots.length === 0 && patch.length === 0) return [];
  const elements = elementKind([slots, patch]);
  if (elements === 'scalar') {
    const { patched, others } = partition(withoutDuplicates([...slots, ...patch]), patch, rule.mergeKey);
    return inOrder(patched, others, { patchOrder: patch, presentOrder: slots, mergeKey: rule.mergeKey, elements });
  }
  if (rule.mergeKey === '') throw new PatchError(500, `cannot merge lists without merge key for ${kindOf(rule.type)}`);
  const special = applySpecialItems(slots, patch, rule.mergeKey);
  const merged = mergeKeyed(special.present, special.patch, rule);
  for (let at = special.left; at < Math.min(merged.length, slots.length); at++) slots[at] = merged[at];
  const { patched, others } = partition(merged, special.patch, rule.mergeKey);
  return inOrder(patched, others, { patchOrder: special.patch, presentOrder: special.present, mergeKey: rule.mergeKey, elements });
}

interface SpecialItems {
  readonly present: readonly unknown[];
  readonly patch: readonly unknown[];
  /** How many of the slots are in use still. */
  readonly left: number;
}

/** Items with a directive: they delete others, or say that the whole list is replaced. */
function applySpecialItems(slots: unknown[], patch: readonly unknown[], mergeKey: string): SpecialItems {
  let left = slots.length;
  let replaced = false;
  const plain: unknown[] = [];
  for (const item of patch) {
    if (!isObject(item) || !Object.hasOwn(item, DIRECTIVE)) plain.push(item);
    else if (item[DIRECTIVE] === 'replace') replaced = true;
    else left = deleteKeyed(slots, left, item, mergeKey);
  }
  return replaced ? { present: plain, patch: [], left: slots.length } : { present: slots.slice(0, left), patch: plain, left };
}

/** Deletes from the first `used` slots what an item names; returns how many are in use then. */
function deleteKeyed(slots: unknown[], used: number, item: JsonObject, mergeKey: string): number {
  const directive = item[DIRECTIVE];
  if (directive === 'merge') throw new PatchError(500, 'merging lists cannot yet be specified in the patch');
  if (directive !== 'delete') throw new PatchError(500, `unknown patch type: ${goFormatText(directive)} in map: ${goFormat(item)}`);
  if (!Object.hasOwn(item, mergeKey)) throw mergeKeyMissing(item, mergeKey);
  let left = used;
  for (let at = 0; at < left; ) {
    const other = slots[at];
    if (isObject(other) && memberOf(other, mergeKey) === item[mergeKey]) slots.copyWithin(at, at + 1, left--);
    else at++;
  }
  return left;
}

function mergeKeyed(present: readonly unknown[], patch: readonly unknown[], rule: MergeRule): unknown[] {
  const merged = [...present];
  for (const item of patch) {
    if (!isObject(item) || !Object.hasOwn(item, rule.mergeKey)) throw mergeKeyMissing(item, rule.mergeKey);
    const at = merged.findIndex((other) => isObject(other) && memberOf(other, rule.mergeKey) === item[rule.mergeKey]);
    const found = merged[at];
    if (isObject(found)) merged[at] = mergeObjects(found, item, rule.type);
    else merged.push(item);
  }
  return merged;
}

/** Nothing for an object that has a directive: such are not kept where there is nothing to merge with. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value))
    return value.flatMap((item) => (item === null ? [null] : [withoutDirectives(item)].filter((kept) => kept !== undefined)));
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  const kept: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    const inner = withoutDirectives(member);
    if (inner !== undefined) setMember(kept, key, inner);
  }
  return kept;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const [key, member] of Object.entries(value)) if (member !== null) setMember(kept, key, withoutNulls(member));
  return kept;
}
