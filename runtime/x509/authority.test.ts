import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readAuthority, signRequest } from './authority.ts';
import { generateKey, issueCertificate, keyToPem } from './certificate.ts';
import { der } from './der.ts';
import { encodeAlternativeNames, NO_NAMES } from './names.ts';
import { parseSigningRequest, signingRequestOf } from './signing-request.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 0, 1);
const times = { notBeforeMs: NOW, notAfterMs: NOW + HOUR_MS };
const policy = { usages: ['digital signature', 'client auth'], ...times };

const authorityOf = (key: KeyObject, organizations: string[] = ['acme']) =>
  readAuthority(issueCertificate({ subject: { commonName: 'ca', organizations }, key, use: 'ca', ...times }), keyToPem(key));

const names = {
  ...NO_NAMES,
  dnsNames: ['node-1', 'node-1.example'],
  ipAddresses: [Buffer.from([10, 0, 0, 7]), Buffer.from('fd000000000000000000000000000007', 'hex')],
  emailAddresses: ['a@b.example'],
  uris: ['spiffe://cluster/x'],
};

interface Asked {
  readonly subject?: readonly (readonly [oid: string, ...values: string[]])[];
  readonly altNames?: Buffer;
}

/** A request as PEM in base64, signed with its own key. */
function request({ subject = [['2.5.4.3', 'bob']], altNames }: Asked = {}, key = generateKey()): { csr: Buffer; key: KeyObject } {
  const name = der.sequence(
    ...subject.map(([oid, ...values]) => der.set(...values.map((value) => der.sequence(der.oid(oid), der.utf8String(value))))),
  );
  const extensions = altNames ? [der.sequence(der.oid('2.5.29.17'), der.octetString(altNames))] : [];
  const wanted = der.sequence(der.oid('1.2.840.113549.1.9.14'), der.set(der.sequence(...extensions)));
  const body = der.sequence(der.integer(Buffer.from([0])), name, spki(key), der.implicit(0x20, wanted));
  const signature = der.bitString(sign('sha256', body, key));
  return { csr: der.sequence(body, der.sequence(der.oid('1.2.840.10045.4.3.2')), signature), key };
}

const spki = (key: KeyObject): Buffer => {
  // The public half, by way of a certificate: as `createPublicKey` would give it.
  const pem = issueCertificate({ subject: { commonName: 'x' }, key, use: 'client', ...times });
  return new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
};

describe('signRequest', () => {
  it.each([
    ['P-256', generateKey()],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey],
  ])('makes certificates that the authority answers for: %s', (_name, caKey) => {
    const authority = authorityOf(caKey);
    const { csr, key } = request();
    const certificate = new X509Certificate(signRequest(authority, parseSigningRequest(csr), policy));
    expect(certificate.checkIssued(authority.certificate)).toBe(true);
    expect(certificate.verify(authority.certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect([Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]).toEqual([NOW, NOW + HOUR_MS]);
    expect([certificate.ca, certificate.subject, certificate.keyUsage]).toEqual([false, 'CN=bob', ['1.3.6.1.5.5.7.3.2']]);
  });

  it('takes over the subject, in Go’s order, and the names', () => {
    const { csr } = request({
      subject: [
        ['2.5.4.3', 'first'],
        ['2.5.4.11', 'unit'],
        ['2.5.4.10', 'b', 'a'],
        ['0.9.2342.19200300.100.1.1', 'left out'],
        ['2.5.4.3', 'Größe'],
      ],
      altNames: encodeAlternativeNames(names),
    });
    const certificate = new X509Certificate(signRequest(authorityOf(generateKey()), parseSigningRequest(csr), policy));
    expect(certificate.subject).toBe('O=a + O=b\nOU=unit\nCN=Größe');
    expect(certificate.subjectAltName).toBe(
      'DNS:node-1, DNS:node-1.example, email:a@b.example, IP Address:10.0.0.7, IP Address:FD00:0:0:0:0:0:0:7, URI:spiffe://cluster/x',
    );
  });

  it('refuses usages that are none, and requests that are not of their own key', () => {
    const authority = authorityOf(generateKey());
    const { csr } = request();
    const ask = (bytes: Buffer, usages: string[]) => () => signRequest(authority, parseSigningRequest(bytes), { ...policy, usages });
    expect(ask(csr, ['client auth', 'flying'])).toThrow('unrecognized usage values: ["flying"]');
    const broken = Buffer.from(csr);
    broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1);
    expect(ask(broken, ['client auth'])).toThrow('unable to verify certificate request signature: x509: ECDSA verification failure');
  });
});

describe('readAuthority', () => {
  it('wants a key that belongs to the certificate', () => {
    const [one, two] = [generateKey(), generateKey()];
    const pem = issueCertificate({ subject: { commonName: 'ca' }, key: one, use: 'ca', ...times });
    expect(() => readAuthority(pem, keyToPem(two))).toThrow('the key is not the key of the certificate');
    expect(() => readAuthority('nonsense', keyToPem(one))).toThrow();
  });
});

describe('names that are asked for', () => {
  const asked = (altNames: Buffer) => parseSigningRequest(request({ altNames }).csr).names;

  it('are read, those of other sorts passed over', () => {
    expect(asked(encodeAlternativeNames(names))).toEqual(names);
    expect(asked(der.sequence(der.implicit(8, Buffer.from([1])), der.implicit(2, Buffer.from('a'))))).toEqual({
      ...NO_NAMES,
      dnsNames: ['a'],
    });
    expect(parseSigningRequest(request().csr).names).toEqual(NO_NAMES);
  });

  it.each([
    ['x509: SAN rfc822Name is malformed', der.sequence(der.implicit(1, Buffer.from([0xe9])))],
    ['x509: SAN dNSName is malformed', der.sequence(der.implicit(2, Buffer.from([0xe9])))],
    ['x509: SAN uniformResourceIdentifier is malformed', der.sequence(der.implicit(6, Buffer.from([0xe9])))],
    ['x509: cannot parse IP address of length 3', der.sequence(der.implicit(7, Buffer.from([1, 2, 3])))],
    ['x509: invalid subject alternative names', Buffer.from([0x30, 5, 1])],
  ])('are refused in the words of Go: %s', (message, altNames) => {
    expect(() => asked(altNames)).toThrow(message);
  });

  it('stand in PEM of the right sort', () => {
    const pem = (type: string) => `-----BEGIN ${type}-----\n${request().csr.toString('base64')}\n-----END ${type}-----\n`;
    expect(signingRequestOf(Buffer.from(pem('CERTIFICATE REQUEST')).toString('base64')).commonName).toBe('bob');
    expect(() => signingRequestOf(Buffer.from(pem('NEW CERTIFICATE REQUEST')).toString('base64'))).toThrow(
      'PEM block type must be CERTIFICATE REQUEST',
    );
  });
});
