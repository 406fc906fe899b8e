import {
  authorizationKinds,
  type CertificateSigningRequest,
  certificatesKinds,
  type Live,
  type SubjectAccessReview,
} from '../../api/index.ts';
import { type Informer, runController, type WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { hasCondition, type Recognition, recognize } from './plan.ts';
import { parsedRequest, requestQueue, WORKERS } from './request-queue.ts';

const KIND = certificatesKinds.certificatesigningrequests;

export const certificateApprover: ControllerDescriptor = {
  name: 'certificatesigningrequest-approving-controller',
  alias: 'csrapproving',
  create: (context) => new CertificateApprover(context),
};

/** Approves what kubelets ask for themselves, if they have the right to. Upstream: `pkg/controller/certificates/approver`. */
class CertificateApprover implements Controller {
  readonly #context: ControllerContext;
  readonly #requests: Informer<CertificateSigningRequest>;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#requests = context.informers.certificateSigningRequests();
    this.#queue = requestQueue(context, this.#requests);
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    return runController({
      name: certificateApprover.name,
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
    if (!csr || csr.status.certificate || hasCondition(csr, 'Approved') || hasCondition(csr, 'Denied')) return;
    const recognized = recognize(csr, parsedRequest(csr));
    for (const recognition of recognized) {
      if (await this.#isAllowed(csr, recognition)) {
        await this.#approve(csr, recognition);
        return;
      }
    }
    if (recognized.length === 0) return;
    // Rights may come; that is looked at again after the back-off.
    const tried = recognized.map(({ subresource }) => subresource).join(' ');
    throw new Error(`recognized csr ${JSON.stringify(key)} as [${tried}] but subject access review was not approved`);
  }

  async #isAllowed({ spec }: Live<CertificateSigningRequest>, { subresource }: Recognition): Promise<boolean> {
    const { group, resource } = KIND;
    const review = await this.#context.client.resource<SubjectAccessReview>(authorizationKinds.subjectaccessreviews).create({
      metadata: {},
      spec: {
        user: spec.username,
        uid: spec.uid,
        groups: spec.groups,
        extra: spec.extra,
        resourceAttributes: { group, resource, subresource, verb: 'create' },
      },
      status: { allowed: false },
    });
    return review.status.allowed;
  }

  async #approve(csr: Live<CertificateSigningRequest>, { message }: Recognition): Promise<void> {
    const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message };
    const conditions = [...(csr.status.conditions ?? []), approved];
    const resource = this.#context.client.resource<CertificateSigningRequest>(KIND);
    await resource.updateSubresource({ ...csr, status: { ...csr.status, conditions } }, 'approval');
  }
}
