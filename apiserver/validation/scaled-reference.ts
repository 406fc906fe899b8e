import { type CrossVersionObjectReference, fieldError, isPathSegmentName } from '../../api/index.ts';
import { type Errors, pushInvalid } from './field-errors.ts';

/** Which apiVersions a reference may have. */
export interface ReferenceRules {
  /** It was wrong before, and need not be put right now. */
  readonly anyVersion?: boolean | undefined;
  /** It may be of the core group, or say nothing. */
  readonly noGroup?: boolean | undefined;
}

/** Upstream: `ValidateCrossVersionObjectReference`. */
export function checkReference(errors: Errors, path: string, reference: CrossVersionObjectReference, rules: ReferenceRules): void {
  for (const field of ['kind', 'name'] as const) {
    const value = reference[field];
    if (value === '') errors.push(fieldError.required(`${path}.${field}`));
    else pushInvalid(errors, `${path}.${field}`, value, isPathSegmentName(value));
  }
  const why = versionError(reference, rules);
  if (why !== undefined) errors.push(fieldError.invalid(`${path}.apiVersion`, reference.apiVersion ?? '', why));
}

/** What is wrong with the version of an object that is referred to. */
export function versionError(
  { apiVersion = '' }: CrossVersionObjectReference,
  { anyVersion, noGroup }: ReferenceRules,
): string | undefined {
  if (anyVersion) return undefined;
  const parts = apiVersion.split('/');
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const group = parts.length === 2 ? parts[0] : '';
  return group === '' && !noGroup ? 'apiVersion must specify API group' : undefined;
}
