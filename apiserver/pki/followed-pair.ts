import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Clock, every, type Logger, type Service } from '../../runtime/index.ts';
import type { CertificatePair } from './pki.ts';

/** How often the files are looked at. */
const POLL_MS = 2000;

export interface FollowedPairOptions {
  /** Where certificate and key are. */
  readonly paths: CertificatePair;
  /** What was in them at the start. */
  readonly content: CertificatePair;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A certificate that is shown to others, as its files have it now. What does not fit together (a key that was written before its certificate) is
 * waited for. Upstream: client-go, `transport/cert_rotation.go`.
 */
export class FollowedPair implements Service {
  readonly #options: FollowedPairOptions;
  #current: CertificatePair;
  #problem: string | undefined;
  #polling: Disposable | undefined;

  constructor(options: FollowedPairOptions) {
    this.#options = options;
    this.#current = options.content;
  }

  /** The same object as long as nothing has changed. */
  get current(): CertificatePair {
    return this.#current;
  }

  start(): Promise<void> {
    this.#polling ??= every(this.#options.clock, POLL_MS, () => this.#look());
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#polling?.[Symbol.dispose]();
    return Promise.resolve();
  }

  #look(): void {
    const { paths, logger } = this.#options;
    try {
      const read = { certificate: readFileSync(paths.certificate, 'utf8'), key: readFileSync(paths.key, 'utf8') };
      checkPair(read.certificate, read.key);
      this.#problem = undefined;
      if (read.certificate === this.#current.certificate && read.key === this.#current.key) return;
      this.#current = read;
      logger.info({ certificate: paths.certificate }, 'certificate that is shown to others has changed');
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== this.#problem) {
        logger.warn(
          { err: error, certificate: paths.certificate },
          'certificate that is shown to others cannot be read again, what was there stays',
        );
      }
      this.#problem = problem;
    }
  }
}

/** @throws when nobody can be convinced with it. */
export function checkPair(certificate: string, key: string): void {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
    throw new Error('the key does not belong to the certificate');
}
