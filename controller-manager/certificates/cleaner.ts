import { type CertificateSigningRequest, certificatesKinds, isNotFound } from '../../api/index.ts';
import type { Informer } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { forEachLimited } from '../shared/for-each-limited.ts';
import { runPeriodically } from '../shared/periodic.ts';
import { isOver } from './plan.ts';
import { WORKERS } from './request-queue.ts';

/** How often requests are looked through. */
const PERIOD_MS = 3_600_000;

export const certificateCleaner: ControllerDescriptor = {
  name: 'certificatesigningrequest-cleaner-controller',
  alias: 'csrcleaner',
  create: (context) => new CertificateCleaner(context),
};

/** Deletes old requests for certificates. Upstream: `pkg/controller/certificates/cleaner`. */
class CertificateCleaner implements Controller {
  readonly #context: ControllerContext;
  readonly #requests: Informer<CertificateSigningRequest>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#requests = context.informers.certificateSigningRequests();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    const run = () => this.#clean();
    return runPeriodically({ name: certificateCleaner.name, periodMs: PERIOD_MS, immediately: true, run, clock, logger, signal });
  }

  async #clean(): Promise<void> {
    const { clock, client } = this.#context;
    const over = this.#requests.list().filter((csr) => isOver(csr, clock.now()));
    const resource = client.resource<CertificateSigningRequest>(certificatesKinds.certificatesigningrequests);
    await forEachLimited(over, WORKERS, async ({ metadata }) => {
      try {
        await resource.delete(metadata.name, { preconditions: { uid: metadata.uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
  }
}
