import type { LifecycleHandler, Pod } from '../../api/index.ts';
import type { HandlerTarget } from '../probes/handler-target.ts';
import { type HttpTarget, httpTargetOf, sendHttp } from '../probes/http.ts';
import { podLabel } from './container-names.ts';
import { SLEEPS_CUT_SHORT } from './count-families.ts';
import type { NodeServices } from './node-services.ts';

/** A hook that failed; the message is that of a container's status. */
export class HookError extends Error {
  override readonly name = 'HookError';
}

/** Whose hook it is, and where that is told and counted. */
export interface HookScope {
  readonly pod: Pod;
  readonly target: HandlerTarget;
  readonly node: Pick<NodeServices, 'events' | 'counts'>;
}

/**
 * Runs a postStart or preStop handler to its end. An answer of any status is a success of an httpGet; a tcpSocket is refused, as
 * upstream refuses it at run time. Upstream: `pkg/kubelet/lifecycle/handlers.go`.
 *
 * @throws HookError, or the signal's reason when it was broken off.
 */
export async function runHook(handler: LifecycleHandler, scope: HookScope, signal: AbortSignal): Promise<void> {
  const { pod, target } = scope;
  try {
    await run(handler, scope, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new HookError(failureText(handler, pod, target, error instanceof Error ? error : new Error(String(error))));
  }
}

class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly output: string;

  constructor(command: readonly string[], exitCode: number, output: { readonly stdout: string; readonly stderr: string }) {
    super(`command '${command.join(' ')}' exited with ${exitCode}: ${output.stderr}`);
    this.output = `${output.stdout}${output.stderr}`;
  }
}

async function run({ exec, httpGet, sleep, tcpSocket }: LifecycleHandler, scope: HookScope, signal: AbortSignal): Promise<void> {
  const { target } = scope;
  if (exec) await scope.node.counts.longOperation('exec_sync', target.clock, () => runCommand(exec.command ?? [], target, signal));
  else if (httpGet) await ask(httpTargetOf(httpGet, target, 'lifecycle'), scope, signal);
  else if (sleep) await sleepFor(sleep.seconds, scope, signal);
  else throw new Error(`invalid handler: ${goHandler(tcpSocket)}`);
}

async function sleepFor(seconds: number, { target, node }: HookScope, signal: AbortSignal): Promise<void> {
  try {
    await target.clock.sleep(seconds * 1000, signal);
  } catch (error) {
    node.counts.count(SLEEPS_CUT_SHORT);
    throw error;
  }
}

/** What Go's client says of a server that does not speak TLS. */
const NO_TLS = 'server gave HTTP response to HTTPS client';

/** A server that does not speak TLS is asked without: hooks were once sent so, whatever they said. */
async function ask(request: HttpTarget, { pod, target, node }: HookScope, signal: AbortSignal): Promise<void> {
  try {
    await sendHttp(target, request, signal);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes(NO_TLS)) throw error;
    await sendHttp(target, withoutTls(request), signal).catch(() => {
      throw error;
    });
    node.counts.hookFellBack();
    const message = `request to HTTPS lifecycle hook ${request.url.hostname}:${request.port} got HTTP response, retry with HTTP succeeded`;
    node.events.warning(pod, 'LifecycleHTTPFallback', message);
  }
}

function withoutTls({ text, port, headers }: HttpTarget): HttpTarget {
  const plain = text.replace(/^https:/, 'http:');
  const kept = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization');
  return { url: new URL(plain), text: plain, port, headers: Object.fromEntries(kept) };
}

async function runCommand(command: readonly string[], { runtime, containerId }: HandlerTarget, signal: AbortSignal): Promise<void> {
  const output = { stdout: '', stderr: '' };
  const streams = {
    output: (stream: 'stdout' | 'stderr', chunk: Buffer) => {
      output[stream] += chunk.toString('utf8');
    },
  };
  const exitCode = await runtime.exec(containerId, { command, tty: false, streams, signal });
  if (exitCode !== 0) throw new CommandError(command, exitCode, output);
}

/** The handler as Go prints it. */
function goHandler(tcpSocket: LifecycleHandler['tcpSocket']): string {
  const { port = 0, host = '' } = tcpSocket ?? {};
  const portText = typeof port === 'number' ? `{0 ${port} }` : `{1 0 ${port}}`;
  return `&LifecycleHandler{Exec:nil,HTTPGet:nil,TCPSocket:${tcpSocket ? `&TCPSocketAction{Port:${portText},Host:${host},}` : 'nil'},Sleep:nil,}`;
}

function failureText({ exec, httpGet, sleep }: LifecycleHandler, pod: Pod, { container }: HandlerTarget, error: Error): string {
  const where = `for Container "${container.name}" in Pod "${podLabel(pod)}" failed - error: ${error.message}`;
  if (exec) {
    const output = JSON.stringify(error instanceof CommandError ? error.output : '');
    return `Exec lifecycle hook (${`[${(exec.command ?? []).join(' ')}]`}) ${where}, message: ${output}`;
  }
  if (httpGet) return `HTTP lifecycle hook (${httpGet.path ?? ''}) ${where}`;
  return sleep ? `Sleep lifecycle hook (${sleep.seconds}) ${where}` : `Cannot run handler: ${error.message}`;
}
