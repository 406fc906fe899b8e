import type { IncomingMessage } from 'node:http';
import type { Clock, Logger } from '../../runtime/index.ts';
import type { KubeletConnector } from '../rest/kubelet-connector.ts';
import { type NodeScrape, scrapeOf } from './summary.ts';

/** How long what a kubelet told is good: metrics-server's `--metric-resolution`. */
export const RESOLUTION_MS = 15_000;
/** How long a kubelet may take: metrics-server's `--kubelet-request-timeout`. */
const KUBELET_MS_MAX = 10_000;
/** Kubelets asked at the same time. */
const REQUESTS_MAX = 32;
const SUMMARY_BYTES_MAX = 16 * 1024 * 1024;
const PATH = '/stats/summary?only_cpu_and_memory=true';

interface Known {
  readonly goodUntil: number;
  readonly scrape: Promise<NodeScrape | undefined>;
}

/** Asks kubelets what is used on their nodes, when somebody wants to know; then what they said is good for a while. */
export class Scraper {
  readonly #known = new Map<string, Known>();

  /** What is used on some nodes; a node whose kubelet does not answer is left out. */
  async scrape(nodes: Iterable<string>, parts: ScrapeParts): Promise<ReadonlyMap<string, NodeScrape>> {
    const now = parts.clock.monotonic();
    for (const [name, { goodUntil }] of this.#known) if (goodUntil <= now) this.#known.delete(name);
    const waiting = [...new Set(nodes)];
    const found = new Map<string, NodeScrape>();
    const worker = async () => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        const scrape = await this.#of(name, parts);
        if (scrape) found.set(name, scrape);
      }
    };
    await Promise.all(Array.from({ length: REQUESTS_MAX }, worker));
    return found;
  }

  #of(name: string, parts: ScrapeParts): Promise<NodeScrape | undefined> {
    const known = this.#known.get(name);
    if (known) return known.scrape;
    const scrape = ask(name, parts).catch((error: unknown) => {
      parts.logger.warn({ err: error, node: name }, 'usage of a node not read');
      return undefined;
    });
    this.#known.set(name, { scrape, goodUntil: parts.clock.monotonic() + RESOLUTION_MS });
    return scrape;
  }
}

export interface ScrapeParts {
  readonly kubelets: KubeletConnector;
  readonly clock: Clock;
  readonly logger: Logger;
}

async function ask(name: string, { kubelets, clock }: ScrapeParts): Promise<NodeScrape | undefined> {
  const abort = new AbortController();
  const timer = clock.setTimer(KUBELET_MS_MAX, () => abort.abort(new Error('context deadline exceeded')));
  try {
    const answer = await kubelets.request(kubelets.locate(name), { method: 'GET', path: PATH, signal: abort.signal });
    const text = await textOf(answer);
    if (answer.statusCode !== 200) throw new Error(`request failed, status: "${answer.statusCode}": ${text.slice(0, 200)}`);
    return scrapeOf(JSON.parse(text));
  } finally {
    timer.cancel();
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    size += chunk.length;
    if (size > SUMMARY_BYTES_MAX) throw new Error('the summary is too large');
  }
  return Buffer.concat(chunks).toString('utf8');
}
