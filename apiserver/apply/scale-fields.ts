// Ownership across the scale subresource: `spec.replicas` of a Scale is a field of the object it scales.
import { ownership } from '../../api/schema.ts';

const SCALE_VERSION = 'autoscaling/v1';
const REPLICAS_OF_SCALE = ownership.setOfNames(['spec.replicas']);

export interface ScaledKind {
  readonly apiVersion: string;
  /** Where the object has its replicas: `spec.replicas`. */
  readonly replicas: string;
  /** The same in the version of an entry: null if that cannot be scaled, undefined if there is none. */
  replicasIn(apiVersion: string): string | null | undefined;
}

type Entries = readonly ownership.EncodedEntry[] | null | undefined;
type Written = ownership.EncodedEntry[] | undefined;

const elementsOf = (path: string): string[] => path.split('.').map((name) => `f:${name}`);

/** The entries of an object as its Scale has them: of those who own the replicas. */
export function entriesOfScale(parent: Entries, kind: ScaledKind): Written {
  const scale: ownership.Managed = new Map();
  for (const [id, entry] of ownership.decodeStored(parent)) {
    const path = kind.replicasIn(entry.apiVersion);
    if (!path || !ownership.has(entry.set, elementsOf(path))) continue;
    scale.set(id, { ...entry, apiVersion: SCALE_VERSION, set: REPLICAS_OF_SCALE });
  }
  return ownership.encode(scale);
}

/**
 * The entries of an object once its Scale was written. Who owned the replicas by an update loses them to an entry of its own, as upstream
 * has it: identities hold the version, and a Scale's is another.
 */
export function entriesOfParent(parent: Entries, scale: Entries, kind: ScaledKind): Written {
  const scaled = ownership.decodeStored(scale);
  const before = ownership.decodeStored(parent);
  const managed: ownership.Managed = new Map();
  for (const [id, entry] of before) {
    const path = kind.replicasIn(entry.apiVersion);
    if (path === undefined) continue;
    if (path === null || !ownership.has(entry.set, elementsOf(path)) || scaled.delete(id)) {
      managed.set(id, entry);
      continue;
    }
    const set = ownership.difference(entry.set, ownership.setOfNames([path]));
    if (!ownership.isEmpty(set)) managed.set(id, { ...entry, set });
  }
  for (const [id, entry] of scaled) {
    if (!ownership.has(entry.set, ['f:spec', 'f:replicas'])) continue;
    managed.set(id, { ...entry, apiVersion: kind.apiVersion, time: before.get(id)?.time, set: ownership.setOfNames([kind.replicas]) });
  }
  return ownership.encode(managed);
}
