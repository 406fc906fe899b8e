import type { KubeObject } from '../../api/index.ts';
import { ownership } from '../../api/schema.ts';

/**
 * Gives an object the times of its old managedFields when nothing else is new: a write that changes nothing must not be one because it
 * came later.
 */
export function keepTimes(object: KubeObject, old: KubeObject): void {
  const { managedFields } = object.metadata;
  const before = old.metadata.managedFields;
  if (!managedFields || !before || managedFields.length !== before.length) return;
  if (managedFields.every((entry, index) => entry.time === before[index]?.time)) return;
  if (!ownership.sameButTimes(managedFields, before)) return;
  const same = ownership.equalValues(withoutManaged(object, old), withoutManaged(old, old));
  if (same) object.metadata.managedFields = before;
}

const withoutManaged = (object: KubeObject, { kind, apiVersion, metadata }: KubeObject): KubeObject => ({
  ...object,
  kind,
  apiVersion,
  metadata: { ...object.metadata, managedFields: undefined, resourceVersion: metadata.resourceVersion },
});
