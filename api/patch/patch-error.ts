/** A patch that cannot be applied: what the API server answers. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
  /** HTTP status code. */
  readonly code: 400 | 413 | 422 | 500;

  constructor(code: 400 | 413 | 422 | 500, message: string) {
    super(message);
    this.code = code;
  }

  /** The reason of the `Status`; upstream gives none for its own failures. */
  get reason(): string {
    return REASONS[this.code];
  }
}

const REASONS = { 400: 'BadRequest', 413: 'RequestEntityTooLarge', 422: 'Invalid', 500: '' } as const;

/** Upstream hides why a patch failed behind this text. */
export const rejected = (): PatchError => new PatchError(422, 'the server rejected our request due to an error in our request');
