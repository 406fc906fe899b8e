import { type ApiError, apiError } from '../../api/index.ts';
import { type AdmissionAttributes, nameInErrors } from './plugin.ts';

/** The refusal of a request by a plugin. Upstream: `admission.NewForbidden`. */
export const refusal = (attributes: AdmissionAttributes, why: string): ApiError =>
  apiError.forbidden(attributes.kind, nameInErrors(attributes), why);

/** Several errors as one text: upstream's `utilerrors.Aggregate`, which says nothing twice. */
export function aggregate(errors: readonly string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`;
}
