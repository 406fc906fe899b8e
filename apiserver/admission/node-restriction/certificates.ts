import type { CertificateSigningRequest } from '../../../api/index.ts';
import { DerError, signingRequestOf } from '../../../runtime/index.ts';
import type { NodeRequest, Problem } from './plugin.ts';

/** Who signs certificates by which nodes are known. */
const SIGNERS: readonly string[] = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'];

/** A node asks for certificates in its own name. */
export function signingProblem({ node, attributes: { operation, subresource, object } }: NodeRequest): Problem {
  if (operation !== 'CREATE' || subresource !== '') return undefined;
  // The object of a signing requests' request is one: it was decoded as such.
  const { signerName, request } = (object as CertificateSigningRequest).spec;
  if (!SIGNERS.includes(signerName)) return undefined;
  try {
    return signingRequestOf(request).commonName === `system:node:${node}`
      ? undefined
      : `can only create a node CSR with CN=system:node:${node}`;
  } catch (error) {
    if (error instanceof DerError) return `unable to parse csr: ${error.message}`;
    throw error;
  }
}
