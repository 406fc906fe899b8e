import { X509Certificate } from 'node:crypto';
import { DerError, DerReader } from './der-reader.ts';
import { decodePem } from './pem.ts';

const CERTIFICATE = 'CERTIFICATE';
const MALFORMED = 'x509: malformed certificate';

/**
 * What is wrong with a chain of certificates in PEM: it has to have some, and nothing else. Upstream: `validateCertificate` of
 * `pkg/apis/certificates/validation`.
 */
export function certificateChainError(pem: string): string | undefined {
  let rest = pem;
  let blocks = 0;
  for (let block = decodePem(rest); block; block = decodePem(rest)) {
    if (block.type !== CERTIFICATE) return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(block.type)}`;
    if (block.hasHeaders) return 'no PEM block headers are permitted';
    const error = certificatesError(block.bytes);
    if (error !== undefined) return error;
    blocks++;
    rest = block.rest;
  }
  return blocks === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined;
}

/** A block may hold several certificates, one behind the other. */
function certificatesError(bytes: Buffer): string | undefined {
  if (bytes.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates';
  try {
    for (const reader = new DerReader(bytes); !reader.done; ) new X509Certificate(reader.next().whole);
    return undefined;
  } catch (error) {
    if (error instanceof DerError || isOpenSslError(error)) return MALFORMED;
    throw error;
  }
}

const isOpenSslError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('ERR_OSSL');
