// What a TLS Secret is warned of: the errors of Go's `tls.X509KeyPair`.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { issueCertificate } from '../../../runtime/index.ts';
import { keyPairError } from './key-pair.ts';

const ecKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pem = (key: KeyObject, type: 'pkcs8' | 'sec1' = 'pkcs8'): string => key.export({ type, format: 'pem' }).toString();
const block = (type: string, bytes: string): string =>
  `-----BEGIN ${type}-----\n${Buffer.from(bytes).toString('base64')}\n-----END ${type}-----\n`;

const key = ecKey();
const certificate = issueCertificate({
  subject: { commonName: 'a' },
  key,
  use: 'server',
  notBeforeMs: Date.UTC(2024, 0, 1),
  notAfterMs: Date.UTC(2034, 0, 1),
});
const edKey = generateKeyPairSync('ed25519').privateKey;

describe('a certificate and its key', () => {
  it.each([
    ['fit', certificate, pem(key), undefined],
    [
      'fit, the key in its older form, among other things',
      `# mine\n${certificate}`,
      block('EC PARAMETERS', 'x') + pem(key, 'sec1'),
      undefined,
    ],
    ['no certificate', 'x', pem(key), 'tls: failed to find any PEM data in certificate input'],
    [
      'the key for the certificate',
      pem(key),
      certificate,
      'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
    ],
    [
      'other things for the certificate',
      block('A', 'x') + block('B', 'x'),
      pem(key),
      'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [A B]',
    ],
    ['no key', certificate, '', 'tls: failed to find any PEM data in key input'],
    ['two certificates', certificate, certificate, 'tls: found a certificate rather than a key in the PEM for the private key'],
    [
      'other things for the key',
      certificate,
      block('PUBLIC KEY', 'x'),
      'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [PUBLIC KEY]',
    ],
    ['a broken certificate', block('CERTIFICATE', 'x'), pem(key), 'x509: malformed certificate'],
    ['a broken key', certificate, block('PRIVATE KEY', 'x'), 'tls: failed to parse private key'],
    ["somebody else's key", certificate, pem(ecKey()), 'tls: private key does not match public key'],
    ['a key of another kind', certificate, pem(edKey), 'tls: private key type does not match public key type'],
  ])('%s', (_case, certificates, keys, wrong) => {
    expect(keyPairError(certificates, keys)).toBe(wrong);
  });
});
