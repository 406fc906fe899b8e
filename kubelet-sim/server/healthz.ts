import type { ServerResponse } from 'node:http';
import { answerHealth, type HealthCheck, pingCheck } from '../../runtime/index.ts';
import type { Call } from './call.ts';
import { NO_PAGE, RequestError } from './request-error.ts';

/** That pods are looked at, and that logs are written: whoever answers does both. */
const CHECKS: readonly HealthCheck[] = [pingCheck, ...['log', 'syncloop'].map((name) => ({ name, check: () => undefined }))];

/** `/healthz` and one path for each check (upstream: `InstallAuthNotRequiredHandlers`, `pkg/kubelet/server/server.go`). @throws RequestError (404) */
export async function serveHealth({ url }: Call, response: ServerResponse): Promise<void> {
  const answer = await answerHealth(`${url.pathname}${url.search}`, CHECKS);
  if (!answer) throw new RequestError(404, NO_PAGE);
  response.writeHead(answer.status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }).end(answer.body);
}
