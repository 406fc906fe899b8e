import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { loadKubeconfig } from '../../client/index.ts';
import { type Clock, generateKey, issueCertificate, keyFromPem, keyToPem, UserError } from '../../runtime/index.ts';
import { USERS, writeKubeconfig } from './kubeconfig.ts';
import { type ClientName, isClientName, subjectOf, validity } from './pki.ts';
import { MODE_PUBLIC, MODE_SECRET, readIfThere, replaceFile } from './pki-files.ts';

/*
 * How long the certificates of a data directory are good, and new ones in their place: kubeadm's `certs check-expiration` and `certs renew`
 * (cmd/kubeadm/app/phases/certs/renewal). A new certificate has a new key, and says what the old one said.
 */

/** The certificates that the CAs of a data directory sign, in the order they are shown. */
export const CERTIFICATES = [
  'admin',
  'apiserver',
  'apiserver-kubelet-client',
  'controller-manager',
  'front-proxy-client',
  'kubelet',
  'scheduler',
] as const;
export type CertificateName = (typeof CERTIFICATES)[number];

const AUTHORITIES = ['ca', 'front-proxy-ca'] as const;
type AuthorityName = (typeof AUTHORITIES)[number];

/** Who signs a certificate. */
const authorityOf = (name: CertificateName): AuthorityName => (name === 'front-proxy-client' ? 'front-proxy-ca' : 'ca');

export interface CertificateState {
  readonly name: string;
  /** The CA that signed it; absent for CAs. */
  readonly authority?: string | undefined;
  readonly notAfterMs: number;
  /** The CA is kept by somebody else: what it signs cannot be renewed here. */
  readonly isExternal: boolean;
}

export interface CertificateStates {
  readonly certificates: readonly CertificateState[];
  readonly authorities: readonly CertificateState[];
}

/** What is in `DIR/pki`. @throws UserError when a certificate is missing or none. */
export function certificateStates(dataDirectory: string): CertificateStates {
  const directory = join(dataDirectory, 'pki');
  const stateOf = (name: string, authority: AuthorityName): CertificateState => ({
    name,
    notAfterMs: Date.parse(certificateAt(directory, name).validTo),
    isExternal: readIfThere(join(directory, `${authority}.key`)) === undefined,
  });
  return {
    certificates: CERTIFICATES.map((name) => ({ ...stateOf(name, authorityOf(name)), authority: authorityOf(name) })),
    authorities: AUTHORITIES.map((name) => stateOf(name, name)),
  };
}

export interface RenewalOptions {
  readonly dataDirectory: string;
  readonly names: readonly CertificateName[];
  readonly clock: Clock;
}

/**
 * Makes new certificates, and the kubeconfigs that hold them, in place of those there are. The API server takes its serving certificate up by
 * itself; who comes with one of the others has to be started again.
 *
 * @throws UserError when the CA's key is not there, or a file cannot be written.
 */
export async function renewCertificates({ dataDirectory, names, clock }: RenewalOptions): Promise<void> {
  const directory = join(dataDirectory, 'pki');
  for (const name of names) {
    const { ca, issuer } = issuerAt(directory, authorityOf(name));
    const old = certificateAt(directory, name);
    const key = generateKey();
    const hosts = hostsOf(old);
    const use = hosts.length > 0 ? 'server' : 'client';
    const certificate = issueCertificate({ subject: subjectOf(old), key, issuer, use, hosts, ...validity(clock) });
    const pair = { certificate, key: keyToPem(key) };
    await replaceFile(join(directory, `${name}.key`), pair.key, MODE_SECRET);
    await replaceFile(join(directory, `${name}.crt`), pair.certificate, MODE_PUBLIC);
    if (isClientName(name)) await rewriteKubeconfig(join(dataDirectory, `${name}.kubeconfig`), name, { ca, client: pair });
  }
}

function issuerAt(directory: string, name: AuthorityName) {
  const certificate = certificateAt(directory, name);
  const path = join(directory, `${name}.key`);
  const keyPem = readIfThere(path);
  if (keyPem === undefined) throw new UserError(`${path} is not there: certificates are renewed where the CA is kept`);
  return { ca: certificate.toString(), issuer: { subject: subjectOf(certificate), key: keyFromPem(keyPem), certificate } };
}

/** The server it leads to stays; one that was never written is not made. */
async function rewriteKubeconfig(
  path: string,
  name: ClientName,
  { ca, client }: { readonly ca: string; readonly client: { readonly certificate: string; readonly key: string } },
): Promise<void> {
  if (readIfThere(path) === undefined) return;
  const { server } = loadKubeconfig(path);
  await writeKubeconfig(path, { server, ca, client, user: USERS[name] });
}

function certificateAt(directory: string, name: string): X509Certificate {
  const path = join(directory, `${name}.crt`);
  const pem = readIfThere(path);
  if (pem === undefined) throw new UserError(`${path} is missing: an API server that is started with this data directory makes it`);
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new UserError(`${path} is not a certificate in PEM form: restore it, or remove it to have a new one made`, { cause: error });
  }
}

/** `DNS:kubernetes, IP Address:127.0.0.1` as hosts. */
const hostsOf = ({ subjectAltName }: X509Certificate): string[] =>
  (subjectAltName ?? '')
    .split(', ')
    .map((part) => part.replace(/^(?:DNS|IP Address):/, ''))
    .filter((host) => host !== '');
