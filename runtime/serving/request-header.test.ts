import { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { VirtualClock } from '../clock.ts';
import { generateKey, issueCertificate } from '../x509/certificate.ts';
import { createRequestHeaders } from './request-header.ts';

const HOUR_MS = 3_600_000;

function authority(commonName: string) {
  const key = generateKey();
  const subject = { commonName };
  const valid = { notBeforeMs: 0, notAfterMs: HOUR_MS };
  return { subject, key, pem: issueCertificate({ subject, key, use: 'ca', ...valid }) };
}

test('front proxies of an authority that is new are believed, on connections that there were before too', () => {
  const [first, second] = [authority('first'), authority('second')];
  const certificate = issueCertificate({
    subject: { commonName: 'proxy' },
    key: generateKey(),
    use: 'client',
    issuer: { subject: second.subject, key: second.key },
    notBeforeMs: 0,
    notAfterMs: HOUR_MS,
  });
  const socket: object = Object.assign(Object.create(TLSSocket.prototype), {
    authorized: true,
    getPeerX509Certificate: () => new X509Certificate(certificate),
    getPeerCertificate: () => ({ subject: { CN: 'proxy' } }),
  });
  const options = {
    ca: first.pem,
    allowedNames: ['proxy'],
    usernameHeaders: ['X-Remote-User'],
    uidHeaders: [],
    groupHeaders: [],
    extraHeaderPrefixes: [],
  };
  const proxies = createRequestHeaders(options, new VirtualClock(HOUR_MS / 2));
  const identify = () =>
    proxies.identify({ headers: { 'x-remote-user': 'ann' }, rawHeaders: ['X-Remote-User', 'ann'], socket } as never)?.name;
  expect(identify()).toBeUndefined();
  options.ca = `${first.pem}${second.pem}`;
  expect(identify()).toBe('ann');
  options.ca = first.pem;
  expect(identify()).toBeUndefined();
});
