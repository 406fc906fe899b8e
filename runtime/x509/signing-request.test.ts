import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { der } from './der.ts';
import { DerError } from './der-reader.ts';
import { parseSigningRequest } from './signing-request.ts';

const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const RSA = generateKeyPairSync('rsa', { modulusLength: 1024 });
const SHORT_RSA = generateKeyPairSync('rsa', { modulusLength: 768 });
const ED = generateKeyPairSync('ed25519');
type Pair = typeof EC;

const OIDS = {
  ecdsa: '1.2.840.10045.4.3.2',
  ecdsa384: '1.2.840.10045.4.3.3',
  rsa: '1.2.840.113549.1.1.11',
  md5: '1.2.840.113549.1.1.4',
  pss: '1.2.840.113549.1.1.10',
  ed: '1.3.101.112',
};
const SHA256 = '2.16.840.1.101.3.4.2.1';

interface Made {
  readonly pair?: Pair;
  readonly algorithm?: Buffer;
  readonly subject?: Buffer;
  signature?(body: Buffer, key: KeyObject): Buffer;
}

const algorithm = (oid: string, ...parameters: readonly Buffer[]): Buffer => der.sequence(der.oid(oid), ...parameters);
const attribute = (oid: string, text: Buffer): Buffer => der.set(der.sequence(der.oid(oid), text));
const organizations = (...names: readonly string[]): Buffer =>
  der.sequence(...names.map((name) => attribute('2.5.4.10', der.utf8String(name))), attribute('2.5.4.3', der.utf8String('bob')));

function request(made: Made = {}): Buffer {
  const { pair = EC, subject = organizations('devs'), signature = (body, key) => sign('sha256', body, key) } = made;
  const key = pair.publicKey.export({ type: 'spki', format: 'der' });
  const body = der.sequence(der.integer(Buffer.from([0])), subject, key, der.implicit(0x20, Buffer.alloc(0)));
  return der.sequence(body, made.algorithm ?? algorithm(OIDS.ecdsa), der.bitString(signature(body, pair.privateKey)));
}

const errorOf = (made: Made): string | undefined => parseSigningRequest(request(made)).signatureError();

it('says which organizations it is about, however they are written', () => {
  expect(parseSigningRequest(request({ subject: organizations('a', 'b é') })).organizations).toEqual(['a', 'b é']);
  const bmp = Buffer.from([30, 4, 0, 0x61, 0, 0x62]);
  expect(parseSigningRequest(request({ subject: der.sequence(attribute('2.5.4.10', bmp)) })).organizations).toEqual(['ab']);
  expect(parseSigningRequest(request({ subject: der.sequence() })).organizations).toEqual([]);
});

