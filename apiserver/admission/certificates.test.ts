import { describe, expect, it } from 'vitest';
import { type CertificateSigningRequest, certificatesKinds } from '../../api/index.ts';
import { ALL_KINDS, decode, type Message } from '../../api/schema.ts';
import type { AccessAttributes, Authorizer } from '../auth/index.ts';
import { contextOf } from '../strategies/testing/harness.ts';
import { CERTIFICATE, REQUEST_OF_DEVS, REQUEST_OF_MASTERS } from '../testing/signing-requests.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const CLIENT = 'kubernetes.io/kube-apiserver-client';

const requestOf = (signerName: string, own: Partial<CertificateSigningRequest> = {}): CertificateSigningRequest => ({
  metadata: { name: 'x' },
  spec: { request: REQUEST_OF_DEVS, signerName, usages: [] },
  status: {},
  ...own,
});

/** Allows one verb on one signer, or on those of a domain, and notes what it is asked. */
function authorizerOf(verb: string, name: string): Authorizer & { readonly asked: AccessAttributes[] } {
  const asked: AccessAttributes[] = [];
  const authorize = (attributes: AccessAttributes) => {
    asked.push(attributes);
    return { allowed: attributes.verb === verb && attributes.name === name, reason: '' };
  };
  return { asked, authorize, rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }) };
}

async function validate(plugin: AdmissionPlugin, own: Partial<AdmissionAttributes>): Promise<void> {
  const kind = certificatesKinds.certificatesigningrequests;
  const facts = { operation: 'UPDATE', kind, namespace: '', name: 'x', subresource: '', object: undefined, old: undefined } as const;
  await plugin.validate?.(contextOf().context, { ...facts, ...own });
}

const refusal = (what: string, signer: string): string =>
  `certificatesigningrequests.certificates.k8s.io "x" is forbidden: user not permitted to ${what} requests with signerName "${signer}"`;

describe('CertificateApproval', () => {
  const approve = (authorizer: Authorizer, subresource = 'approval') =>
    validate(certificateApproval(authorizer), { subresource, object: requestOf('other.com/b'), old: requestOf('example.com/a') });

  it('takes the right to approve for the signer of the stored request, or for all of its domain', async () => {
    await expect(approve(authorizerOf('approve', 'example.com/a'))).resolves.toBeUndefined();
    await expect(approve(authorizerOf('approve', 'example.com/*'))).resolves.toBeUndefined();
    await expect(approve(authorizerOf('approve', 'other.com/b'))).rejects.toThrow(refusal('approve', 'example.com/a'));
    await expect(approve(authorizerOf('sign', 'example.com/a'))).rejects.toThrow(refusal('approve', 'example.com/a'));
  });

  it('asks about signers of the group, of any version', async () => {
    const authorizer = authorizerOf('approve', 'example.com/*');
    await approve(authorizer);
    expect(authorizer.asked.map(({ group, version, resource, name }) => [group, version, resource, name])).toEqual([
      ['certificates.k8s.io', '*', 'signers', 'example.com/a'],
      ['certificates.k8s.io', '*', 'signers', 'example.com/*'],
    ]);
  });

  it('is about decisions only', async () => {
    await expect(approve(authorizerOf('', ''), 'status')).resolves.toBeUndefined();
    await expect(approve(authorizerOf('', ''), '')).resolves.toBeUndefined();
  });
});

describe('CertificateSigning', () => {
  const sign = (authorizer: Authorizer, status: CertificateSigningRequest['status']) =>
    validate(certificateSigning(authorizer), {
      subresource: 'status',
      object: requestOf('example.com/a', { status }),
      old: requestOf('example.com/a'),
    });

  it('takes the right to sign to write a certificate or a condition', async () => {
    const failed = { conditions: [{ type: 'Failed', status: 'True' }] };
    await expect(sign(authorizerOf('sign', 'example.com/a'), { certificate: CERTIFICATE })).resolves.toBeUndefined();
    await expect(sign(authorizerOf('approve', 'example.com/a'), { certificate: CERTIFICATE })).rejects.toThrow(
      refusal('sign', 'example.com/a'),
    );
    await expect(sign(authorizerOf('approve', 'example.com/a'), failed)).rejects.toThrow(refusal('sign', 'example.com/a'));
  });

  it('lets anybody write what is there', async () => {
    await expect(sign(authorizerOf('', ''), { conditions: [] })).resolves.toBeUndefined();
  });

  it('takes the right for a certificate that is given as empty, too', async () => {
    const { message } = ALL_KINDS.find(({ info }) => info === certificatesKinds.certificatesigningrequests) ?? {};
    const given = (status: object) =>
      validate(certificateSigning(authorizerOf('', '')), {
        subresource: 'status',
        object: decode(message as Message<CertificateSigningRequest>, { ...requestOf('example.com/a'), status }).object,
        old: requestOf('example.com/a'),
      });
    await expect(given({ certificate: '' })).rejects.toThrow(refusal('sign', 'example.com/a'));
    await expect(given({ certificate: null })).resolves.toBeUndefined();
  });
});

it('CertificateSubjectRestriction refuses client certificates of those who may do everything', async () => {
  const create = (signerName: string, request: string) => {
    const object = requestOf(signerName);
    object.spec.request = request;
    return validate(certificateSubjectRestriction, { operation: 'CREATE', object });
  };
  await expect(create(CLIENT, REQUEST_OF_MASTERS)).rejects.toThrow(`use of ${CLIENT} signer with system:masters group is not allowed`);
  await expect(create(CLIENT, REQUEST_OF_DEVS)).resolves.toBeUndefined();
  await expect(create('example.com/a', REQUEST_OF_MASTERS)).resolves.toBeUndefined();
});
