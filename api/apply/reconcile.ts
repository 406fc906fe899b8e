// What entries own once the schema has changed since they were written (structured-merge-diff, `typed/reconcile_schema.go`): a map or a
// list that has become one piece is owned as such by whoever owned something in it. What was one piece and has parts now stays as it is.
import type { ApplyType } from './apply-type.ts';
import { asMember, below, type FieldSet, isEmpty, isMember, LEAF } from './field-set.ts';

/** A set in terms of a type; the set itself when the type says nothing against it. */
export function reconcileSet(type: ApplyType, set: FieldSet): FieldSet {
  let result: Record<string, FieldSet> | undefined;
  for (const element in set) {
    const node = set[element];
    const inner = typeOf(type, element);
    if (inner === undefined || node === undefined || isEmpty(node)) continue;
    const reconciled = reconcileNode(inner, node);
    if (reconciled === node) continue;
    result ??= { ...set };
    result[element] = reconciled;
  }
  return result ?? set;
}

/** The node of a field that has something below it. */
function reconcileNode(type: ApplyType, node: FieldSet): FieldSet {
  if (isUntyped(type)) return node;
  if ((type.map ?? type.list)?.atomic) return LEAF;
  const children = below(node);
  const reconciled = reconcileSet(type, children);
  if (reconciled === children) return node;
  return isMember(node) ? asMember(reconciled) : reconciled;
}

/** Whether all that is known of a map's members is that they may be anything: that cannot have changed. */
function isUntyped({ map }: ApplyType): boolean {
  const values = map?.values;
  return map?.fields.size === 0 && values?.scalar === 'untyped' && values.map?.atomic === false;
}

function typeOf({ map, list }: ApplyType, element: string): ApplyType | undefined {
  return element.startsWith('f:') ? (map?.fields.get(element.slice(2))?.type ?? map?.values) : list?.items;
}
