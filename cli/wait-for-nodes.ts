import { type Clock, UserError } from '../runtime/index.ts';
import type { AdminRequests } from './admin-requests.ts';

/** How often the nodes are looked at. */
const POLL_MS = 25;
/** The taint that nodes are registered with, and lose when the node life-cycle controller sees them Ready. */
const NOT_READY = 'node.kubernetes.io/not-ready';

export interface WaitForNodesOptions {
  readonly requests: Pick<AdminRequests, 'send'>;
  readonly nodes: number;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Whether somebody takes the taint off that nodes come with: they are not ready for pods before. */
  readonly areFreed: boolean;
}

/** Resolves once so many nodes are Ready and take pods, as the API server says. */
export async function waitForNodes({ requests, nodes, clock, timeoutMs, areFreed }: WaitForNodesOptions): Promise<void> {
  if (nodes === 0) return;
  const end = clock.monotonic() + timeoutMs;
  let ready = 0;
  while (clock.monotonic() < end) {
    ready = await countReady(requests, areFreed);
    if (ready >= nodes) return;
    await clock.sleep(POLL_MS);
  }
  throw new UserError(`only ${ready} of ${nodes} nodes became Ready within ${Math.round(timeoutMs / 1000)} s; the logs say why`);
}

interface NodeSummary {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function countReady(requests: WaitForNodesOptions['requests'], areFreed: boolean): Promise<number> {
  const { body } = await requests.send('GET', '/api/v1/nodes?resourceVersion=0');
  const { items = [] } = body as { items?: readonly NodeSummary[] };
  return items.filter(
    ({ spec, status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') &&
      !(areFreed && spec?.taints?.some(({ key }) => key === NOT_READY)),
  ).length;
}
