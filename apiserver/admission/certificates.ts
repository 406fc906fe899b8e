// Who may decide on certificates, and whose name nobody gets. Upstream: `plugin/pkg/admission/certificates`.
import { type CertificateSigningRequest, certificatesKinds, goQuote } from '../../api/index.ts';
import { emptyAt } from '../../api/schema.ts';
import { signingRequestOf } from '../../runtime/index.ts';
import type { Authorizer, UserInfo } from '../auth/index.ts';
import type { RequestContext } from '../registry/strategy.ts';
import { semanticEqual } from '../validation/semantic-equal.ts';
import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin } from './plugin.ts';
import { refusal } from './refusal.ts';

const KIND = certificatesKinds.certificatesigningrequests;
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
const PRIVILEGED = 'system:masters';

interface Request extends AdmissionAttributes {
  readonly request: CertificateSigningRequest;
}

/** Calls `validate` for requests of the kind alone. */
const onRequests =
  (operation: AdmissionOperation, subresource: string, validate: (context: RequestContext, request: Request) => Promise<void> | void) =>
  (context: RequestContext, attributes: AdmissionAttributes): Promise<void> | void => {
    const { kind, object } = attributes;
    if (kind !== KIND || attributes.operation !== operation || attributes.subresource !== subresource || !object) return;
    // The object of a signing requests' request is one: it was decoded as such.
    return validate(context, { ...attributes, request: object as CertificateSigningRequest });
  };

/** The signer that counts is the stored request's. */
const signerOf = ({ old }: Request): string => (old as CertificateSigningRequest).spec.signerName;

/** A decision takes the right to `approve` for the signer that is asked. */
export const certificateApproval = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateApproval',
  validate: onRequests('UPDATE', 'approval', async ({ user }, request) => {
    const signer = signerOf(request);
    if (await isAllowed(authorizer, user, 'approve', signer)) return;
    throw refusal(request, `user not permitted to approve requests with signerName ${goQuote(signer)}`);
  }),
});

/** A certificate, or the word that there is none, takes the right to `sign` for the signer. */
export const certificateSigning = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateSigning',
  validate: onRequests('UPDATE', 'status', async ({ user }, attributes) => {
    const { status } = attributes.request;
    const { status: old } = attributes.old as CertificateSigningRequest;
    const sameCertificate = givenCertificate(attributes.request) === (old.certificate || undefined);
    if (sameCertificate && semanticEqual(status.conditions, old.conditions)) return;
    const signer = signerOf(attributes);
    if (await isAllowed(authorizer, user, 'sign', signer)) return;
    throw refusal(attributes, `user not permitted to sign requests with signerName ${goQuote(signer)}`);
  }),
});

/** One that is given as empty is one more than none: upstream compares with `reflect.DeepEqual`. */
const givenCertificate = (request: CertificateSigningRequest): string | undefined =>
  request.status.certificate || (emptyAt(request, 'status.certificate') === '' ? '' : undefined);

/** A right for a signer may be given for all signers of its domain. Upstream: `IsAuthorizedForSignerName`. */
async function isAllowed(authorizer: Authorizer, user: UserInfo, verb: string, signer: string): Promise<boolean> {
  const domain = signer.split('/', 1)[0] ?? '';
  for (const name of [signer, `${domain}/*`]) {
    const { allowed } = await authorizer.authorize({
      user,
      verb,
      resourceRequest: true,
      path: '',
      namespace: '',
      group: KIND.group,
      version: '*',
      resource: 'signers',
      subresource: '',
      name,
    });
    if (allowed) return true;
  }
  return false;
}

/** Nobody asks for a certificate that may do everything. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  validate: onRequests('CREATE', '', (_context, attributes) => {
    const { signerName, request } = attributes.request.spec;
    if (signerName !== CLIENT_SIGNER || !signingRequestOf(request).organizations.includes(PRIVILEGED)) return;
    throw refusal(attributes, `use of ${CLIENT_SIGNER} signer with ${PRIVILEGED} group is not allowed`);
  }),
};
