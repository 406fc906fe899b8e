import { TIMER_DELAY_MS_MAX } from './clock.ts';
import type { Logger } from './logger.ts';
import { OptionError } from './options.ts';
import { optimizeSooner } from './tier-up.ts';

/** Something with a life: what every process folder's `create…` returns. */
export interface Service {
  /** Where it can be reached, once started; told to the parent process. */
  readonly url?: string | undefined;
  /** How long {@link stop} may take before the process ends anyway; some seconds unless given. */
  readonly stopMsMax?: number | undefined;
  /** Resolves once it does its work; rejects, with everything undone, when it cannot. */
  start(): Promise<void>;
  /** Lets go of everything; safe to call at any time, more than once. */
  stop(): Promise<void>;
}

/** What a process that was started by `nanokube up` tells its parent when it does its work. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly url: string | undefined;
}

/** Exit codes of every nanokube process. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

/** An error whose message is meant for the person at the terminal: one line that says what to change. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** How long a process may take to stop before it is ended. */
const STOP_MS_MAX = 4500;

/**
 * Runs a service as this process: starts it, waits for SIGINT or SIGTERM, stops it, exits. Errors meant for the user are one line on
 * standard error; others carry their stack in the log.
 *
 * @param create makes the service from the process's arguments; may throw OptionError or UserError.
 * @param logger for what goes wrong later; may be absent until options are read.
 */
export async function runMain(create: () => Service | Promise<Service>, logger?: () => Logger | undefined): Promise<void> {
  let service: Service | undefined;
  const stop = async (code: number) => {
    const timer = setTimeout(() => process.exit(EXIT.failure), service?.stopMsMax ?? STOP_MS_MAX);
    timer.unref();
    await service?.stop();
    process.exit(code);
  };
  const onFatal = (error: unknown) => {
    report(error, logger?.());
    stop(EXIT.failure).catch(() => process.exit(EXIT.failure));
  };
  const onSignal = () => {
    stop(EXIT.ok).catch(onFatal);
  };
  // Timers of the clock do not keep a process alive; being a service does.
  setInterval(() => undefined, TIMER_DELAY_MS_MAX);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  process.on('uncaughtException', onFatal).on('unhandledRejection', onFatal);
  try {
    service = await create();
    await service.start();
    optimizeSooner();
    process.send?.({ type: 'ready', url: service.url } satisfies ReadyMessage);
  } catch (error) {
    report(error, logger?.());
    process.exit(error instanceof OptionError ? EXIT.usage : EXIT.failure);
  }
}

function report(error: unknown, logger: Logger | undefined): void {
  if (error instanceof OptionError || error instanceof UserError) {
    process.stderr.write(`nanokube: ${error.message}\n`);
  } else {
    logger?.fatal({ err: error }, 'process failed');
    process.stderr.write(`nanokube: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}
