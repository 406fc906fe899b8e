import { describe, expect, it } from 'vitest';
import type { CertificateSigningRequest, Live } from '../../api/index.ts';
import { generateKey, issueCertificate, OptionError, type SigningRequest } from '../../runtime/index.ts';
import { ago, meta, NOW } from '../testing/builders.ts';
import { signersOf } from './authorities.ts';
import { isOver, recognize, signerError, validityOf } from './plan.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NO_NAMES = { dnsNames: [], emailAddresses: [], ipAddresses: [], uris: [] };

const asks = (more: Partial<SigningRequest> = {}): SigningRequest => ({
  subject: [],
  commonName: 'system:node:n1',
  organizations: ['system:nodes'],
  names: NO_NAMES,
  publicKey: Buffer.alloc(0),
  signatureError: () => undefined,
  ...more,
});
const named = (more: Partial<SigningRequest['names']>) => asks({ names: { ...NO_NAMES, ...more } });

function aCsr(spec: Partial<CertificateSigningRequest['spec']> = {}, status: CertificateSigningRequest['status'] = {}) {
  const csr: Live<CertificateSigningRequest> = {
    metadata: meta('csr', { namespace: undefined }),
    spec: {
      request: '',
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['client auth', 'digital signature'],
      username: 'system:bootstrap:abcdef',
      ...spec,
    },
    status,
  };
  return csr;
}

describe('what is approved by itself', () => {
  const sorts = (spec: Partial<CertificateSigningRequest['spec']>, request = asks()) =>
    recognize(aCsr(spec), request).map(({ subresource }) => subresource);

  it('is a client certificate of a kubelet, for itself or another', () => {
    expect(sorts({})).toEqual(['nodeclient']);
    expect(sorts({ usages: ['key encipherment', 'digital signature', 'client auth'] })).toEqual(['nodeclient']);
    expect(sorts({ username: 'system:node:n1' })).toEqual(['selfnodeclient', 'nodeclient']);
  });

  it('is nothing else', () => {
    expect(sorts({ signerName: 'kubernetes.io/kube-apiserver-client' })).toEqual([]);
    expect(sorts({ usages: ['client auth'] })).toEqual([]);
    expect(sorts({}, asks({ organizations: ['system:masters', 'system:nodes'] }))).toEqual([]);
    expect(sorts({}, asks({ commonName: 'admin' }))).toEqual([]);
  });
});

describe('what signers refuse', () => {
  const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet';
  const serving = 'kubernetes.io/kubelet-serving';
  const client = 'kubernetes.io/kube-apiserver-client';
  const forClient = ['client auth', 'digital signature'];
  const forServer = ['server auth', 'digital signature', 'key encipherment'];
  const address = named({ ipAddresses: [Buffer.from([10, 0, 0, 1])] });

  it.each([
    [kubelet, asks(), forClient, undefined],
    [kubelet, asks({ organizations: [] }), forClient, 'subject organization is not system:nodes'],
    [kubelet, named({ dnsNames: ['a'] }), forClient, 'DNS subjectAltNames are not allowed'],
    [kubelet, named({ emailAddresses: ['a@b'] }), forClient, 'Email subjectAltNames are not allowed'],
    [kubelet, address, forClient, 'IP subjectAltNames are not allowed'],
    [kubelet, named({ uris: ['a:b'] }), forClient, 'URI subjectAltNames are not allowed'],
    [kubelet, asks({ commonName: 'n1' }), forClient, 'subject common name does not begin with system:node:'],
    [kubelet, asks(), ['client auth'], 'usages did not match [client auth digital signature key encipherment]'],
    [serving, address, forServer, undefined],
    [serving, address, ['server auth', 'digital signature'], undefined],
    [serving, asks(), forServer, 'DNS or IP subjectAltName is required'],
    [serving, address, [...forServer, 'client auth'], 'usages did not match [digital signature key encipherment server auth]'],
    [serving, named({ dnsNames: ['a'], uris: ['a:b'] }), forServer, 'URI subjectAltNames are not allowed'],
    [serving, asks({ commonName: 'n1', names: address.names }), forServer, 'subject common name does not begin with system:node:'],
    [client, asks({ commonName: 'bob', organizations: [] }), ['client auth'], undefined],
    [client, asks(), ['digital signature'], 'missing required usage for client certificate: client auth'],
    [client, asks(), ['client auth', 'server auth'], 'invalid usage for client certificate: server auth'],
    ['kubernetes.io/legacy-unknown', asks({ commonName: 'bob' }), ['cert sign'], undefined],
  ] as const)('%s %#', (signer, request, usages, error) => {
    expect(signerError(signer, request, usages)).toBe(error);
  });
});

