import type { Container, HTTPGetAction, Probe } from '../../api/index.ts';
import { RuntimeError, type RuntimeService } from '../runtime/cri.ts';

/** What a probe found. */
export interface ProbeResult {
  readonly ok: boolean;
  readonly output: string;
}

/** What is probed. */
export interface ProbeTarget {
  readonly runtime: RuntimeService;
  readonly sandboxId: string;
  readonly containerId: string;
  readonly container: Container;
  readonly podIP: string;
}

const OUTPUT_CHARS_MAX = 10_240;

/** Runs one probe once. */
export async function runProbe(probe: Probe, target: ProbeTarget): Promise<ProbeResult> {
  try {
    if (probe.exec) return await probeExec(probe.exec.command ?? [], (probe.timeoutSeconds ?? 1) * 1000, target);
    if (probe.httpGet) return await probeHttp(probe.httpGet, target);
    const port = probe.tcpSocket ? portOf(probe.tcpSocket.port, target.container) : (probe.grpc?.port ?? 0);
    target.runtime.connect(target.sandboxId, port);
    return { ok: true, output: '' };
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
}

async function probeExec(command: readonly string[], timeoutMs: number, { runtime, containerId }: ProbeTarget): Promise<ProbeResult> {
  try {
    const { stdout, stderr, exitCode } = await runtime.execSync(containerId, command, timeoutMs);
    return { ok: exitCode === 0, output: Buffer.concat([stdout, stderr]).toString('utf8').slice(0, OUTPUT_CHARS_MAX) };
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'DeadlineExceeded')
      return { ok: false, output: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s` };
    throw error;
  }
}

async function probeHttp(action: HTTPGetAction, target: ProbeTarget): Promise<ProbeResult> {
  const port = portOf(action.port, target.container);
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const url = `${(action.scheme ?? 'HTTP').toLowerCase()}://${action.host || target.podIP}:${port}${path}`;
  const headers = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  try {
    const { status } = await target.runtime.connect(target.sandboxId, port).http({ method: 'GET', path, headers });
    return status >= 200 && status < 400 ? { ok: true, output: '' } : { ok: false, output: `HTTP probe failed with statuscode: ${status}` };
  } catch (error) {
    return { ok: false, output: `Get "${url}": ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** A port by number or by the name a container gave it. */
export function portOf(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (!Number.isInteger(number)) throw new Error(`couldn't find port: "${port}"`);
  return number;
}
