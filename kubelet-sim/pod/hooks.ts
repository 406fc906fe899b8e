import type { LifecycleHandler } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { type ProbeTarget, portOf } from '../probes/probe.ts';

/** A hook that failed; the text is what its event adds. */
export class HookError extends Error {
  override readonly name = 'HookError';
}

/** Runs a postStart or preStop handler to its end. @throws HookError */
export async function runHook(handler: LifecycleHandler, target: ProbeTarget, clock: Clock, signal: AbortSignal): Promise<void> {
  if (handler.exec) {
    const command = handler.exec.command ?? [];
    const streams = { output: () => undefined };
    const exitCode = await target.runtime.exec(target.containerId, { command, tty: false, streams, signal });
    if (exitCode !== 0) throw new HookError(`command '${command.join(' ')}' exited with ${exitCode}: `);
  } else if (handler.httpGet) {
    const { path = '/', port, host, httpHeaders = [] } = handler.httpGet;
    const number = portOf(port, target.container);
    try {
      await target.runtime
        .connect(target.sandboxId, number)
        .http({ method: 'GET', path, headers: Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value])) });
    } catch (error) {
      throw new HookError(
        `Get "http://${host || target.podIP}:${number}${path}": ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  } else if (handler.sleep) await clock.sleep(handler.sleep.seconds * 1000, signal);
}
