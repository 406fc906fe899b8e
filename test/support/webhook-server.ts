/** Admission webhooks for tests: HTTPS servers with a certificate of their own authority. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { type Authority, testAuthority } from './authority.ts';
import { bodyOf } from './http-server.ts';

/** The request of an AdmissionReview, as it came. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever JSON came
export type ReviewedRequest = Record<string, any>;

/** What a webhook says: the response of an AdmissionReview, but for the uid. */
export interface WebhookResponse {
  readonly allowed: boolean;
  readonly status?: object | undefined;
  /** JSON patch operations. */
  readonly patch?: readonly object[] | undefined;
  readonly warnings?: readonly string[] | undefined;
  readonly auditAnnotations?: Readonly<Record<string, string>> | undefined;
}

/** A webhook, as its author writes it. */
export type AdmissionWebhook = (request: ReviewedRequest) => WebhookResponse | Promise<WebhookResponse>;

/** Answers that are not what a webhook should answer. */
export type RawWebhook = (request: ReviewedRequest, response: ServerResponse) => Promise<void> | void;

export interface WebhookServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Its authority, as configurations take it. */
  readonly caBundle: string;
  /** The requests it was asked about, and at which paths. */
  readonly requests: ReviewedRequest[];
  readonly paths: string[];
  /** Who called: the name in the certificate, the Authorization header, and which trace it was part of. */
  readonly callers: {
    readonly certified: string | undefined;
    readonly authorization: string | undefined;
    readonly traceparent: string | string[] | undefined;
  }[];
  /** Serves a webhook at a path. */
  serve(path: string, webhook: AdmissionWebhook): void;
  serveRaw(path: string, webhook: RawWebhook): void;
}

export interface WebhookServerOptions {
  readonly authority?: Authority | undefined;
  /** Names that its certificate is for. */
  readonly hosts?: readonly string[] | undefined;
  /** Whose client certificates it asks for. */
  readonly clients?: Authority | undefined;
}

/** Listens on a free port; each path is a webhook of its own. */
export async function startWebhookServer({
  authority = testAuthority(),
  hosts = ['127.0.0.1'],
  clients,
}: WebhookServerOptions = {}): Promise<WebhookServer> {
  const webhooks = new Map<string, RawWebhook>();
  const requests: ReviewedRequest[] = [];
  const paths: string[] = [];
  const callers: WebhookServer['callers'] = [];
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const review = JSON.parse(await bodyOf(incoming)) as ReviewedRequest;
    const path = incoming.url ?? '';
    requests.push(review.request);
    paths.push(path);
    const { subject } = (incoming.socket as TLSSocket).getPeerCertificate();
    const { authorization, traceparent } = incoming.headers;
    callers.push({ certified: subject && String(subject.CN), authorization, traceparent });
    const webhook = webhooks.get(path.split('?', 1)[0] ?? '');
    if (webhook) await webhook(review.request, response);
    else response.writeHead(404).end();
  };
  const tls = { ...authority.issue('server', hosts), ...(clients ? { requestCert: true, ca: clients.ca } : {}) };
  const server = createServer(tls, (incoming, response) => {
    answer(incoming, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the webhook server has no port');
  return {
    url: `https://127.0.0.1:${address.port}`,
    port: address.port,
    caBundle: Buffer.from(authority.ca).toString('base64'),
    requests,
    paths,
    callers,
    serve: (path, webhook) => {
      webhooks.set(path, async (request, response) => sendReview(response, reviewOf(request, await webhook(request))));
    },
    serveRaw: (path, webhook) => {
      webhooks.set(path, webhook);
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The AdmissionReview that answers a request. */
export function reviewOf({ uid }: ReviewedRequest, { patch, ...response }: WebhookResponse, version = 'v1') {
  const patched = patch && { patch: Buffer.from(JSON.stringify(patch)).toString('base64'), patchType: 'JSONPatch' };
  return { kind: 'AdmissionReview', apiVersion: `admission.k8s.io/${version}`, response: { uid, ...response, ...patched } };
}

export function sendReview(response: ServerResponse, review: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(review));
}

/** Gives pods a second container, and a label that says so. What is called twice does it once. */
export const sidecarInjector: AdmissionWebhook = ({ object }) => {
  const containers: { name: string }[] = object.spec.containers;
  if (containers.some(({ name }) => name === 'sidecar')) return { allowed: true };
  const labels = object.metadata.labels ? [] : [{ op: 'add', path: '/metadata/labels', value: {} }];
  return {
    allowed: true,
    patch: [
      ...labels,
      { op: 'add', path: '/metadata/labels/sidecar', value: 'injected' },
      { op: 'add', path: '/spec/containers/-', value: { name: 'sidecar', image: 'proxy:1.2' } },
    ],
  };
};

/** Refuses pods whose images are no fixed versions. */
export const latestImageGuard: AdmissionWebhook = ({ object }) => {
  const images: string[] = object.spec.containers.map(({ image }: { image: string }) => image);
  const loose = images.filter((image) => !image.includes(':') || image.endsWith(':latest'));
  if (loose.length === 0) return { allowed: true };
  return { allowed: false, status: { code: 403, reason: 'Forbidden', message: `images without a version: ${loose.join(', ')}` } };
};