describe('a signature', () => {
  it('is good when it was made with the key', () => {
    expect(errorOf({})).toBeUndefined();
    expect(errorOf({ pair: RSA, algorithm: algorithm(OIDS.rsa) })).toBeUndefined();
    expect(errorOf({ pair: ED, algorithm: algorithm(OIDS.ed), signature: (body, key) => sign(null, body, key) })).toBeUndefined();
    const ecdsa384 = { algorithm: algorithm(OIDS.ecdsa384), signature: (body: Buffer, key: KeyObject) => sign('sha384', body, key) };
    expect(errorOf(ecdsa384)).toBeUndefined();
  });

  it('is good with RSA-PSS, if that says its digest as usual', () => {
    const padded = (body: Buffer, key: KeyObject) =>
      sign('sha256', body, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
    const parts = (salt: number, hash = SHA256) => [
      der.explicit(0, algorithm(SHA256)),
      der.explicit(1, algorithm('1.2.840.113549.1.1.8', algorithm(hash))),
      der.explicit(2, der.integer(Buffer.from([salt]))),
    ];
    const error = (...given: readonly Buffer[]) =>
      errorOf({ pair: RSA, algorithm: algorithm(OIDS.pss, der.sequence(...given)), signature: padded });
    expect(error(...parts(32))).toBeUndefined();
    // Go knows the usual ones alone: one digest for both, a salt as long as that.
    const unknown = 'x509: cannot verify signature: algorithm unimplemented';
    expect([error(), error(...parts(32).slice(0, 1)), error(...parts(20)), error(...parts(32, '2.16.840.1.101.3.4.2.2'))]).toEqual(
      Array(4).fill(unknown),
    );
  });

  it('is bad in the words of Go', () => {
    const other = () => Buffer.alloc(64);
    expect(errorOf({ signature: other })).toBe('x509: ECDSA verification failure');
    expect(errorOf({ pair: RSA, algorithm: algorithm(OIDS.rsa), signature: other })).toBe('crypto/rsa: verification error');
    expect(errorOf({ pair: ED, algorithm: algorithm(OIDS.ed), signature: other })).toBe('x509: Ed25519 verification failure');
    expect(errorOf({ pair: SHORT_RSA, algorithm: algorithm(OIDS.rsa) })).toContain('crypto/rsa: 768-bit keys are insecure');
    expect(errorOf({ algorithm: algorithm(OIDS.md5) })).toBe('x509: cannot verify signature: insecure algorithm MD5-RSA');
    expect(errorOf({ algorithm: algorithm('1.2.3') })).toBe('x509: cannot verify signature: algorithm unimplemented');
    expect(errorOf({ algorithm: algorithm(OIDS.rsa) })).toBe(
      'x509: signature algorithm specifies an RSA public key, but have public key of type *ecdsa.PublicKey',
    );
  });
});

describe('a key', () => {
  const keyed = (keyInfo: Buffer): Buffer => {
    const body = der.sequence(der.integer(Buffer.from([0])), organizations(), keyInfo, der.implicit(0x20, Buffer.alloc(0)));
    return der.sequence(body, algorithm(OIDS.ecdsa), der.bitString(Buffer.alloc(8)));
  };
  const bits = der.bitString(Buffer.from([4, 1, 2]));

  it.each([
    ['of RSA without parameters', der.sequence(algorithm('1.2.840.113549.1.1.1'), bits), 'x509: RSA key missing NULL parameters'],
    ['of no sense', der.sequence(algorithm('1.2.840.113549.1.1.1', Buffer.from([5, 0])), bits), 'x509: invalid RSA public key'],
    [
      'that is on no curve',
      der.sequence(algorithm('1.2.840.10045.2.1', der.oid('1.2.840.10045.3.1.7')), bits),
      'x509: failed to unmarshal elliptic curve point',
    ],
    ['that is too short', der.sequence(algorithm(OIDS.ed), bits), 'x509: wrong Ed25519 public key size'],
    [
      'on a curve of others',
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ type: 'spki', format: 'der' }),
      'x509: unsupported elliptic curve',
    ],
  ])('%s is refused', (_what, keyInfo, message) => {
    expect(() => parseSigningRequest(keyed(keyInfo))).toThrow(new DerError(message));
  });

  it('of a kind that nobody knows verifies nothing', () => {
    const unknown = parseSigningRequest(keyed(der.sequence(algorithm('1.2.3'), bits)));
    expect(unknown.signatureError()).toBe('x509: cannot verify signature: algorithm unimplemented');
  });
});

describe('what is no request', () => {
  const options =
    '{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}';

  it.each([
    ['nothing', Buffer.alloc(0), 'asn1: syntax error: sequence truncated'],
    ['a tag alone', Buffer.from([0x30]), 'asn1: syntax error: truncated tag or length'],
    ['an empty sequence', der.sequence(), 'asn1: syntax error: sequence truncated'],
    ['a part of one', request().subarray(0, 40), 'asn1: syntax error: data truncated'],
    ['one and more', Buffer.concat([request(), Buffer.from([0])]), 'asn1: syntax error: trailing data'],
    ['a length without end', Buffer.from([0x30, 0x80]), 'asn1: syntax error: indefinite length found (not DER)'],
    ['a length in too many bytes', Buffer.from([0x30, 0x81, 0x01, 0]), 'asn1: structure error: non-minimal length'],
    ['a length that begins with zero', Buffer.from([0x30, 0x82, 0, 1]), 'asn1: structure error: superfluous leading zeros in length'],
    [
      'a number',
      der.integer(Buffer.from([1])),
      `asn1: structure error: tags don't match (16 vs {class:0 tag:2 length:1 isCompound:false}) ${options} certificateRequest @2`,
    ],
    [
      'a sequence of a number',
      der.sequence(der.integer(Buffer.from([1]))),
      `asn1: structure error: tags don't match (16 vs {class:0 tag:2 length:1 isCompound:false}) ${options} tbsCertificateRequest @2`,
    ],
  ])('%s', (_what, bytes, message) => {
    expect(() => parseSigningRequest(bytes)).toThrow(new DerError(message));
  });
});

