// What strategic merge patch has to know of a field: how to merge it, and by which key.
import { goQuote } from '../field-error.ts';
import type { FieldInfo, FieldType } from '../schema/field.ts';
import { PatchError } from './patch-error.ts';

/** The type of a value that is being merged. */
export interface MergeRule {
  readonly type: FieldType;
  /** `merge`, `replace`, or nothing, which for lists means replace and for objects merge. */
  readonly strategy: string;
  readonly mergeKey: string;
}

/** The rule of an object's member. Throws PatchError for a member that the type does not have. */
export function ruleOf(type: FieldType, key: string): MergeRule {
  if (type.kind !== 'message') throw new PatchError(500, notFound(type, key));
  const info = type.message.fields.get(key);
  if (!info) {
    const struct = type.message.name.slice(type.message.name.lastIndexOf('.') + 1);
    throw new PatchError(500, `unable to find api field in struct ${struct} for the json field ${goQuote(key)}`);
  }
  return { type: info.type, strategy: strategyOf(info), mergeKey: info.patchMergeKey ?? '' };
}

/** The rule of a list's items. */
export function itemRuleOf(type: FieldType, key: string): MergeRule {
  const rule = ruleOf(type, key);
  if (rule.type.kind !== 'list') throw new PatchError(500, `expected slice or array type, but got: ${kindOf(type)}`);
  return { ...rule, type: rule.type.items };
}

/** `retainKeys` may stand beside another strategy; it is told by its directive, not by the schema. */
function strategyOf(info: FieldInfo): string {
  return (info.patchStrategy ?? '').split(',').find((strategy) => strategy !== 'retainKeys') ?? '';
}

function notFound(type: FieldType, key: string): string {
  const raw = type.kind === 'scalar' ? RAW_STRUCTS[type.scalar] : undefined;
  if (raw !== undefined) return `unable to find api field in struct ${raw} for the json field ${goQuote(key)}`;
  return `merging an object in json but data type is not struct, instead is: ${kindOf(type)}`;
}

const RAW_STRUCTS: Readonly<Record<string, string>> = { rawExtension: 'RawExtension', fieldsV1: 'FieldsV1', json: 'JSON' };

/** The kind of Go type. */
export function kindOf(type: FieldType): string {
  if (type.kind === 'message') return 'struct';
  if (type.kind === 'list') return 'slice';
  return type.kind === 'map' ? 'map' : type.scalar;
}
