/** A request that cannot be answered: an HTTP status, and the text that goes with it. */
export class RequestError extends Error {
  override readonly name: string = 'RequestError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What is said of a path that there is not. */
export const NO_PAGE = '404 page not found';

/** The same of a path below one that is there. */
export const NO_SUCH_PATH = '404: Page Not Found';
