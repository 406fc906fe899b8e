/** A webhook that answers reviews, with a kubeconfig that leads to it. */
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { testAuthority } from './authority.ts';
import { bodyOf } from './http-server.ts';

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever JSON came
type Review = any;

export interface ReviewWebhook extends AsyncDisposable {
  readonly kubeconfig: string;
  /** What it was asked. */
  readonly reviews: Review[];
  /** What stood behind the path, each time. */
  readonly queries: string[];
  /** What it answers: a status, or an HTTP status code. */
  answer: (review: Review) => object | number;
  /** Where it leads those who ask at its usual path. */
  leadsTo?: string | undefined;
}

/** @param directory where its kubeconfig is written. */
export async function startReviewWebhook(directory: string, name = 'webhook'): Promise<ReviewWebhook> {
  const authority = testAuthority(name);
  const pair = authority.issue('server', ['127.0.0.1']);
  const client = authority.issue('client');
  const webhook: Pick<ReviewWebhook, 'reviews' | 'queries' | 'answer' | 'leadsTo'> = {
    reviews: [],
    queries: [],
    answer: () => ({ allowed: false }),
  };
  const options = { cert: pair.cert, key: pair.key, ca: authority.ca, requestCert: true, rejectUnauthorized: true };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const review: Review = JSON.parse(await bodyOf(request));
    const [path, query] = (request.url ?? '').split('?');
    webhook.reviews.push({ ...review, path });
    webhook.queries.push(query ?? '');
    if (webhook.leadsTo !== undefined && path === '/review') {
      response.writeHead(308, { location: webhook.leadsTo }).end();
      return;
    }
    const answered = webhook.answer(review);
    response.writeHead(typeof answered === 'number' ? answered : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(typeof answered === 'number' ? {} : { ...review, status: answered }));
  };
  // Whoever asked may be gone.
  const server = createServer(options, (request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const kubeconfig = join(directory, `${name}.kubeconfig`);
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'webhook',
      contexts: [{ name: 'webhook', context: { cluster: 'webhook', user: 'us' } }],
      clusters: [
        { name: 'webhook', cluster: { server: `https://127.0.0.1:${port}/review`, 'certificate-authority-data': base64(authority.ca) } },
      ],
      users: [{ name: 'us', user: { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) } }],
    }),
  );
  return Object.assign(webhook, {
    kubeconfig,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
