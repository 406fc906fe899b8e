import { type FieldError, fieldError } from '../../api/index.ts';

/**
 * Where validators put what they find, in upstream's order. Paths are built only where something is wrong or a list is entered, so
 * that a good object costs next to nothing.
 */
export type Errors = FieldError[];

export const IMMUTABLE_MESSAGE = 'field is immutable';
export const NEGATIVE_MESSAGE = 'must be greater than or equal to 0';
export const NOT_POSITIVE_MESSAGE = 'must be greater than zero';

export const INT32_MAX = 2_147_483_647;

/** One "Invalid value" for each message. */
export function pushInvalid(errors: Errors, path: string, value: unknown, messages: readonly string[]): void {
  for (const message of messages) errors.push(fieldError.invalid(path, value, message));
}

export function checkNonnegative(errors: Errors, path: string, value: number | undefined): void {
  if (value !== undefined && value < 0) errors.push(fieldError.invalid(path, value, NEGATIVE_MESSAGE));
}

export function checkRequired(errors: Errors, path: string, value: string | undefined): void {
  if (isEmpty(value)) errors.push(fieldError.required(path));
}

/** One of a few words, of which the empty one is none. */
export function checkChoiceOf(errors: Errors, path: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) errors.push(fieldError.notSupported(path, value, choices));
}

/** Upstream's empty string: absent or `''`. */
export const isEmpty = (value: string | null | undefined): boolean => value === undefined || value === null || value === '';

/** A list that may be absent, or null where Go writes one without `omitempty`. */
export const listOf = <T>(list: readonly T[] | null | undefined): readonly T[] => list ?? [];

/** A map that may be absent or null. */
export const keysOf = (map: Readonly<Record<string, unknown>> | null | undefined): string[] => (map ? Object.keys(map) : []);

export const bytesOf = (text: string): number => Buffer.byteLength(text);
