import { type Clock, UserError } from '../runtime/index.ts';
import type { AdminRequests } from './admin-requests.ts';

/** How often the nodes are looked at. */
const POLL_MS = 25;

export interface WaitForNodesOptions {
  readonly requests: AdminRequests;
  readonly nodes: number;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Resolves once so many nodes are Ready, as the API server says. */
export async function waitForNodes({ requests, nodes, clock, timeoutMs }: WaitForNodesOptions): Promise<void> {
  if (nodes === 0) return;
  const end = clock.monotonic() + timeoutMs;
  let ready = 0;
  while (clock.monotonic() < end) {
    ready = await countReady(requests);
    if (ready >= nodes) return;
    await clock.sleep(POLL_MS);
  }
  throw new UserError(`only ${ready} of ${nodes} nodes became Ready within ${Math.round(timeoutMs / 1000)} s; the logs say why`);
}

interface NodeSummary {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function countReady(requests: AdminRequests): Promise<number> {
  const { body } = await requests.send('GET', '/api/v1/nodes?resourceVersion=0');
  const { items = [] } = body as { items?: readonly NodeSummary[] };
  return items.filter((node) => node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')).length;
}
