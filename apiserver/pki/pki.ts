import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  type Clock,
  generateKey,
  issueCertificate,
  KUBELET_CLIENT_USER,
  keyToPem,
  publicKeyToPem,
  type CertificateSubject as Subject,
  UserError,
} from '../../runtime/index.ts';
import { createFile, MODE_PUBLIC, MODE_SECRET, readIfThere, readKey } from './pki-files.ts';

/*
 * The keys and certificates of a cluster, in one directory, named as kubeadm names them:
 *
 *   ca.crt ca.key                     signs what follows
 *   apiserver.crt .key                what the API server shows its clients
 *   apiserver-kubelet-client.crt .key what the API server shows the kubelets
 *   admin / scheduler / controller-manager / kubelet .crt .key
 *   front-proxy-ca.crt .key           signs those who name users in headers:
 *   front-proxy-client.crt .key       the API server in front of others
 *   sa.key sa.pub                     signs and verifies service-account tokens
 *
 * 1. What is there is never overwritten: a file is created with link(2), which fails when the name is taken. Processes that start at once on
 *    one directory so have the same keys and certificates: those of the faster.
 * 2. A key is written before its certificate, so that a process killed in between finds a key without certificate and makes the latter.
 */

/** A certificate with its private key, both PEM. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/** The processes that come to the API server with a certificate. */
export type ClientName = 'admin' | 'scheduler' | 'controller-manager' | 'kubelet';

export interface Pki {
  /** PEM. */
  readonly ca: string;
  readonly server: CertificatePair;
  /** How the API server makes itself known to kubelets. */
  readonly kubeletClient: CertificatePair;
  readonly clients: Readonly<Record<ClientName, CertificatePair>>;
  /** How the API server makes itself known to API servers behind it, and who may do the same to it. */
  readonly frontProxy: { readonly ca: string; readonly client: CertificatePair };
  /** PEM. */
  readonly serviceAccount: { readonly privateKey: string; readonly publicKey: string };
}

export interface PkiOptions {
  /** Where the files are; created when it is missing. */
  readonly directory: string;
  /** What the server is reached at besides the names every cluster has: the advertise address, the first service IP … */
  readonly hosts: readonly string[];
  readonly clock: Clock;
}

/** One kubelet-sim process runs many nodes, hence no `system:node:<name>`; apiserver/bootstrap gives this user its rights. */
export const KUBELET_SIM_USER = 'system:nanokube:kubelet-sim';

/** By which flow control knows the requests of nodes; on its own it gives no rights. */
const NODES_GROUP = 'system:nodes';

const CA = 'ca';
const CA_SUBJECT: Subject = { commonName: 'kubernetes' };
const FRONT_PROXY_CA = 'front-proxy-ca';
const FRONT_PROXY_CA_SUBJECT: Subject = { commonName: FRONT_PROXY_CA };
/** The common name by which API servers know it. */
export const FRONT_PROXY_NAME = 'front-proxy-client';
const CLIENTS: Readonly<Record<ClientName, Subject>> = {
  admin: { commonName: 'kubernetes-admin', organizations: ['system:masters'] },
  scheduler: { commonName: 'system:kube-scheduler' },
  'controller-manager': { commonName: 'system:kube-controller-manager' },
  kubelet: { commonName: KUBELET_SIM_USER, organizations: [NODES_GROUP] },
};
/** Whether a certificate is one that a process comes with. */
export const isClientName = (name: string): name is ClientName => Object.hasOwn(CLIENTS, name);
const KUBELET_CLIENT: Subject = { commonName: KUBELET_CLIENT_USER };
const SERVER_NAMES = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'localhost'];
const SERVER_ADDRESSES = ['127.0.0.1', '::1'];

const VALIDITY_MS = 10 * 365 * 24 * 3600 * 1000;
/** Certificates begin a little in the past, for clients whose clock is behind. */
const CLOCK_SKEW_MS = 3600 * 1000;

