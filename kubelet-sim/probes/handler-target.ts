import type { Container } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { KubeletCounts } from '../pod/kubelet-counts.ts';
import type { Connection, RuntimeService } from '../runtime/cri.ts';

/** Whom a probe or a hook is run against. */
export interface HandlerTarget {
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly sandboxId: string;
  readonly containerId: string;
  readonly container: Container;
  readonly podIP: string;
  readonly counts: Pick<KubeletCounts, 'longOperation'>;
}

/** Release that probes and hooks name as their user agent. */
export const AGENT_VERSION = '1.34';

/**
 * A port by number or by the name a container gave it. Upstream: `ResolveContainerPort`, `pkg/probe/util.go`.
 *
 * @throws Error with Go's text when there is no such port.
 */
export function portOf(port: number | string, { ports = [] }: Container): number {
  const number = typeof port === 'number' ? port : (ports.find(({ name }) => name === port)?.containerPort ?? parseIntText(port));
  if (number <= 0 || number >= 65_536) throw new Error(`invalid port number: ${number}`);
  return number;
}

function parseIntText(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Opens a connection from the node to the pod's port, or to that of another host. Rejects with the socket layer's text when nobody listens. */
export async function connect({ runtime, sandboxId, podIP }: HandlerTarget, host: string, port: number): Promise<Connection> {
  return host === '' || host === podIP ? runtime.connect(sandboxId, port) : await runtime.dial(host, port);
}

/** Runs something for a time at most; then its signal is aborted and the error of `late` is thrown. */
export async function within<T>(clock: Clock, timeoutMs: number, late: () => Error, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const timer = clock.setTimer(timeoutMs, () => abort.abort(late()));
  const aborted = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true });
  });
  try {
    return await Promise.race([run(abort.signal), aborted]);
  } finally {
    timer.cancel();
  }
}

/** A whole number of seconds as Go prints a duration. */
export const seconds = (timeoutMs: number): string => {
  const total = Math.round(timeoutMs / 1000);
  const minutes = Math.floor(total / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours}h${minutes % 60}m${total % 60}s`;
  return minutes > 0 ? `${minutes}m${total % 60}s` : `${total}s`;
};
