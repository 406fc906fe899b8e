import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Clock, Logger, Service } from '../../runtime/index.ts';
import { FileLooks } from './file-looks.ts';
import type { CertificatePair } from './pki.ts';

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
  readonly #looks: FileLooks;
  #current: CertificatePair;

  constructor(options: FollowedPairOptions) {
    this.#options = options;
    this.#looks = new FileLooks({
      ...options,
      complaint: 'certificate that is shown to others cannot be read again, what was there stays',
    });
    this.#current = options.content;
  }

  /** The same object as long as nothing has changed. */
  get current(): CertificatePair {
    return this.#current;
  }

  start(): Promise<void> {
    return this.#looks.start(() => this.#look());
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  #look(): void {
    const { paths, logger } = this.#options;
    const read = this.#looks.attempt(paths.certificate, () => readPair(paths));
    if (!read || isDeepStrictEqual(read, this.#current)) return;
    this.#current = read;
    logger.info({ certificate: paths.certificate }, 'certificate that is shown to others has changed');
  }
}

function readPair(paths: CertificatePair): CertificatePair {
  const read = { certificate: readFileSync(paths.certificate, 'utf8'), key: readFileSync(paths.key, 'utf8') };
  checkPair(read.certificate, read.key);
  return read;
}

/** @throws when nobody can be convinced with it. */
export function checkPair(certificate: string, key: string): void {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
    throw new Error('the key does not belong to the certificate');
}
