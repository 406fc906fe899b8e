/**
 * Keeps an empty list of managedFields, which the normal form of an object leaves out: it asks for the entries to be forgotten.
 *
 * @param raw what the object was decoded from.
 */
export function keepReset(raw: unknown, object: unknown): void {
  const asked = metadataOf(raw)?.managedFields;
  const metadata = metadataOf(object);
  if (metadata && Array.isArray(asked) && asked.length === 0) metadata.managedFields = [];
}

function metadataOf(value: unknown): { managedFields?: unknown } | undefined {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return undefined;
  const { metadata } = value;
  return typeof metadata === 'object' && metadata !== null ? metadata : undefined;
}
