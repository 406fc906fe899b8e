import type { HttpResponse } from '../../cri.ts';
import { ConnectError } from '../network/listener.ts';
import type { Dialled } from '../network/pod-network.ts';
import { endsResolving, patiently } from './resolving.ts';
import type { ShellHost } from './shell-context.ts';

/** How long a connection is tried that nobody answers, as the kernel does. */
const CONNECT_MS = 130_000;
const REDIRECTS_MAX = 10;

/** An HTTP request of a program. */
export interface Call {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** How long all of it may take; 0 for no limit. */
  readonly timeoutMs: number;
  /** How long a connection may take to come about, when that is less. */
  readonly connectMs?: number | undefined;
  /** How long it may take to find the name, for a program that counts it in; 0 or absent for no limit. */
  readonly resolveMs?: number | undefined;
  /** Where to connect to, where that is not what the URL names. */
  readonly at?: { readonly host: string; readonly port: number } | undefined;
  /** What is asked for, where that is not the path of the URL. */
  readonly target?: string | undefined;
  /** Told as soon as the connection is there. */
  readonly onConnect?: ((dialled: Dialled) => void) | undefined;
  /** Takes the body as it comes, where the server sends it piece by piece; what is left of it is in the answer. */
  readonly onBody?: ((piece: string) => void) | undefined;
}

export interface Answer {
  readonly url: URL;
  readonly dialled: Dialled;
  readonly response: HttpResponse;
}

/** It took longer than the program was told to wait. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
  /** What it waited for. */
  readonly phase: 'name' | 'connection' | 'answer';

  constructor(phase: TimedOut['phase']) {
    super('timed out');
    this.phase = phase;
  }
}

export const portOf = (url: URL): number => Number(url.port || (url.protocol === 'https:' ? 443 : 80));

/** How long a connection is tried. */
export const connectMs = ({ connectMs: own, timeoutMs }: Call): number => own || timeoutMs || CONNECT_MS;

/** Dials and asks; a connection that a policy drops takes as long as a real one. */
export async function ask(host: ShellHost, url: URL, call: Call): Promise<Answer> {
  const { clock, network } = host.process;
  const started = clock.monotonic();
  const waitFor = async (ms: number, phase: TimedOut['phase']) => {
    await host.sleep(Math.max(0, started + ms - clock.monotonic()));
    throw new TimedOut(phase);
  };
  const resolveMs = call.resolveMs || Number.POSITIVE_INFINITY;
  const at = call.at ?? { host: url.hostname, port: portOf(url) };
  const dialled = await patiently(host, network.dial(at.host, at.port), resolveMs).catch(async (error: unknown) => {
    if (endsResolving(error, resolveMs)) throw new TimedOut('name');
    if (!(error instanceof ConnectError) || error.failure !== 'timeout') throw error;
    return await waitFor(connectMs(call), 'connection');
  });
  call.onConnect?.(dialled);
  const given = new AbortController();
  const request = {
    method: call.method,
    path: call.target ?? `${url.pathname}${url.search}`,
    headers: { host: url.host, ...call.headers },
    body: call.body,
    tls: url.protocol === 'https:',
    signal: AbortSignal.any([host.signal, given.signal]),
    onBody: call.onBody,
  };
  try {
    const answering = dialled.http(request, url.hostname);
    const response = await (call.timeoutMs > 0 ? Promise.race([answering, waitFor(call.timeoutMs, 'answer')]) : answering);
    return { url, dialled, response };
  } finally {
    given.abort();
  }
}

/** As `ask`, going where redirects lead when it is to follow them. */
export async function askFollowing(host: ShellHost, url: URL, call: Call, follows: boolean): Promise<Answer> {
  let answer = await ask(host, url, call);
  for (let i = 0; follows && i < REDIRECTS_MAX; i++) {
    const { location } = answer.response.headers;
    if (answer.response.status < 300 || answer.response.status >= 400 || location === undefined) break;
    answer = await ask(host, new URL(location, answer.url), call);
  }
  return answer;
}
