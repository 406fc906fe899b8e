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
  /** Follows the new content. @throws UserError when it cannot be followed. */
  apply(text: string): void;
  /** Called when it was followed, or could not be. */
  readonly onReload?: ((status: ReloadStatus) => void) | undefined;
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
  #polling: Disposable | undefined;

  constructor(options: ConfigReloadOptions) {
    this.#options = options;
    this.#last = options.text;
  }

  start(): Promise<void> {
    const { clock, pollMs } = this.#options;
    this.#polling ??= every(clock, pollMs, () => this.check());
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#polling?.[Symbol.dispose]();
    return Promise.resolve();
  }

  /** Looks at the file. */
  check(): void {
    const { option, path, logger, onReload } = this.#options;
    try {
      const text = readConfigText(option, path);
      if (text === this.#last) return;
      this.#last = text;
      this.#options.apply(text);
      onReload?.('success');
      logger.info({ option, path, hash: hashOf(text) }, 'configuration was loaded again');
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      onReload?.('failure');
      logger.error({ err: error, option, path }, 'configuration cannot be loaded again, the one before stays in force');
    }
  }
}

/** How upstream names what it does not show. */
export const hashOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
