import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { CertificateFiles, Clock, Logger, NamedCertificate, Service } from '../../runtime/index.ts';
import { FileLooks } from './file-looks.ts';
import { checkPair } from './followed-pair.ts';

/** The files a server's TLS is made of. */
export interface ServingPaths {
  readonly cert: string;
  readonly key: string;
  /** CAs of client certificates; together they are the bundle. */
  readonly clientCas: readonly string[];
  /** Certificates for other names. */
  readonly named: readonly CertificateFiles[];
}

/** What is in them: PEM. */
export interface ServingContent {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
  readonly named: readonly NamedCertificate[];
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
 * Tells when serving certificates or CAs of clients change on the disk. What does not fit together (a key that was written before its certificate)
 * is waited for, and keeps no other certificate waiting. Upstream: apiserver, pkg/server/dynamiccertificates.
 */
export class ServingFiles implements Service {
  readonly #options: ServingFilesOptions;
  #content: ServingContent;
  readonly #looks: FileLooks;

  constructor(options: ServingFilesOptions) {
    this.#options = options;
    this.#content = options.content;
    this.#looks = new FileLooks({
      ...options,
      complaint: 'serving certificate or CAs of clients cannot be read again, what was there stays',
    });
  }

  start(): Promise<void> {
    return this.#looks.start(() => this.#look());
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  #look(): void {
    const { paths, logger, onChange } = this.#options;
    const before = this.#content;
    const usual = this.#looks.attempt(paths.cert, () => readUsual(paths)) ?? before;
    const named = paths.named.map((files, index) => this.#looks.attempt(files.cert, () => readNamed(files)) ?? before.named[index]);
    const content: ServingContent = { ...before, ...usual, named: named.filter((each) => each !== undefined) };
    if (isDeepStrictEqual(content, before)) return;
    this.#content = content;
    logger.info({ cert: paths.cert }, 'serving certificates or CAs of clients have changed');
    onChange(content);
  }
}

const read = (path: string) => readFileSync(path, 'utf8');

function readUsual({ cert, key, clientCas }: ServingPaths): Omit<ServingContent, 'named'> {
  const content = { cert: read(cert), key: read(key), clientCa: clientCas.map((path) => authorities(path, read(path))).join('\n') };
  checkPair(content.cert, content.key);
  new X509Certificate(content.clientCa).toString();
  return content;
}

function readNamed({ cert, key, names }: CertificateFiles): NamedCertificate {
  const content = { cert: read(cert), key: read(key), names };
  checkPair(content.cert, content.key);
  return content;
}

/** @throws when there is no certificate in it. */
function authorities(path: string, pem: string): string {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`${path} holds no certificate`);
  return pem;
}
