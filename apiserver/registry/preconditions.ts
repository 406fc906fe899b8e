import { apiError, type ErrorSubject, type KubeObject } from '../../api/index.ts';
import type { Entry } from '../watch-cache/entry.ts';

/** Which object, and which state of it, a change is meant for; what is left out or empty is not asked for. */
export interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** Nothing is written: upstream then names the key without what all keys begin with. */
  readonly dryRun?: boolean | undefined;
}

const KEY_PREFIX = /^\/registry\//;

/**
 * As the storage layer checks a change: before the change itself is looked at (upstream `apiserver/pkg/storage/interfaces.go`).
 *
 * @param stored what the entry says, parsed
 * @throws ApiError (409) when the object is not the one that is meant.
 */
export function checkStored(subject: ErrorSubject, { key, name, revision }: Entry, stored: KubeObject, wanted: Preconditions): void {
  const shown = wanted.dryRun ? key.replace(KEY_PREFIX, '/') : key;
  const check = (what: string, expected: string | undefined, found: string | undefined) => {
    if (!expected || expected === found) return;
    const why = `Precondition failed: ${what} in precondition: ${expected}, ${what} in object meta: ${found}`;
    throw apiError.conflict(
      subject,
      name,
      `StorageError: invalid object, Code: 4, Key: ${shown}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
    );
  };
  check('UID', wanted.uid, stored.metadata.uid);
  check('ResourceVersion', wanted.resourceVersion, String(revision));
}
