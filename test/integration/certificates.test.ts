import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { loadKubeconfig } from '../../client/index.ts';
import { startApiServer } from '../support/api-server.ts';
import { type Pair, testAuthority } from '../support/authority.ts';
import { waitFor } from '../support/cluster.ts';
import { ROOT } from '../support/sources.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const run = promisify(execFile);
const certs = (...args: string[]) => run(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'certs', ...args]);

/** The certificate that a server shows to a new connection. */
const served = (url: string, servername?: string) =>
  new Promise<X509Certificate>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...(servername ? { servername } : {}) }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate) resolve(certificate);
      else reject(new Error('no certificate was shown'));
    });
    socket.once('error', reject);
  });

interface Client {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Asks who it is, over connections that are kept. */
function asker(url: string, { cert, key }: Client) {
  const agent = new Agent({
    keepAlive: true,
    rejectUnauthorized: false,
    maxSockets: 1,
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  });
  const ask = () =>
    new Promise<unknown>((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const sent = request(
        `${url}/apis/authentication.k8s.io/v1/selfsubjectreviews`,
        { method: 'POST', agent, headers },
        async (response) => {
          let text = '';
          for await (const chunk of response) text += String(chunk);
          resolve(response.statusCode === 201 ? JSON.parse(text).status.userInfo : response.statusCode);
        },
      );
      sent.on('error', reject);
      sent.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }));
    });
  return { ask, [Symbol.dispose]: () => agent.destroy() };
}

test('certificates are shown and renewed, and a running server takes its own up', async () => {
  await using place = await tempDirectory();
  const directory = join(place.path, 'data');
  mkdirSync(directory);
  await using api = await startApiServer({ directory, args: [] });
  const { stdout } = await certs('check-expiration', '--data-dir', directory);
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(/^CERTIFICATE {10,}EXPIRES {10,}RESIDUAL TIME {3}CERTIFICATE AUTHORITY {3}EXTERNALLY MANAGED$/);
  expect(lines[2]).toMatch(/^apiserver {18}\w{3} \d\d, \d{4} \d\d:\d\d UTC {3}9y {14}ca {22}no$/);
  expect(stdout).toMatch(/^front-proxy-client .* front-proxy-ca {10}no$/m);
  expect(lines.find((line) => line.startsWith('ca '))).toMatch(/ 9y +no$/);

  const before = await served(api.url);
  const oldAdmin = loadKubeconfig(join(directory, 'admin.kubeconfig'));
  const renewed = await certs('renew', 'all', '--data-dir', directory);
  expect(renewed.stdout).toContain('certificate for serving the Kubernetes API renewed\n');
  await waitFor(
    async () => (await served(api.url)).serialNumber !== before.serialNumber,
    60_000,
    () => `the old certificate is still shown: ${api.output()}`,
  );
  const after = await served(api.url);
  expect([after.subject, after.subjectAltName]).toEqual([before.subject, before.subjectAltName]);
  expect(after.raw.equals(new X509Certificate(readFileSync(join(directory, 'pki/apiserver.crt'))).raw)).toBe(true);
  const admin = loadKubeconfig(join(directory, 'admin.kubeconfig'));
  expect(admin.server).toBe(oldAdmin.server);
  expect(admin.ca?.trim()).toBe(oldAdmin.ca?.trim());
  expect(admin.cert).not.toBe(oldAdmin.cert);
  using asked = asker(api.url, admin);
  expect(await asked.ask()).toMatchObject({ username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] });
});