describe('how long a certificate is good', () => {
  const ca = { notAfterMs: NOW + 10_000 * HOUR_MS };
  const YEAR_MS = 8760 * HOUR_MS;
  const ends = (seconds: number | undefined, longestMs = YEAR_MS) => (validityOf(seconds, longestMs, ca, NOW).notAfterMs - NOW) / MINUTE_MS;

  it('is as asked, within bounds, and a long one ends as much earlier as it begins', () => {
    expect(validityOf(undefined, YEAR_MS, ca, NOW)).toEqual({
      notBeforeMs: NOW - 5 * MINUTE_MS,
      notAfterMs: NOW + YEAR_MS - 5 * MINUTE_MS,
    });
    expect(ends(3600)).toBe(60);
    expect(ends(8 * 3600)).toBe(8 * 60 - 5);
    expect(ends(60)).toBe(10);
    expect(ends(3600, 30 * MINUTE_MS)).toBe(30);
  });

  it('is not longer than the authority is', () => {
    const old = { notAfterMs: NOW + MINUTE_MS };
    expect(validityOf(undefined, YEAR_MS, old, NOW).notAfterMs).toBe(old.notAfterMs);
    expect(() => validityOf(undefined, YEAR_MS, { notAfterMs: NOW }, NOW)).toThrow(
      'refusing to sign a certificate that expired in the past: NotAfter=2026-01-01 12:00:00 +0000 UTC',
    );
    expect(() => validityOf(undefined, YEAR_MS, { notAfterMs: NOW - HOUR_MS }, NOW)).toThrow('the signer has expired: NotAfter=');
  });
});

describe('what is over', () => {
  const certificateUntil = (ms: number) =>
    Buffer.from(
      issueCertificate({ subject: { commonName: 'x' }, key: generateKey(), use: 'client', notBeforeMs: NOW - 2 * HOUR_MS, notAfterMs: ms }),
    ).toString('base64');
  const decided = (type: string, secondsAgo: number, certificate?: string) =>
    aCsr({}, { conditions: [{ type, status: 'True', lastUpdateTime: ago(secondsAgo) }], ...(certificate ? { certificate } : {}) });
  const pending = (secondsAgo: number) => ({ ...aCsr(), metadata: meta('csr', { creationTimestamp: ago(secondsAgo) }) });
  const good = certificateUntil(NOW + HOUR_MS);

  it.each([
    ['new', pending(60), false],
    ['forgotten for a day', pending(24 * 3600 + 1), true],
    ['denied now', decided('Denied', 60), false],
    ['denied long ago', decided('Denied', 3601), true],
    ['failed long ago', decided('Failed', 3601), true],
    ['signed now', decided('Approved', 60, good), false],
    ['signed long ago', decided('Approved', 3601, good), true],
    ['signed now, and expired', decided('Approved', 60, certificateUntil(NOW - MINUTE_MS)), true],
    ['approved long ago, for a signer that has not come', decided('Approved', 3601), false],
  ])('%s', (_name, csr, over) => {
    expect(isOver(csr, NOW)).toBe(over);
  });
});

describe('the signers that options ask for', () => {
  const pair = (part: string) => ({ [`cluster-signing${part}-cert-file`]: 'c', [`cluster-signing${part}-key-file`]: 'k' });

  it('share an authority, or have one each', () => {
    expect(signersOf({})).toEqual({});
    expect(Object.keys(signersOf(pair('')))).toHaveLength(4);
    expect(signersOf(pair('-kubelet-serving'))).toEqual({ 'kubernetes.io/kubelet-serving': { certFile: 'c', keyFile: 'k' } });
  });

  it('are complete', () => {
    expect(() => signersOf({ 'cluster-signing-cert-file': 'c' })).toThrow(OptionError);
    expect(() => signersOf({ 'cluster-signing-legacy-unknown-key-file': 'k' })).toThrow(
      /without --cluster-signing-legacy-unknown-cert-file/,
    );
    expect(() => signersOf({ ...pair(''), ...pair('-kubelet-client') })).toThrow(/at the same time/);
  });
});
