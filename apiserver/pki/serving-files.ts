import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Clock, every, type Logger, type Service } from '../../runtime/index.ts';

/** How often the files are looked at. */
const POLL_MS = 2000;

/** The files a server's TLS is made of. */
export interface ServingPaths {
  readonly cert: string;
  readonly key: string;
  /** CAs of client certificates; together they are the bundle. */
  readonly clientCas: readonly string[];
}

/** What is in them: PEM. */
export interface ServingContent {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
}

export interface ServingFilesOptions {
  readonly paths: ServingPaths;
  /** What the server began with. */
  readonly content: ServingContent;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with what is new. */
  onChange(content: ServingContent): void;
}

/**
 * Tells when serving certificate or CAs of clients change on the disk. What does not fit together (a key that was written before its certificate)
 * is waited for. Upstream: apiserver, pkg/server/dynamiccertificates.
 */
export class ServingFiles implements Service {
  readonly #options: ServingFilesOptions;
  #content: ServingContent;
  #lastProblem = '';
  #polling: Disposable | undefined;

  constructor(options: ServingFilesOptions) {
    this.#options = options;
    this.#content = options.content;
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
    const { paths, logger, onChange } = this.#options;
    try {
      const content = readServing(paths);
      if (content.cert === this.#content.cert && content.key === this.#content.key && content.clientCa === this.#content.clientCa) return;
      check(content);
      this.#content = content;
      this.#lastProblem = '';
      logger.info({ cert: paths.cert }, 'serving certificate or CAs of clients have changed');
      onChange(content);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== this.#lastProblem)
        logger.warn({ err: error }, 'serving certificate or CAs of clients cannot be read again, what was there stays');
      this.#lastProblem = problem;
    }
  }
}

function readServing({ cert, key, clientCas }: ServingPaths): ServingContent {
  const read = (path: string) => readFileSync(path, 'utf8');
  return { cert: read(cert), key: read(key), clientCa: clientCas.map((path) => authorities(path, read(path))).join('\n') };
}

/** @throws when there is no certificate in it. */
function authorities(path: string, pem: string): string {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`${path} holds no certificate`);
  return pem;
}

/** @throws when it cannot be served with. */
function check({ cert, key, clientCa }: ServingContent): void {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('the key does not belong to the certificate');
  new X509Certificate(clientCa).toString();
}
