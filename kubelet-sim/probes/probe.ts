import type { EnvVar, Probe } from '../../api/index.ts';
import { expand } from '../pod/environment.ts';
import { RuntimeError } from '../runtime/cri.ts';
import { hostPort } from '../runtime/host-port.ts';
import { connect, type HandlerTarget, portOf, seconds, within } from './handler-target.ts';
import { httpTargetOf, sendHttp } from './http.ts';

/** What a probe found. An error says nothing about the container and is passed over; a warning is a success. */
export interface ProbeResult {
  readonly outcome: 'success' | 'warning' | 'failure' | 'error';
  readonly output: string;
}

const OUTPUT_CHARS_MAX = 10_240;

const success = (output = ''): ProbeResult => ({ outcome: 'success', output });
const failure = (output: string): ProbeResult => ({ outcome: 'failure', output });

/** Runs one probe once. Upstream: `runProbe`, `pkg/kubelet/prober/prober.go`, and `pkg/probe`. */
export async function runProbe(probe: Probe, target: HandlerTarget): Promise<ProbeResult> {
  const timeoutMs = (probe.timeoutSeconds || 1) * 1000;
  try {
    if (probe.exec) return await probeExec(probe.exec.command ?? [], timeoutMs, target);
    if (probe.httpGet) return await probeHttp(probe.httpGet, timeoutMs, target);
    if (probe.tcpSocket) return await probeTcp(probe.tcpSocket, timeoutMs, target);
    if (probe.grpc) return await probeGrpc(probe.grpc, timeoutMs, target);
    return { outcome: 'error', output: `missing probe handler for ${target.container.name}` };
  } catch (error) {
    return { outcome: 'error', output: textOf(error) };
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function probeExec(
  given: readonly string[],
  timeoutMs: number,
  { runtime, containerId, container, counts, clock }: HandlerTarget,
): Promise<ProbeResult> {
  const command = withStaticVariables(given, container.env);
  try {
    const { stdout, stderr, exitCode } = await counts.longOperation('exec_sync', clock, () =>
      runtime.execSync(containerId, command, timeoutMs),
    );
    const output = Buffer.concat([stdout, stderr]).toString('utf8').slice(0, OUTPUT_CHARS_MAX);
    return exitCode === 0 ? success(output) : failure(output);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'DeadlineExceeded')
      return failure(`command timed out: ${JSON.stringify(command.join(' '))} timed out after ${seconds(timeoutMs)}`);
    throw error;
  }
}

/** A probe's command sees only the variables whose values the spec says outright. */
function withStaticVariables(command: readonly string[], env: readonly EnvVar[] | undefined): readonly string[] {
  if (!command.some((word) => word.includes('$'))) return command;
  const values = new Map((env ?? []).map(({ name, value = '' }) => [name, value]));
  return command.map((word) => expand(word, (name) => values.get(name)));
}

async function probeHttp(action: NonNullable<Probe['httpGet']>, timeoutMs: number, target: HandlerTarget): Promise<ProbeResult> {
  const request = httpTargetOf(action, target, 'probe');
  const late = () =>
    new Error(`Get ${JSON.stringify(request.text)}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)`);
  try {
    const { status, body } = await within(target.clock, timeoutMs, late, (signal) => sendHttp(target, request, signal));
    if (status >= 300 && status < 400)
      return { outcome: 'warning', output: `Probe terminated redirects, Response body: ${body.slice(0, OUTPUT_CHARS_MAX)}` };
    return status >= 200 && status < 300 ? success(body) : failure(`HTTP probe failed with statuscode: ${status}`);
  } catch (error) {
    return failure(textOf(error));
  }
}

async function probeTcp(
  { port, host = '' }: NonNullable<Probe['tcpSocket']>,
  timeoutMs: number,
  target: HandlerTarget,
): Promise<ProbeResult> {
  const number = portOf(port, target.container);
  const late = () => new Error(`dial tcp ${hostPort(host || target.podIP, number)}: i/o timeout`);
  try {
    await within(target.clock, timeoutMs, late, () => connect(target, host, number));
    return success();
  } catch (error) {
    return failure(textOf(error));
  }
}

/** Upstream: `pkg/probe/grpc/grpc.go`; a port on which nobody speaks gRPC is tried until the time is over. */
async function probeGrpc({ port, service }: NonNullable<Probe['grpc']>, timeoutMs: number, target: HandlerTarget): Promise<ProbeResult> {
  const endAt = target.clock.monotonic() + timeoutMs;
  try {
    const connection = await connect(target, '', port);
    const late = () => new LateError(`timeout: health rpc did not complete within ${seconds(timeoutMs)}`);
    const answer = await within(target.clock, timeoutMs, late, () => connection.health(service ?? ''));
    if (answer === 'SERVING') return success('service healthy');
    if (answer === 'NOT_FOUND') return failure('error: health rpc probe failed: rpc error: code = NotFound desc = unknown service');
    return failure(`service unhealthy (responded with "${answer}")`);
  } catch (error) {
    if (error instanceof LateError) return failure(error.message);
    await target.clock.sleep(endAt - target.clock.monotonic());
    const address = JSON.stringify(hostPort(target.podIP, port));
    return failure(`timeout: failed to connect service ${address} within ${seconds(timeoutMs)}: context deadline exceeded`);
  }
}

class LateError extends Error {
  override readonly name = 'LateError';
}
