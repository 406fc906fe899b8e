// What controller-runtime's envtest does: pkg/envtest, pkg/internal/testing/controlplane/{etcd,apiserver,auth}.go.
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateKey, issueCertificate, keyToPem, type ReadyMessage } from '../../runtime/index.ts';
import { testAuthority } from '../support/authority.ts';
import { bodyOf } from '../support/http-server.ts';
import { ROOT } from '../support/sources.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const HOUR_MS = 3_600_000;
const COMMAND = join(ROOT, 'dist/cli/main.js');

interface Running extends AsyncDisposable {
  readonly url: string;
}

/** A process in a directory of its own, stopped as envtest stops it. */
async function start(cwd: string, argv: readonly string[]): Promise<Running> {
  const child: ChildProcess = fork(COMMAND, argv, { cwd, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${argv[0]} ended with ${code}: ${output}`)));
    child.once('message', (message: ReadyMessage) => resolve(message.url ?? ''));
  });
  const stop = async () => {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited, output).toEqual([0, null]);
  };
  return { url, [Symbol.asyncDispose]: stop };
}

/** A CA of users, and a user of it who may do everything. */
function masters(): { ca: string; cert: string; key: string } {
  const validity = { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() + HOUR_MS };
  const [caKey, key] = [generateKey(), generateKey()];
  const issuer = { subject: { commonName: 'users' }, key: caKey };
  const subject = { commonName: 'default', organizations: ['system:masters'] };
  return {
    ca: issueCertificate({ ...issuer, use: 'ca', ...validity }),
    cert: issueCertificate({ subject, key, use: 'client', issuer, ...validity }),
    key: keyToPem(key),
  };
}

test(
  'envtest starts etcd and kube-apiserver with its own certificates, and finds no trace of them afterwards',
  async () => {
    await using directory = await tempDirectory();
    const [home, data, certificates] = ['home', 'data', 'certificates'].map((name) => join(directory.path, name));
    if (home === undefined || data === undefined || certificates === undefined) throw new Error('three directories');
    for (const each of [home, certificates]) mkdirSync(each);
    const put = (name: string, text: string) => {
      writeFileSync(join(certificates, name), text);
      return join(certificates, name);
    };
    const serving = testAuthority('serving');
    const { cert, key } = serving.issue('server', ['127.0.0.1', 'localhost']);
    put('apiserver.crt', cert);
    put('apiserver.key', key);
    const signing = testAuthority('service accounts').issue('server');
    const users = masters();
    {
      await using etcd = await start(home, [
        'store',
        '--listen-peer-urls=http://127.0.0.1:0',
        `--data-dir=${data}`,
        '--advertise-client-urls=http://127.0.0.1:0',
        '--listen-client-urls=http://127.0.0.1:0',
        '--unsafe-no-fsync=true',
      ]);
      expect(await (await fetch(`${etcd.url}/health`)).json()).toMatchObject({ health: 'true' });
      await using server = await start(home, [
        'apiserver',
        '--allow-privileged=true',
        '--authorization-mode=RBAC',
        '--bind-address=127.0.0.1',
        `--cert-dir=${certificates}`,
        `--client-ca-file=${put('client-cert-auth-ca.crt', users.ca)}`,
        '--disable-admission-plugins=ServiceAccount',
        `--etcd-servers=${etcd.url}`,
        '--secure-port=0',
        '--service-account-issuer=https://127.0.0.1:1/',
        `--service-account-key-file=${put('sa-signer.crt', signing.cert)}`,
        `--service-account-signing-key-file=${put('sa-signer.key', signing.key)}`,
        '--service-cluster-ip-range=10.0.0.0/24',
      ]);
      const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
        const user = headers.authorization === undefined ? { cert: users.cert, key: users.key } : {};
        // Only the CA of the certificate that envtest wrote is trusted.
        const sent = request(`${server.url}${path}`, {
          method,
          ca: serving.ca,
          ...user,
          headers: { 'content-type': 'application/json', ...headers },
        });
        sent.end(body === undefined ? undefined : JSON.stringify(body));
        const [response]: IncomingMessage[] = await once(sent, 'response');
        return { status: response?.statusCode, text: response ? await bodyOf(response) : '' };
      };
      expect(await call('GET', '/healthz')).toEqual({ status: 200, text: 'ok' });
      const pod = { metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
      // Without the plugin ServiceAccount no account is waited for, and none is mounted.
      const made = await call('POST', '/api/v1/namespaces/default/pods', { apiVersion: 'v1', kind: 'Pod', ...pod });
      expect(made).toMatchObject({ status: 201, text: expect.not.stringContaining('serviceAccountName') });
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } };
      expect((await call('POST', '/api/v1/namespaces/default/serviceaccounts', account)).status).toBe(201);
      const ask = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
      const answer = await call('POST', '/api/v1/namespaces/default/serviceaccounts/robot/token', ask);
      const { status } = JSON.parse(answer.text) as { status: { token: string } };
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const self = await call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review, {
        authorization: `Bearer ${status.token}`,
      });
      expect(self).toMatchObject({ status: 201, text: expect.stringContaining('"system:serviceaccount:default:robot"') });
    }
    expect(readdirSync(home)).toEqual([]);
    expect(existsSync(join(certificates, 'pki/ca.crt'))).toBe(true);
  },
  HOUR_MS,
);

test('envtest finds out by --help which options there are', () => {
  const help = execFileSync(process.execPath, [COMMAND, 'apiserver', '--help'], { encoding: 'utf8' });
  expect(help).not.toMatch(/^\s*--insecure-port\b/m);
  expect(help).toMatch(/^\s*--cert-dir\b/m);
});
