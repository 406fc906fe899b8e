import type { HttpResponse } from '../../cri.ts';
import type { ServedRequest } from '../network/listener.ts';
import type { LiveIngress } from './world.ts';

interface AdmissionReview {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request?: {
    readonly uid: string;
    readonly name?: string;
    readonly namespace?: string;
    readonly kind?: { readonly kind?: string };
    readonly object?: LiveIngress;
  };
}

export interface Reviewer {
  /** Why an Ingress may not be; undefined when it may. */
  check(ingress: LiveIngress): string | undefined;
  warnings(ingress: LiveIngress): readonly string[];
  /** @param name of the Ingress, with its namespace */
  judged(name: string, error: string | undefined): void;
}

/** Answers a question of the API server (upstream `internal/admission/controller`). */
export function reviewed({ body = '' }: ServedRequest, { check, warnings, judged }: Reviewer): HttpResponse {
  const review = parsed(body);
  const { request } = review ?? {};
  if (!review || !request?.object?.metadata || request.kind?.kind !== 'Ingress') return json(400, {});
  const error = check(request.object);
  judged(`${request.namespace}/${request.name}`, error);
  const told = warnings(request.object);
  const response = {
    uid: request.uid,
    allowed: error === undefined,
    ...(error === undefined ? {} : { status: { metadata: {}, status: 'Failure', message: error, reason: 'BadRequest', code: 400 } }),
    ...(told.length === 0 ? {} : { warnings: told }),
  };
  return json(200, { apiVersion: review.apiVersion, kind: review.kind, response });
}

function parsed(body: string): AdmissionReview | undefined {
  try {
    return JSON.parse(Buffer.from(body, 'latin1').toString()) as AdmissionReview;
  } catch {
    return undefined; // no JSON is no question
  }
}

const json = (status: number, object: object): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(object)).toString('latin1'),
});
