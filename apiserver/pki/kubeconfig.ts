import { join } from 'node:path';
import type { CertificatePair, ClientName, Pki } from './pki.ts';
import { MODE_SECRET, replaceFile } from './pki-files.ts';

/** What a kubeconfig says. */
export interface KubeconfigOptions {
  /** URL of the API server. */
  readonly server: string;
  /** PEM of the CA that signed its certificate. */
  readonly ca: string;
  readonly client: CertificatePair;
  /** What the user is called in the file. */
  readonly user: string;
}

const CLUSTER = 'nanokube';
/** What the users are called in their files. */
export const USERS: Readonly<Record<ClientName, string>> = {
  admin: 'kubernetes-admin',
  scheduler: 'system:kube-scheduler',
  'controller-manager': 'system:kube-controller-manager',
  kubelet: 'system:nanokube:kubelet-sim',
};

/** Writes a kubeconfig, readable by its owner alone, over an older one. @throws UserError */
export async function writeKubeconfig(path: string, { server, ca, client, user }: KubeconfigOptions): Promise<void> {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const text = `apiVersion: v1
kind: Config
preferences: {}
clusters:
- name: ${CLUSTER}
  cluster:
    server: ${server}
    certificate-authority-data: ${base64(ca)}
users:
- name: ${user}
  user:
    client-certificate-data: ${base64(client.certificate)}
    client-key-data: ${base64(client.key)}
contexts:
- name: ${user}@${CLUSTER}
  context:
    cluster: ${CLUSTER}
    user: ${user}
current-context: ${user}@${CLUSTER}
`;
  await replaceFile(path, text, MODE_SECRET);
}

/**
 * Writes `admin.kubeconfig`, `scheduler.kubeconfig`, `controller-manager.kubeconfig` and `kubelet.kubeconfig`.
 *
 * @param directory where to.
 * @param server URL of the API server, known once it listens.
 */
export async function writeKubeconfigs(directory: string, pki: Pki, server: string): Promise<void> {
  const names: readonly ClientName[] = ['admin', 'scheduler', 'controller-manager', 'kubelet'];
  await Promise.all(
    names.map((name) =>
      writeKubeconfig(join(directory, `${name}.kubeconfig`), { server, ca: pki.ca, client: pki.clients[name], user: USERS[name] }),
    ),
  );
}
