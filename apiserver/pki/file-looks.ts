import { type Clock, every, type Logger } from '../../runtime/index.ts';

/** How often the files are looked at. */
const POLL_MS = 2000;

export interface FileLooksOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the log says of a certificate that cannot be read. */
  readonly complaint: string;
}

/** Looks at files of certificates again and again; what is wrong with them is told once, until it is something else. */
export class FileLooks {
  readonly #options: FileLooksOptions;
  /** What was wrong when files were last looked at, by the certificate. */
  readonly #problems = new Map<string, string>();
  #polling: Disposable | undefined;

  constructor(options: FileLooksOptions) {
    this.#options = options;
  }

  start(look: () => void): Promise<void> {
    this.#polling ??= every(this.#options.clock, POLL_MS, look);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#polling?.[Symbol.dispose]();
    return Promise.resolve();
  }

  /** What is in files; undefined, and told of, when `read` throws. @param cert by which the files are known. */
  attempt<T>(cert: string, read: () => T): T | undefined {
    try {
      const content = read();
      this.#problems.delete(cert);
      return content;
    } catch (error) {
      const { logger, complaint } = this.#options;
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== this.#problems.get(cert)) logger.warn({ err: error, cert }, complaint);
      this.#problems.set(cert, problem);
      return undefined;
    }
  }
}
