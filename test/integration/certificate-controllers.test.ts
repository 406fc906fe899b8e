// Requests for certificates, from openssl to a certificate that works.
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CertificateSigningRequest, certificatesKinds, type Live, rbacKinds } from '../../api/index.ts';
import { createClient } from '../../client/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const run = promisify(execFile);
const KIND = certificatesKinds.certificatesigningrequests;
const CLIENT = 'kubernetes.io/kube-apiserver-client';
const KUBELET = 'kubernetes.io/kube-apiserver-client-kubelet';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ controllers: ['csrapproving', 'csrsigning', 'csrcleaner'] });
});
afterAll(() => plane?.[Symbol.asyncDispose]());

/** A new key, and a request for a certificate of it. */
async function openssl(subject: string, ...more: readonly string[]): Promise<{ key: string; request: string }> {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const { stdout } = await run('openssl', ['req', '-new', ...curve, '-nodes', '-keyout', '-', '-subj', subject, ...more]);
  const at = stdout.indexOf('-----BEGIN CERTIFICATE REQUEST');
  return { key: stdout.slice(0, at), request: Buffer.from(stdout.slice(at)).toString('base64') };
}

const ask = (name: string, spec: object) =>
  plane.create<CertificateSigningRequest>(KIND, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: { signerName: CLIENT, usages: ['client auth'], ...spec },
  });

async function decide(name: string, type: 'Approved' | 'Denied'): Promise<void> {
  const csr = await plane.get<CertificateSigningRequest>(KIND, name);
  const conditions = [{ type, status: 'True', reason: 'Test', message: 'a test' }];
  await plane.client.resource<CertificateSigningRequest>(KIND).updateSubresource({ ...csr, status: { conditions } }, 'approval');
}

const decided = ({ status }: Live<CertificateSigningRequest>) =>
  status.conditions?.map(({ type, status: s, reason, message }) => [type, s, reason, message]);
const issued = (name: string) => plane.eventually<CertificateSigningRequest>(KIND, name, ({ status }) => Boolean(status.certificate));
const pemOf = ({ status }: Live<CertificateSigningRequest>) => Buffer.from(status.certificate ?? '', 'base64').toString();

describe('a client', () => {
  it('gets a certificate once somebody has approved, and is who it says', async () => {
    const { key, request } = await openssl('/O=devs/O=ops/CN=alice');
    await ask('alice', { request, expirationSeconds: 3600 });
    await decide('alice', 'Approved');
    const cert = pemOf(await issued('alice'));
    const { validFrom, validTo } = new X509Certificate(cert);
    expect((Date.parse(validTo) - Date.parse(validFrom)) / 60_000).toBe(65);
    const alice = createClient({ ...plane.config, cert, key, userAgent: 'alice' });
    try {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const answer = await alice.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body });
      expect(JSON.parse(answer.body.toString()).status.userInfo).toMatchObject({
        username: 'alice',
        // In one set of the subject, whose order DER decides.
        groups: ['ops', 'devs', 'system:authenticated'],
      });
    } finally {
      await alice.close();
    }
  });

  it('gets none when it was denied, and hears of what no signer signs', async () => {
    const { request } = await openssl('/CN=bob');
    await ask('denied', { request });
    await ask('odd', { request, usages: ['client auth', 'code signing'] });
    await decide('denied', 'Denied');
    await decide('odd', 'Approved');
    const failed = await plane.eventually<CertificateSigningRequest>(KIND, 'odd', ({ status }) => status.conditions?.length === 2);
    expect(decided(failed)).toEqual([
      ['Approved', 'True', 'Test', 'a test'],
      ['Failed', 'True', 'SignerValidationFailure', 'invalid usage for client certificate: code signing'],
    ]);
    expect((await plane.get<CertificateSigningRequest>(KIND, 'denied')).status.certificate).toBeUndefined();
  });
});

describe('a kubelet', () => {
  const subject = '/O=system:nodes/CN=system:node:n1';
  const usages = ['digital signature', 'client auth'];

  it('is approved when it has the right to be, also when that comes later', async () => {
    const { request } = await openssl(subject);
    await ask('early', { request, signerName: KUBELET, usages });
    // The administrator may create everything, subresources too.
    const csr = await issued('early');
    expect(decided(csr)).toEqual([
      ['Approved', 'True', 'AutoApproved', 'Auto approving kubelet client certificate after SubjectAccessReview.'],
    ]);
    expect(new X509Certificate(pemOf(csr)).subject).toBe('O=system:nodes\nCN=system:node:n1');
  });

  it('waits while it has no right', async () => {
    const { key, request: own } = await openssl('/O=system:nodes/CN=system:node:n2');
    await ask('own', { request: own, signerName: KUBELET, usages });
    const cert = pemOf(await issued('own'));
    const node = createClient({ ...plane.config, cert, key, userAgent: 'kubelet' });
    try {
      const { request } = await openssl('/O=system:nodes/CN=system:node:n2');
      await node.resource<CertificateSigningRequest>(KIND).create({
        metadata: { name: 'renewal' },
        spec: { request, signerName: KUBELET, usages },
        status: {},
      });
      expect((await plane.get<CertificateSigningRequest>(KIND, 'renewal')).status.conditions).toBeUndefined();
      await plane.create(rbacKinds.clusterrolebindings, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'renewals' },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
        },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
      });
      expect(decided(await issued('renewal'))).toEqual([
        ['Approved', 'True', 'AutoApproved', 'Auto approving self kubelet client certificate after SubjectAccessReview.'],
      ]);
    } finally {
      await node.close();
    }
  });

  it('gets a serving certificate for its addresses', async () => {
    const { request } = await openssl(subject, '-addext', 'subjectAltName=DNS:n1,IP:10.0.0.1');
    await ask('serving', { request, signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] });
    await decide('serving', 'Approved');
    expect(new X509Certificate(pemOf(await issued('serving'))).subjectAltName).toBe('DNS:n1, IP Address:10.0.0.1');
  });
});
