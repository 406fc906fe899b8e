/** A request that cannot be answered: an HTTP status, and the text that goes with it. */
export class RequestError extends Error {
  override readonly name: string = 'RequestError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The same, once an answer of no type has begun: upstream's handler of logs has by then said how long it will be, that is not. */
export class UntypedError extends RequestError {
  override readonly name = 'UntypedError';
}

/** What is said of a path that there is not. */
export const NO_PAGE = '404 page not found';

/** The same of a path below one that is there. */
export const NO_SUCH_PATH = '404: Page Not Found';
