import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { dirname, join } from 'node:path';
import { type Clock, UserError } from '../runtime/index.ts';

/** How often the nodes are looked at. */
const POLL_MS = 25;

export interface WaitForNodesOptions {
  readonly url: string;
  /** The admin's kubeconfig; its certificates are in `pki/` beside it. */
  readonly kubeconfig: string;
  readonly nodes: number;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Resolves once so many nodes are Ready, as the API server says. */
export async function waitForNodes({ url, kubeconfig, nodes, clock, timeoutMs }: WaitForNodesOptions): Promise<void> {
  if (nodes === 0) return;
  const pki = join(dirname(kubeconfig), 'pki');
  const read = (name: string) => readFileSync(join(pki, name));
  const agent = new Agent({ keepAlive: true, ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key') });
  const end = clock.monotonic() + timeoutMs;
  let ready = 0;
  try {
    while (clock.monotonic() < end) {
      ready = await countReady(`${url}/api/v1/nodes?resourceVersion=0`, agent);
      if (ready >= nodes) return;
      await clock.sleep(POLL_MS);
    }
  } finally {
    agent.destroy();
  }
  throw new UserError(`only ${ready} of ${nodes} nodes became Ready within ${Math.round(timeoutMs / 1000)} s; the logs say why`);
}

interface NodeSummary {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function countReady(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        const { items = [] } = JSON.parse(text) as { items?: readonly NodeSummary[] };
        resolve(items.filter((node) => node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')).length);
      });
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}
