import type { ServerResponse } from 'node:http';
import { answerHealth, type HealthCheck, type HealthSlis, pingCheck } from '../../runtime/index.ts';
import type { Call } from './call.ts';
import { METRICS_CONTENT_TYPE } from './prometheus-text.ts';
import { NO_PAGE, RequestError } from './request-error.ts';

/** That pods are looked at, and that logs are written: whoever answers does both. */
const CHECKS: readonly HealthCheck[] = [pingCheck, ...['log', 'syncloop'].map((name) => ({ name, check: () => undefined }))];

/**
 * `/healthz` and one path for each check (upstream: `InstallAuthNotRequiredHandlers`, `pkg/kubelet/server/server.go`). Whoever asks for all
 * of them is counted.
 *
 * @throws RequestError (404)
 */
export async function serveHealth({ url }: Call, response: ServerResponse, slis: HealthSlis): Promise<void> {
  const answer = await answerHealth(`${url.pathname}${url.search}`, CHECKS);
  if (!answer) throw new RequestError(404, NO_PAGE);
  const excluded = url.searchParams.getAll('exclude');
  if (url.pathname === '/healthz') for (const { name } of CHECKS) if (!excluded.includes(name)) slis.observe(name, 'healthz', true);
  response.writeHead(answer.status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }).end(answer.body);
}

/** `/metrics/slis`: how health came out; a DELETE begins anew. */
export function serveSlis({ request: { method } }: Call, response: ServerResponse, slis: HealthSlis): void {
  if (method !== 'DELETE') return void response.setHeader('content-type', METRICS_CONTENT_TYPE).end(slis.text());
  slis.reset();
  response.setHeader('content-type', 'text/plain; charset=utf-8').end('metrics reset\n');
}
