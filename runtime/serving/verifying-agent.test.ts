import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { generateKey, type Issuer, issueCertificate, keyToPem } from '../x509/certificate.ts';
import { trusting } from './trust.ts';
import { VerifyingAgent } from './verifying-agent.ts';

const DAY_MS = 86_400_000;
/** Certificates count seconds. */
const NOW = Math.floor(Date.now() / 1000) * 1000;

interface Wish {
  readonly commonName?: string;
  readonly hosts?: readonly string[];
  readonly use?: 'ca' | 'server' | 'client';
  readonly fromMs?: number;
  readonly toMs?: number;
}

interface Authority extends Issuer {
  readonly ca: string;
}

const certificateOf = (key: ReturnType<typeof generateKey>, wish: Wish, issuer?: Authority) =>
  issueCertificate({
    subject: { commonName: wish.commonName ?? 'server' },
    key,
    use: wish.use ?? 'server',
    hosts: wish.hosts,
    issuer,
    notBeforeMs: wish.fromMs ?? NOW - DAY_MS,
    notAfterMs: wish.toMs ?? NOW + DAY_MS,
  });

function authority(commonName: string, wish: Wish = {}): Authority {
  const key = generateKey();
  return { subject: { commonName }, key, ca: certificateOf(key, { use: 'ca', ...wish, commonName }) };
}

const root = authority('root');

/** What is said to who calls `localhost`, and trusts a bundle. */
async function call(wish: Wish, { issuer = root, ca = root.ca }: { issuer?: Authority; ca?: string } = {}): Promise<string> {
  const key = generateKey();
  const server = https.createServer({ key: keyToPem(key), cert: certificateOf(key, wish, issuer) }, (_, response) => response.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new VerifyingAgent(trusting(ca));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise((resolve) => {
      const request = https.request({ host: 'localhost', family: 4, port, agent }, ({ statusCode }) => resolve(String(statusCode)));
      request.on('error', ({ message }) => resolve(message.replace('tls: failed to verify certificate: x509: ', '')));
      request.end();
    });
  } finally {
    agent.destroy();
    server.close();
  }
}

const HOSTS = { hosts: ['localhost'] };
const time = (ms: number) => new Date(ms).toISOString().replace('.000', '');
const UNKNOWN = 'certificate signed by unknown authority';
const candidate = (why: string, name = 'root') =>
  `${UNKNOWN} (possibly because of "${why}" while trying to verify candidate authority certificate "${name}")`;

test.each<[string, Wish, { issuer?: Authority; ca?: string }, string]>([
  ['that is good', HOSTS, {}, '200'],
  ['of somebody else', HOSTS, { ca: authority('other').ca }, UNKNOWN],
  ['of an authority that has another key now', HOSTS, { ca: authority('root').ca }, candidate('x509: ECDSA verification failure')],
  [
    'of one who is no authority',
    HOSTS,
    { ca: authority('root', { use: 'server' }).ca },
    candidate('x509: invalid signature: parent certificate cannot sign this kind of certificate'),
  ],
  ['for other names', { hosts: ['a.example', 'b.example'] }, {}, 'certificate is valid for a.example, b.example, not localhost'],
  [
    'for other names, of somebody else',
    { hosts: ['a.example'] },
    { ca: authority('other').ca },
    'certificate is valid for a.example, not localhost',
  ],
  ['for an address', { hosts: ['10.0.0.1'] }, {}, 'certificate is not valid for any names, but wanted to match localhost'],
  ['with the host as its common name', { commonName: 'localhost' }, {}, 'certificate relies on legacy Common Name field, use SANs instead'],
  ['without names', {}, {}, 'certificate is not valid for any names, but wanted to match localhost'],
  ['for clients', { ...HOSTS, use: 'client' }, {}, 'certificate specifies an incompatible key usage'],
])('a certificate %s', async (_, wish, trust, answer) => {
  expect(await call(wish, trust)).toBe(answer);
});

test('a certificate that is too old, or too young, or whose authority is, is told of with the times', async () => {
  const expired = 'certificate has expired or is not yet valid: current time ';
  const old = { ...HOSTS, toMs: NOW - 3_600_000 };
  expect(await call(old)).toMatch(new RegExp(`^${expired}[^ ]+Z is after ${time(NOW - 3_600_000)}$`));
  expect(await call({ ...old, hosts: ['a.example'] }, { ca: authority('other').ca })).toMatch(new RegExp(`^${expired}`));
  expect(await call({ ...HOSTS, fromMs: NOW + 3_600_000 })).toMatch(new RegExp(`^${expired}[^ ]+Z is before ${time(NOW + 3_600_000)}$`));
  const issuer = authority('old', { toMs: NOW - 7_200_000 });
  expect(await call(HOSTS, { issuer, ca: issuer.ca })).toMatch(new RegExp(`^${expired}[^ ]+Z is after ${time(NOW - 7_200_000)}$`));
});

/** As Go issues them where both have one name: it is not said whose key signed. What certificates of servers say of an issuer's key is nothing. */
const unnamed = (issuer: Authority): Authority => ({
  ...issuer,
  certificate: new X509Certificate(certificateOf(issuer.key, { commonName: issuer.subject.commonName })),
});

test.each<[string, Wish, { issuer?: Authority; ca?: string }, string]>([
  ['is taken', HOSTS, {}, '200'],
  ['is refused for another name', { hosts: ['a.example'] }, {}, 'certificate is valid for a.example, not localhost'],
  ['is refused when it is for clients', { ...HOSTS, use: 'client' }, {}, 'certificate specifies an incompatible key usage'],
  ['is refused when another key signed it', HOSTS, { ca: authority('root').ca }, candidate('x509: ECDSA verification failure')],
  [
    'is refused when its authority is none',
    HOSTS,
    { ca: certificateOf(root.key, { commonName: 'root' }) },
    candidate('x509: invalid signature: parent certificate cannot sign this kind of certificate'),
  ],
])("a certificate with its authority's name, as knative makes them for webhooks, %s", async (_, wish, trust, answer) => {
  expect(await call({ ...wish, commonName: 'root' }, { issuer: unnamed(root), ...trust })).toBe(answer);
});

test("a certificate with its authority's name is refused when one of both is too old", async () => {
  const tooOld = /^certificate has expired or is not yet valid/;
  expect(await call({ ...HOSTS, commonName: 'root', toMs: NOW - 3_600_000 }, { issuer: unnamed(root) })).toMatch(tooOld);
  const old = authority('old', { toMs: NOW - 7_200_000 });
  expect(await call({ ...HOSTS, commonName: 'old' }, { issuer: unnamed(old), ca: old.ca })).toMatch(tooOld);
});
