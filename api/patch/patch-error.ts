/** A patch that cannot be applied: what the API server answers. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
  /** HTTP status code. */
  readonly code: 400 | 413 | 422 | 500;
  /** Why it failed, where the message does not say. */
  readonly detail: string;

  constructor(code: 400 | 413 | 422 | 500, message: string, detail = message) {
    super(message);
    this.code = code;
    this.detail = detail;
  }

  /** The reason of the `Status`; upstream gives none for its own failures. */
  get reason(): string {
    return REASONS[this.code];
  }
}

const REASONS = { 400: 'BadRequest', 413: 'RequestEntityTooLarge', 422: 'Invalid', 500: '' } as const;

/** Upstream hides from clients why a patch failed; webhooks are told. */
export const rejected = (detail: string): PatchError =>
  new PatchError(422, 'the server rejected our request due to an error in our request', detail);
