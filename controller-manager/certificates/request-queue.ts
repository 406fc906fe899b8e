import { type CertificateSigningRequest, keyOf, type Live } from '../../api/index.ts';
import { type Informer, TerminalError, WorkQueue } from '../../client/index.ts';
import { DerError, type SigningRequest, signingRequestOf } from '../../runtime/index.ts';
import type { ControllerContext } from '../context.ts';

/** Requests that each of the controllers looks at side by side. */
export const WORKERS = 5;
/** First wait after a failure. Upstream: `NewCertificateController`. */
const BACKOFF_MS = 200;

/** A queue of requests for certificates: what is new, and what changes. */
export function requestQueue({ clock }: ControllerContext, requests: Informer<CertificateSigningRequest>): WorkQueue {
  const queue = new WorkQueue({ clock, backoffMs: BACKOFF_MS });
  const enqueue = (csr: Live<CertificateSigningRequest>) => queue.add(keyOf(csr));
  requests.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: (csr) => queue.forget(keyOf(csr)) });
  return queue;
}

/** What a request asks for. @throws TerminalError when that cannot be read: the API server takes none such, and they do not change. */
export function parsedRequest({ metadata, spec }: Live<CertificateSigningRequest>): SigningRequest {
  try {
    return signingRequestOf(spec.request);
  } catch (error) {
    if (error instanceof DerError) throw new TerminalError(`unable to parse csr ${JSON.stringify(metadata.name)}: ${error.message}`);
    throw error;
  }
}