/** What is known of the CA: without a key (kept elsewhere) it cannot sign. */
interface Authority {
  /** Of its files. */
  readonly name: string;
  readonly pem: string;
  readonly certificate: X509Certificate;
  readonly key: KeyObject | undefined;
}

/**
 * Reads the cluster's keys and certificates, making those that are not there.
 *
 * @throws UserError when a file cannot be read or written, is not what its name says, or has expired.
 */
export async function ensurePki(options: PkiOptions): Promise<Pki> {
  const [authority, proxyAuthority] = await Promise.all([
    ensureAuthority(options, CA, CA_SUBJECT),
    ensureAuthority(options, FRONT_PROXY_CA, FRONT_PROXY_CA_SUBJECT),
  ]);
  const hosts = [...new Set([...SERVER_NAMES, hostname(), ...SERVER_ADDRESSES, ...options.hosts])];
  const pair = (name: string, subject: Subject, serverHosts?: readonly string[]) =>
    ensurePair(options, authority, { name, subject, serverHosts });
  const made = [
    pair('apiserver', { commonName: 'kube-apiserver' }, hosts),
    pair('apiserver-kubelet-client', KUBELET_CLIENT),
    pair('admin', CLIENTS.admin),
    pair('scheduler', CLIENTS.scheduler),
    pair('controller-manager', CLIENTS['controller-manager']),
    pair('kubelet', CLIENTS.kubelet),
  ] as const;
  const proxyClient = ensurePair(options, proxyAuthority, { name: FRONT_PROXY_NAME, subject: { commonName: FRONT_PROXY_NAME } });
  const serviceAccountKey = ensureServiceAccountKey(options);
  // Nothing may still be writing when a failure is reported.
  await Promise.allSettled([...made, proxyClient, serviceAccountKey]);
  const serviceAccount = await serviceAccountKey;
  const [server, kubeletClient, admin, scheduler, controllerManager, kubelet] = await Promise.all(made);
  const clients = { admin, scheduler, 'controller-manager': controllerManager, kubelet };
  const frontProxy = { ca: proxyAuthority.pem, client: await proxyClient };
  return { ca: authority.pem, server, kubeletClient, clients, frontProxy, serviceAccount };
}

async function ensureAuthority({ directory, clock }: PkiOptions, name: string, subject: Subject): Promise<Authority> {
  const path = join(directory, name);
  const pem = readIfThere(`${path}.crt`);
  const keyPem = readIfThere(`${path}.key`);
  if (pem !== undefined) {
    const certificate = readCertificate(`${path}.crt`, pem, clock.now());
    const key = keyPem === undefined ? undefined : readKey(`${path}.key`, keyPem);
    if (key && !certificate.checkPrivateKey(key)) throw mismatch(path);
    return { name, pem, certificate, key };
  }
  const { key } = await ensureKey(path, keyPem);
  const made = issueCertificate({ subject, key, use: 'ca', hosts: [subject.commonName], ...validity(clock) });
  const kept = await createFile(`${path}.crt`, made, MODE_PUBLIC);
  return { name, pem: kept, certificate: new X509Certificate(kept), key };
}

interface PairRequest {
  readonly name: string;
  readonly subject: Subject;
  /** Absent for clients. */
  readonly serverHosts?: readonly string[] | undefined;
}

