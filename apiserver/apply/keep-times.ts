import type { KubeObject } from '../../api/index.ts';
import { ownership } from '../../api/schema.ts';

/**
 * Gives an object the times of its old managedFields when nothing else is new: a write that changes nothing must not be one because it
 * came later.
 *
 * @returns whether that was so (`equal`), or not as their managedFields showed (`fast`), or as all of them did (`slow`).
 */
export function keepTimes(object: KubeObject, old: KubeObject): 'fast' | 'slow' | 'equal' {
  const { managedFields } = object.metadata;
  const before = old.metadata.managedFields;
  if (!managedFields || !before || managedFields.length !== before.length) return 'fast';
  if (managedFields.every((entry, index) => entry.time === before[index]?.time)) return 'fast';
  if (!ownership.sameButTimes(managedFields, before)) return 'fast';
  object.metadata.managedFields = before;
  if (isUnchanged(object, old)) return 'equal';
  object.metadata.managedFields = managedFields;
  return 'slow';
}

/** Whether an object says what is stored already; neither the order of its members nor its resourceVersion matters. */
export function isUnchanged(object: KubeObject, old: KubeObject): boolean {
  const { kind, apiVersion, metadata } = old;
  const { resourceVersion } = metadata;
  return ownership.equalValues({ ...object, kind, apiVersion, metadata: { ...object.metadata, resourceVersion } }, old);
}
