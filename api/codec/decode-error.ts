import { goQuote } from '../field-error.ts';

/** A body that does not fit its type; the message is the one Go's decoder gives. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** A body that fits its type, but says what the kind cannot mean: upstream cannot bring it into its internal version. */
export class ConversionError extends DecodeError {}

/** What a body says it is. */
export interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * The text of the 400 answer for a body that cannot be decoded.
 *
 * @param body kind and version that the body gives (or its defaults).
 * @param wanted the kind that the URL stands for.
 * @param why a {@link DecodeError}'s message, or `strict decoding error: …`.
 */
export const cannotBeHandled = (body: { readonly kind: string; readonly version: string }, wanted: string, why: string): string =>
  `${body.kind} in version ${goQuote(body.version)} cannot be handled as a ${wanted}: ${why}`;
