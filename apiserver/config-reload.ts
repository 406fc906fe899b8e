import { createHash } from 'node:crypto';
import { type Clock, every, type Logger, type Service, UserError } from '../runtime/index.ts';
import { readConfigText } from './config-file.ts';

export type ReloadStatus = 'success' | 'failure';

export interface ConfigReloadOptions {
  /** The option that names the file. */
  readonly option: string;
  readonly path: string;
  /** What the server began with. */
  readonly text: string;
  /** How often the file is looked at. */
  readonly pollMs: number;
  /** Follows the new content; throws or rejects with a UserError when it cannot be followed. */
  apply(text: string): void | Promise<void>;
  /** Called when it was followed, or could not be. */
  readonly onReload?: ((status: ReloadStatus) => void) | undefined;
  /** Called with the hash of what is followed, at first and whenever it has changed. */
  readonly onHash?: ((hash: string) => void) | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Follows a configuration file that may change. What is wrong with it is logged, once for each content, and leaves what was there before in
 * force. Upstream: `authorizer/reload.go`, `encryptionconfig/controller`.
 */
export class ConfigReload implements Service {
  readonly #options: ConfigReloadOptions;
  #last: string;
  /** Content that is being followed. */
  #following: Promise<void> | undefined;
  #polling: Disposable | undefined;

  constructor(options: ConfigReloadOptions) {
    this.#options = options;
    this.#last = options.text;
    options.onHash?.(hashOf(options.text));
  }

  start(): Promise<void> {
    const { clock, pollMs } = this.#options;
    this.#polling ??= every(clock, pollMs, () => this.check());
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#polling?.[Symbol.dispose]();
    return this.#following ?? Promise.resolve();
  }

  /** Looks at the file, unless what it had before is still being followed. */
  check(): void {
    if (this.#following !== undefined) return;
    const { option, path } = this.#options;
    this.#report(() => {
      const text = readConfigText(option, path);
      if (text === this.#last) return;
      this.#last = text;
      const applied = this.#options.apply(text);
      if (applied !== undefined) this.#following = this.#follow(applied, text);
      else this.#followed(text);
    });
  }

  async #follow(applied: Promise<void>, text: string): Promise<void> {
    const result = await applied.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    this.#following = undefined;
    if (!result) return this.#followed(text);
    // It may be followed yet, when what it asks for is there.
    this.#last = UNKNOWN;
    this.#report(() => {
      throw result.error;
    });
  }

  #followed(text: string): void {
    const { option, path, logger, onReload, onHash } = this.#options;
    const hash = hashOf(text);
    onReload?.('success');
    onHash?.(hash);
    logger.info({ option, path, hash }, 'configuration was loaded again');
  }

  #report(work: () => void): void {
    const { option, path, logger, onReload } = this.#options;
    try {
      work();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      onReload?.('failure');
      logger.error({ err: error, option, path }, 'configuration cannot be loaded again, the one before stays in force');
    }
  }
}

/** No content is this. */
const UNKNOWN = '';

/** How upstream names what it does not show. */
export const hashOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
