// JSON merge patch (RFC 7386), as upstream's library has it: nulls are dropped inside lists' objects too, and the members of every
// object on the way come out sorted.

import { undecodable } from './json-patch.ts';
import { isObject, type JsonObject, memberOf, setMember, sorted } from './json-value.ts';
import { PatchError } from './patch-error.ts';

/**
 * Applies a merge patch. The input is not changed; the result shares with it whatever the patch leaves alone.
 *
 * @param patch the parsed body.
 * @throws PatchError 400 if the body is no object.
 */
export function applyMergePatch(doc: unknown, patch: unknown): unknown {
  if (patch === null) throw new PatchError(400, 'Invalid JSON Patch');
  if (!isObject(patch)) throw undecodable(patch, 'value of type map[string]interface {}');
  return merge(isObject(doc) ? doc : {}, patch);
}

function merge(doc: JsonObject, patch: JsonObject): JsonObject {
  const merged = { ...doc };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      delete merged[key];
      continue;
    }
    const present = memberOf(merged, key);
    setMember(merged, key, isObject(value) && isObject(present) ? merge(present, value) : withoutNulls(value));
  }
  return sorted(merged);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const pruned: JsonObject = {};
  for (const [key, member] of Object.entries(value)) if (member !== null) setMember(pruned, key, withoutNulls(member));
  return sorted(pruned);
}
