import type { HttpResponse } from '../../cri.ts';
import { commandLineOption } from '../command-line.ts';
import { serveHttpStream } from '../network/http-stream.ts';
import type { Listener } from '../network/listener.ts';
import { fatalCode, type ProcessContext, type Program } from '../program.ts';
import { driverOf, leaveDriver } from './sidecar.ts';

const HEALTH_PORT = 9808;

/** Answers `/healthz` on a port as long as somebody is well; nothing when the endpoint names no port. */
export function serveHealth(context: ProcessContext, endpoint: string, isWell: () => Promise<boolean> = () => Promise.resolve(true)): void {
  const port = Number(/(\d+)$/.exec(endpoint)?.[1] ?? 0);
  if (port > 0) context.listen(port, healthListener(isWell));
}

function healthListener(isWell: () => Promise<boolean>): Listener {
  const http: Listener['http'] = async ({ path }) => {
    if (!path.startsWith('/healthz')) return plain(404, '404 page not found\n');
    return (await isWell()) ? plain(200, 'ok') : plain(500, 'driver responded but is not ready');
  };
  return { http, stream: (connection) => serveHttpStream(http, connection) };
}

const plain = (status: number, body: string): HttpResponse => ({ status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body });

/** `livenessprobe`: says whether the driver answers on its socket. Upstream: `kubernetes-csi/livenessprobe`. */
export const livenessProbe = (argv: readonly string[]): Program => ({
  start: (context) => {
    const isWell = async () => (await driverOf(context, argv)) !== undefined;
    serveHealth(context, commandLineOption(argv, 'health-port') || String(HEALTH_PORT), isWell);
    return untilEnded(context, () => leaveDriver(context));
  },
});

/** Does nothing until it is asked to end. */
const untilEnded = (context: ProcessContext, dispose: () => void = () => undefined): ReturnType<Program['start']> => ({
  signal: (name) => {
    if (fatalCode(name) !== undefined) context.exit(0);
  },
  dispose,
});

/** A sidecar that has nothing to do here: `csi-external-health-monitor-controller`, for volumes that are always well. */
export const idleSidecar = (): Program => ({ start: (context) => untilEnded(context) });
