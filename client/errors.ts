/** No answer from the API server: it could not be reached, or the connection broke. The request may or may not have been carried out. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** The system's or undici's code, e.g. `ECONNREFUSED`, `UND_ERR_SOCKET`; `''` when there is none. */
  readonly code: string;

  constructor(message: string, options: { readonly code?: string | undefined; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = options.code ?? '';
  }
}

/** A failure that trying again cannot help: `runController` logs it and drops the key. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
  }
}

/** Whether the API server could not be reached. */
export const isConnectionError = (error: unknown): error is ConnectionError => error instanceof ConnectionError;

/** How an error goes into a log line: a lost connection needs no stack, and comes often. */
export const errorFields = (error: unknown): { readonly err: unknown } | { readonly error: string } =>
  error instanceof ConnectionError ? { error: error.message } : { err: error };