async function ensurePair({ directory, clock }: PkiOptions, authority: Authority, request: PairRequest): Promise<CertificatePair> {
  const path = join(directory, request.name);
  const found = readIfThere(`${path}.crt`);
  const keyPem = readIfThere(`${path}.key`);
  if (found !== undefined) {
    if (keyPem === undefined)
      throw new UserError(`${path}.key is missing beside ${path}.crt: restore it, or remove both to have new ones made`);
    checkPair({ path, certificate: readCertificate(`${path}.crt`, found, clock.now()), keyPem, authority });
    return { certificate: found, key: keyPem };
  }
  if (!authority.key)
    throw new UserError(`${path}.crt is missing and cannot be made without ${join(directory, `${authority.name}.key`)}: add one of them`);
  const { key, pem } = await ensureKey(path, keyPem);
  const made = issueCertificate({
    subject: request.subject,
    key,
    issuer: { subject: subjectOf(authority.certificate), key: authority.key, certificate: authority.certificate },
    use: request.serverHosts ? 'server' : 'client',
    hosts: request.serverHosts,
    ...validity(clock),
  });
  return { certificate: await createFile(`${path}.crt`, made, MODE_PUBLIC), key: pem };
}

/** The key at a path, made when there is none. */
async function ensureKey(path: string, present: string | undefined): Promise<{ key: KeyObject; pem: string }> {
  const pem = present ?? (await createFile(`${path}.key`, keyToPem(generateKey()), MODE_SECRET));
  return { key: readKey(`${path}.key`, pem), pem };
}

interface PairCheck {
  readonly path: string;
  readonly certificate: X509Certificate;
  readonly keyPem: string;
  readonly authority: Authority;
}

function checkPair({ path, certificate, keyPem, authority }: PairCheck): void {
  if (!certificate.checkPrivateKey(readKey(`${path}.key`, keyPem))) throw mismatch(path);
  if (!certificate.checkIssued(authority.certificate) || !certificate.verify(authority.certificate.publicKey)) {
    throw new UserError(
      `${path}.crt was not issued by the ${authority.name}.crt beside it: restore the CA it belongs to, or remove ${path}.crt`,
    );
  }
}

async function ensureServiceAccountKey({ directory }: PkiOptions): Promise<Pki['serviceAccount']> {
  const path = join(directory, 'sa');
  const keyPem = readIfThere(`${path}.key`);
  const publicPem = readIfThere(`${path}.pub`);
  const { key, pem: privateKey } = await ensureKey(path, keyPem);
  const publicKey = publicPem ?? publicKeyToPem(key);
  if (publicPem === undefined) await createFile(`${path}.pub`, publicKey, MODE_PUBLIC);
  else checkPublicKey(path, publicPem, key);
  return { privateKey, publicKey };
}

function checkPublicKey(path: string, pem: string, key: KeyObject): void {
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey(pem);
  } catch (error) {
    throw new UserError(`${path}.pub is not a public key in PEM form: restore it, or remove it to have it made again`, { cause: error });
  }
  if (!publicKey.equals(createPublicKey(key)))
    throw new UserError(`${path}.pub does not belong to ${path}.key: remove it to have it made again`);
}

function readCertificate(path: string, pem: string, now: number): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (error) {
    throw new UserError(`${path} is not a certificate in PEM form: restore it, or remove it to have a new one made`, { cause: error });
  }
  if (Date.parse(certificate.validTo) <= now) {
    throw new UserError(
      `${path} expired on ${certificate.validTo}: renew it with "nanokube certs renew", or remove it to have a new one made`,
    );
  }
  return certificate;
}

const mismatch = (path: string): UserError =>
  new UserError(`${path}.key does not belong to ${path}.crt: restore the right one, or remove both to have new ones made`);

/** How long a certificate that is made now is good. */
export const validity = (clock: Clock) => ({ notBeforeMs: clock.now() - CLOCK_SKEW_MS, notAfterMs: clock.now() + VALIDITY_MS });

/** Name of a CA, ours or one the user brought: common name and organizations, which is what its certificates must repeat. */
export function subjectOf(certificate: X509Certificate): Subject {
  const parts = certificate.subject.split('\n');
  const values = (attribute: string) =>
    parts.filter((part) => part.startsWith(`${attribute}=`)).map((part) => part.slice(attribute.length + 1));
  return { commonName: values('CN')[0] ?? '', organizations: values('O') };
}
