import type { KubeObject } from '../../api/index.ts';

/** When owner references were given twice: in the request, or by an admission plugin. */
export type DuplicatesFound = 'in the request' | 'after admission';

const AFTERWARDS: Readonly<Record<DuplicatesFound, string>> = {
  'in the request': '',
  'after admission': ' after mutating admission happens',
};

/** Takes out owner references that are given twice, with a warning. Upstream: `endpoints/handlers/rest.go`. */
export function dedupOwnerReferences({ metadata }: KubeObject, found: DuplicatesFound, warn: (text: string) => void): void {
  const references = metadata.ownerReferences;
  if (!references || references.length < 2) return;
  const seen = new Set<string>();
  const twice = new Set<string>();
  const kept = references.filter((reference) => {
    const id = JSON.stringify(Object.entries(reference).sort());
    if (seen.has(id)) twice.add(reference.uid);
    return !seen.has(id) && seen.add(id);
  });
  if (twice.size === 0) return;
  metadata.ownerReferences = kept;
  warn(
    `.metadata.ownerReferences contains duplicate entries${AFTERWARDS[found]}; API server dedups owner references in 1.20+, and may reject such requests as ` +
      `early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...twice].join(', ')}`,
  );
}
