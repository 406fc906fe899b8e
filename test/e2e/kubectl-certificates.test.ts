// A key of one's own, a request, `kubectl certificate approve`, and the certificate opens the door: with every kubectl on this machine.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findKubectls, kubectlOf, startCluster, type TestCluster, waitFor } from '../support/cluster.ts';

const run = promisify(execFile);
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 0, args: ['--ephemeral=false'] });
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

it.each(findKubectls().map((binary, i) => [binary, `carol-${i}`] as const))('%s', async (binary, user) => {
  const kubectl = kubectlOf(binary, cluster.kubeconfig);
  const file = (ending: string) => join(cluster.directory, `${user}.${ending}`);
  await run('openssl', [
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    file('key'),
    '-out',
    file('csr'),
    '-subj',
    `/O=devs/CN=${user}`,
  ]);
  const { stdout: request } = await run('base64', ['-w0', file('csr')]);
  const csr = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: user },
    spec: { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], expirationSeconds: 86_400 },
  };
  expect((await kubectl.run(['create', '-f', '-'], { input: JSON.stringify(csr) })).stderr).toBe('');
  expect(await kubectl('certificate', 'approve', user)).toContain(`certificatesigningrequest.certificates.k8s.io/${user} approved`);
  await waitFor(
    async () => (await kubectl('get', 'csr', user)).includes('Approved,Issued'),
    60_000,
    () => `nobody signed: ${cluster.output}`,
  );
  const certificate = await kubectl('get', 'csr', user, '-o', 'jsonpath={.status.certificate}');
  writeFileSync(file('crt'), Buffer.from(certificate, 'base64'));
  const ca = join(cluster.directory, 'pki/ca.crt');
  // OpenSSL, which is stricter than Node, agrees that it is good for a client.
  expect((await run('openssl', ['verify', '-CAfile', ca, '-purpose', 'sslclient', file('crt')])).stdout).toContain('OK');
  const own = ['--server', cluster.url, '--certificate-authority', ca, '--client-certificate', file('crt'), '--client-key', file('key')];
  const asUser = await kubectlOf(binary, '/dev/null').run([...own, 'get', 'pods']);
  expect(asUser.stderr).toContain(`User "${user}" cannot list resource "pods"`);
  await kubectl('create', 'rolebinding', user, '--clusterrole=view', `--user=${user}`);
  expect((await kubectlOf(binary, '/dev/null').run([...own, 'get', 'pods'])).stderr).toContain('No resources found');
});

it('says that all components are well', async () => {
  const { stdout } = await kubectlOf(findKubectls()[0] ?? 'kubectl', cluster.kubeconfig).run(['get', 'cs']);
  expect(stdout.match(/^\S+ +Healthy +ok *$/gm)).toHaveLength(3);
});
