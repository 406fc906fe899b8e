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
  /** That of front proxies; absent where it is our own, which stays. */
  readonly frontProxyCa: string | undefined;
  /** Certificates for other names. */
  readonly named: readonly CertificateFiles[];
}

/** What is in them: PEM. */
export interface ServingContent {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
  readonly frontProxyCa: string;
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
    const pair = this.#looks.attempt(paths.cert, () => readPair(paths)) ?? { cert: before.cert, key: before.key };
    const authoritiesIn = (files: readonly string[]) => this.#looks.attempt(files.join(), () => readAuthorities(files));
    const clientCa = authoritiesIn(paths.clientCas) ?? before.clientCa;
    const frontProxyCa = (paths.frontProxyCa && authoritiesIn([paths.frontProxyCa])) || before.frontProxyCa;
    const named = paths.named.map(
      (files, index) => this.#looks.attempt(files.cert, () => ({ ...readPair(files), names: files.names })) ?? before.named[index],
    );
    const content: ServingContent = { ...pair, clientCa, frontProxyCa, named: named.filter((each) => each !== undefined) };
    if (isDeepStrictEqual(content, before)) return;
    this.#content = content;
    logger.info({ cert: paths.cert }, 'serving certificates or CAs of clients have changed');
    onChange(content);
  }
}

const read = (path: string) => readFileSync(path, 'utf8');

/** @throws when key and certificate are not of each other. */
function readPair(paths: Pick<ServingPaths, 'cert' | 'key'>): Pick<ServingContent, 'cert' | 'key'> {
  const pair = { cert: read(paths.cert), key: read(paths.key) };
  checkPair(pair.cert, pair.key);
  return pair;
}

/** A bundle of several files. @throws when one of them holds no certificate. */
function readAuthorities(paths: readonly string[]): string {
  const bundle = paths.map((path) => authorities(path, read(path))).join('\n');
  new X509Certificate(bundle).toString();
  return bundle;
}

/** @throws when there is no certificate in it. */
function authorities(path: string, pem: string): string {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`${path} holds no certificate`);
  return pem;
}