describe('a request with one wrong byte', () => {
  // Of Ed25519, by Go; what is said of it is what crypto/x509 of Go 1.24 says.
  const good = Buffer.from(
    'MIG7MG8CAQAwGzELMAkGA1UECgwCw7wxDDAKBgNVBAMTA2JvYjAqMAUGAytlcAMhADtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdopoC' +
      'EwHwYJKoZIhvcNAQkOMRIwEDAOBgNVHREEBzAFggNhLmIwBQYDK2VwA0EAqR12xUzQBXbnN+ez2GtSXdMPr4s4CEAndgUjAv/bjim5hgZP+pLc' +
      'AO8WUWg8//l/+yJa6VYbVuL2lTXMEjv3CA==',
    'base64',
  );
  const OPTIONS =
    ' {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} ';

  it.each([
    [0, 0x00, "asn1: structure error: tags don't match (16 vs {class:0 tag:0 length:187 isCompound:false}) … certificateRequest @3"],
    [1, 0x00, 'asn1: syntax error: sequence truncated'],
    [1, 0x01, 'asn1: syntax error: truncated tag or length'],
    [1, 0x83, 'asn1: syntax error: data truncated'],
    [1, 0x84, 'asn1: structure error: length too large'],
    [1, 0x80, 'asn1: syntax error: indefinite length found (not DER)'],
    [1, 0x1f, "asn1: structure error: tags don't match (16 vs {class:2 tag:27 length:48 isCompound:true}) … tbsCertificateRequest @2"],
    [2, 0x00, 'asn1: structure error: superfluous leading zeros in length'],
    [2, 0x01, 'asn1: structure error: non-minimal length'],
    [4, 0x7f, "asn1: structure error: tags don't match (16 vs {class:0 tag:5 length:118 isCompound:false}) … AlgorithmIdentifier @131"],
    [5, 0x00, "asn1: structure error: tags don't match (2 vs {class:0 tag:0 length:1 isCompound:false}) … int @2"],
    [5, 0x1f, 'asn1: syntax error: non-minimal tag'],
    [6, 0x00, 'asn1: structure error: empty integer'],
    [6, 0x1f, 'asn1: structure error: integer not minimally-encoded'],
    [8, 0x00, "asn1: structure error: tags don't match (16 vs {class:0 tag:0 length:27 isCompound:false}) … RDNSequence @2"],
    [9, 0x00, "asn1: structure error: tags don't match (16 vs {class:0 tag:17 length:11 isCompound:true}) … publicKeyInfo @7"],
    [10, 0x00, 'asn1: structure error: sequence tag mismatch'],
    [11, 0x83, 'asn1: syntax error: truncated sequence'],
    [14, 0x00, "asn1: structure error: tags don't match (6 vs {class:0 tag:0 length:3 isCompound:false}) … ObjectIdentifier @2"],
    [15, 0x00, 'asn1: syntax error: zero length OBJECT IDENTIFIER'],
    [16, 0x80, 'asn1: syntax error: integer is not minimally encoded'],
    [18, 0x83, 'asn1: syntax error: truncated base 128 integer'],
    [19, 0x01, 'asn1: syntax error: invalid boolean'],
    [19, 0x13, 'asn1: syntax error: PrintableString contains invalid character'],
    [19, 0x12, 'asn1: syntax error: NumericString contains invalid character'],
    [19, 0x16, 'asn1: syntax error: IA5String contains invalid character'],
    [20, 0x01, 'asn1: invalid UTF-8 string'],
    [32, 0x1e, 'pkcs12: odd-length BMP string'],
    [46, 0x00, "asn1: structure error: tags don't match (3 vs {class:0 tag:0 length:33 isCompound:false}) … BitString @9"],
    [47, 0x00, 'asn1: syntax error: zero length BIT STRING'],
    [47, 0x01, 'x509: wrong Ed25519 public key size'],
    [48, 0x01, 'asn1: syntax error: invalid padding bits in BIT STRING'],
    [98, 0x00, "asn1: structure error: tags don't match (16 vs {class:0 tag:0 length:16 isCompound:false}) …  @2"],
    [108, 0x00, 'x509: invalid subject alternative names'],
    [110, 0x01, 'x509: invalid subject alternative name'],
    [113, 0x83, 'x509: SAN dNSName is malformed'],
  ])('at %i, of %i: %s', (at, byte, message) => {
    expect(parseSigningRequest(good).signatureError()).toBeUndefined();
    const bytes = Buffer.from(good);
    bytes[at] = byte;
    expect(() => parseSigningRequest(bytes)).toThrow(new DerError(message.replace(' … ', OPTIONS)));
  });

  it('has attributes, if none, and nothing behind it', () => {
    expect(() => parseSigningRequest(Buffer.concat([good, Buffer.from([0])]))).toThrow(new DerError('asn1: syntax error: trailing data'));
    // Trailing data is told of last.
    const twice = Buffer.concat([good, Buffer.from([0])]);
    twice[6] = 0;
    expect(() => parseSigningRequest(twice)).toThrow(new DerError('asn1: structure error: empty integer'));
  });
});
