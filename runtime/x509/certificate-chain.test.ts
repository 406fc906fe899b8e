import { expect, it } from 'vitest';
import { generateKey, issueCertificate } from './certificate.ts';
import { certificateChainError } from './certificate-chain.ts';

const pem = issueCertificate({ subject: { commonName: 'bob' }, key: generateKey(), use: 'client', notBeforeMs: 0, notAfterMs: 1e12 });
const blockOf = (type: string, base64: string): string => `-----BEGIN ${type}-----\n${base64}\n-----END ${type}-----\n`;
const base64 = pem.split('\n').slice(1, -2).join('');
const twice = Buffer.concat([Buffer.from(base64, 'base64'), Buffer.from(base64, 'base64')]).toString('base64');

it('is one or more certificates, with text around them', () => {
  expect(certificateChainError(pem)).toBeUndefined();
  expect(certificateChainError(`issued\n${pem}by\n${pem}`)).toBeUndefined();
  expect(certificateChainError(blockOf('CERTIFICATE', twice))).toBeUndefined();
});

it.each([
  ['nothing', '', 'must contain at least one CERTIFICATE PEM block'],
  ['text', 'nope', 'must contain at least one CERTIFICATE PEM block'],
  ['something else in it', `${pem}${blockOf('PRIVATE KEY', base64)}`, 'only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"'],
  ['headers', pem.replace('-----\n', '-----\nA: b\n\n'), 'no PEM block headers are permitted'],
  ['an empty block', blockOf('CERTIFICATE', ''), 'found CERTIFICATE PEM block containing 0 certificates'],
  ['what is no certificate', blockOf('CERTIFICATE', 'aGVsbG8='), 'x509: malformed certificate'],
  ['another sequence', blockOf('CERTIFICATE', 'MAMCAQE='), 'x509: malformed certificate'],
])('is not %s', (_what, text, message) => {
  expect(certificateChainError(text)).toBe(message);
});