test('CAs of clients come and go while the server runs, for connections from before too', async () => {
  await using place = await tempDirectory();
  const [one, two] = [testAuthority('one'), testAuthority('two')];
  const [first, second] = [one.issue('client'), two.issue('client')];
  const file = join(place.path, 'clients.pem');
  writeFileSync(file, one.ca);
  await using api = await startApiServer({ args: ['--ephemeral', `--client-ca-file=${file}`] });
  using old = asker(api.url, first);
  using stranger = asker(api.url, second);
  expect([await old.ask(), await stranger.ask()]).toMatchObject([{ username: 'client of one' }, 401]);
  writeFileSync(file, two.ca);
  await waitFor(
    async () => (await old.ask()) === 401,
    60_000,
    () => 'the old CA is still trusted',
  );
  using known = asker(api.url, second);
  expect(await known.ask()).toMatchObject({ username: 'client of two' });
  writeFileSync(file, 'nonsense');
  await waitFor(
    () => api.output().includes('cannot be read again'),
    60_000,
    () => 'nobody noticed',
  );
  expect(await known.ask()).toMatchObject({ username: 'client of two' });
});

test('a certificate for another name is taken up while the server runs, once its key fits', async () => {
  await using place = await tempDirectory();
  const [cert, key] = ['named.crt', 'named.key'].map((name) => join(place.path, name)) as [string, string];
  const [first, second] = ['first', 'second'].map((name) => testAuthority(name).issue('server', ['other.example.com'])) as [Pair, Pair];
  writeFileSync(cert, first.cert);
  writeFileSync(key, first.key);
  await using api = await startApiServer({ args: ['--ephemeral', `--tls-sni-cert-key=${cert},${key}`] });
  const shown = async () => (await served(api.url, 'other.example.com')).subject;
  expect(await shown()).toContain('of first');
  expect((await served(api.url)).subject).not.toContain('of first');
  writeFileSync(key, second.key);
  expect(await shown()).toContain('of first');
  writeFileSync(cert, second.cert);
  await expect.poll(shown).toContain('of second');
  expect((await served(api.url)).subject).not.toContain('of second');
});

test('no process but the admin may do everything', async () => {
  await using place = await tempDirectory();
  const directory = join(place.path, 'data');
  mkdirSync(directory);
  await using api = await startApiServer({ directory, args: ['--ephemeral'] });
  const identities: Record<string, unknown> = {};
  for (const name of ['admin', 'scheduler', 'controller-manager', 'kubelet']) {
    using asked = asker(api.url, loadKubeconfig(join(directory, `${name}.kubeconfig`)));
    identities[name] = await asked.ask();
  }
  const read = (file: string) => readFileSync(join(directory, 'pki', file), 'utf8');
  using toKubelets = asker(api.url, { cert: read('apiserver-kubelet-client.crt'), key: read('apiserver-kubelet-client.key') });
  identities.toKubelets = await toKubelets.ask();
  const authenticated = ['system:authenticated'];
  expect(identities).toMatchObject({
    admin: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
    scheduler: { username: 'system:kube-scheduler', groups: authenticated },
    'controller-manager': { username: 'system:kube-controller-manager', groups: authenticated },
    kubelet: { username: 'system:nanokube:kubelet-sim', groups: ['system:nodes', 'system:authenticated'] },
    toKubelets: { username: 'kube-apiserver-kubelet-client', groups: authenticated },
  });
  const review = async (user: string, resourceAttributes: object) => {
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, groups: authenticated, resourceAttributes },
    };
    return (await api.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', body)).body.status.allowed;
  };
  for (const user of ['system:kube-scheduler', 'system:nanokube:kubelet-sim', 'kube-apiserver-kubelet-client']) {
    expect([user, await review(user, { verb: 'create', resource: 'clusterroles', group: 'rbac.authorization.k8s.io' })]).toEqual([
      user,
      false,
    ]);
    expect([user, await review(user, { verb: 'update', resource: 'secrets', namespace: 'kube-system' })]).toEqual([user, false]);
  }
  expect(await review('kube-apiserver-kubelet-client', { verb: 'create', resource: 'nodes', subresource: 'proxy' })).toBe(true);
});

test('what cannot be renewed is said in one line', async () => {
  await using place = await tempDirectory();
  await expect(certs('renew', 'all', '--data-dir', place.path)).rejects.toThrow('ca.crt is missing');
  await expect(certs('renew', 'nothing')).rejects.toThrow('certs renew takes all, or one of admin, apiserver');
  await expect(certs('destroy')).rejects.toThrow('unknown command "certs destroy"');
});
