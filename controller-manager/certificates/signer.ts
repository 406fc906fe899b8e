import { type CertificateSigningRequest, certificatesKinds, type Live, toTime } from '../../api/index.ts';
import { type Informer, runController, type WorkQueue } from '../../client/index.ts';
import { signRequest } from '../../runtime/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { loadAuthority, type SigningFiles } from './authorities.ts';
import { isApproved, isFailed, isSignerName, type SignerName, signerError, validityOf } from './plan.ts';
import { parsedRequest, requestQueue, WORKERS } from './request-queue.ts';

const KIND = certificatesKinds.certificatesigningrequests;

export const certificateSigner: ControllerDescriptor = {
  name: 'certificatesigningrequest-signing-controller',
  alias: 'csrsigning',
  create: (context) => new CertificateSigner(context),
};

/**
 * Signs approved requests for the signers whose certificate and key it was given. Upstream has a controller for each of the four
 * (`pkg/controller/certificates/signer`).
 */
class CertificateSigner implements Controller {
  readonly #context: ControllerContext;
  readonly #requests: Informer<CertificateSigningRequest>;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#requests = context.informers.certificateSigningRequests();
    this.#queue = requestQueue(context, this.#requests);
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    if (Object.keys(settings.signers).length === 0) {
      logger.info({ controller: certificateSigner.name }, 'no signer has a certificate and key, none is run');
      return Promise.resolve();
    }
    return runController({
      name: certificateSigner.name,
      queue: this.#queue,
      workers: WORKERS,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  async #reconcile(key: string): Promise<void> {
    const csr = this.#requests.getByKey(key);
    if (!csr || csr.status.certificate || !isApproved(csr) || isFailed(csr)) return;
    const signer = csr.spec.signerName;
    const files = isSignerName(signer) ? this.#context.settings.signers[signer] : undefined;
    if (!isSignerName(signer) || !files) return;
    await this.#sign(csr, signer, files);
  }

  async #sign(csr: Live<CertificateSigningRequest>, signer: SignerName, files: SigningFiles): Promise<void> {
    const request = parsedRequest(csr);
    const { clock, client, settings } = this.#context;
    const { usages = [], expirationSeconds } = csr.spec;
    const resource = client.resource<CertificateSigningRequest>(KIND);
    const error = signerError(signer, request, usages);
    if (error !== undefined) {
      const failed = {
        type: 'Failed',
        status: 'True',
        reason: 'SignerValidationFailure',
        message: error,
        lastUpdateTime: toTime(clock.now()),
      };
      await resource.updateStatus({ ...csr, status: { ...csr.status, conditions: [...(csr.status.conditions ?? []), failed] } });
      return;
    }
    const authority = loadAuthority(files);
    const validity = validityOf(expirationSeconds, settings.signingDurationMs, authority, clock.now());
    const pem = signRequest(authority, request, { usages, ...validity });
    await resource.updateStatus({ ...csr, status: { ...csr.status, certificate: Buffer.from(pem).toString('base64') } });
  }
}
