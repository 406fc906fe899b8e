import { createPrivateKey, X509Certificate } from 'node:crypto';
import { FileError } from '../files/tree.ts';
import type { ProcessContext } from '../program.ts';
import { ConfigError } from './config-error.ts';
import { type HttpServer, listensSecurely } from './model.ts';
import { configPath } from './parser.ts';

/** A certificate and its key. */
export interface Pem {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const NO_START = 'error:0480006C:PEM routines::no start line';

/** The certificates of the servers that have TLS. @throws ConfigError in the words of OpenSSL */
export async function loadCertificates(process: ProcessContext, servers: readonly HttpServer[]): Promise<ReadonlyMap<HttpServer, Pem>> {
  const loaded = new Map<HttpServer, Pem>();
  for (const server of servers) {
    const certificate = server.scope.text('ssl_certificate');
    if (certificate === undefined || certificate.includes('$')) continue;
    const key = server.scope.text('ssl_certificate_key');
    const listen = listensSecurely(server);
    if (key === undefined) {
      if (!listen) continue;
      throw new ConfigError(`no "ssl_certificate_key" is defined for certificate "${certificate}"`);
    }
    loaded.set(server, await load(process, configPath(certificate), configPath(key)));
  }
  return loaded;
}

async function load(process: ProcessContext, certificate: string, key: string): Promise<Pem> {
  const pem = { cert: await read(process, certificate, 'certificate'), key: await read(process, key, 'certificate key') };
  const leaf = attempt(() => new X509Certificate(pem.cert));
  if (!leaf)
    throw new ConfigError(
      `cannot load certificate "${certificate}": PEM_read_bio_X509_AUX() failed (SSL: ${NO_START}:Expecting: TRUSTED CERTIFICATE)`,
    );
  const privateKey = attempt(() => createPrivateKey(pem.key));
  if (!privateKey)
    throw new ConfigError(
      `cannot load certificate key "${key}": PEM_read_bio_PrivateKey() failed (SSL: error:1E08010C:DECODER routines::unsupported:No supported data to decode. Input type: PEM)`,
    );
  if (!leaf.checkPrivateKey(privateKey))
    throw new ConfigError(`SSL_CTX_use_PrivateKey("${key}") failed (SSL: error:05800074:x509 certificate routines::key values mismatch)`);
  return pem;
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined; // what is no PEM is told of by who asks
  }
}

async function read(process: ProcessContext, path: string, what: string): Promise<Buffer> {
  try {
    return await (await process.files()).readFile(path);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const code = (0x80000000 + error.number).toString(16).toUpperCase().padStart(8, '0');
    const more = error.code === 'ENOENT' ? ' error:10000080:BIO routines::no such file' : ' error:10080002:BIO routines::system lib';
    throw new ConfigError(
      `cannot load ${what} "${path}": BIO_new_file() failed (SSL: error:${code}:system library::${error.reason}:calling fopen(${path}, r)${more})`,
    );
  }
}
