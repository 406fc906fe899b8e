import { type FieldError, type FieldErrorType, fieldError } from '../../../api/index.ts';

/** Errors after which an object is not of the shape that rules rely on. */
const BLOCKING: ReadonlySet<FieldErrorType> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

/**
 * Whether errors keep an object's CEL rules from being looked at: upstream's `hasBlockingErr` (apiextensions-apiserver,
 * `pkg/registry/customresource/strategy.go`).
 *
 * @returns what to say of that, in place of what the rules would have said.
 */
export function rulesBlocked(errors: readonly FieldError[]): FieldError | undefined {
  if (!errors.some(({ type }) => BLOCKING.has(type))) return undefined;
  const detail =
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
  return fieldError.invalid('<nil>', null, detail);
}
