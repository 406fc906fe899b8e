import type { ObjectType } from '../../api/schema.ts';

/**
 * Keeps an empty list of managedFields, which the normal form of an object leaves out: it asks for the entries to be forgotten. Custom
 * resources say so with an empty entry only, for their metadata is brought into that form as it is read (apiextensions-apiserver,
 * `unstructuredSchemaCoercer`).
 *
 * @param raw what the object was decoded from.
 */
export function keepReset({ typeMetaOptional }: Pick<ObjectType, 'typeMetaOptional'>, raw: unknown, object: unknown): void {
  if (!typeMetaOptional) return;
  const asked = metadataOf(raw)?.managedFields;
  const metadata = metadataOf(object);
  if (metadata && Array.isArray(asked) && asked.length === 0) metadata.managedFields = [];
}

function metadataOf(value: unknown): { managedFields?: unknown } | undefined {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return undefined;
  const { metadata } = value;
  return typeof metadata === 'object' && metadata !== null ? metadata : undefined;
}
