import { type ApiError, apiError } from '../../api/index.ts';
import type { AdmissionAttributes } from './plugin.ts';

/**
 * The refusal of a request by a plugin, named as upstream's `admission.NewForbidden` names it: an object that has no name yet goes by what its name
 * begins with.
 */
export function refusal({ kind, name, object }: AdmissionAttributes, why: string): ApiError {
  return apiError.forbidden(kind, name || object?.metadata.name || object?.metadata.generateName || 'Unknown', why);
}

/** Several errors as one text: upstream's `utilerrors.Aggregate`, which says nothing twice. */
export function aggregate(errors: readonly string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`;
}
