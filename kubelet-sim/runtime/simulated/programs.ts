import type { Timer } from '../../../runtime/index.ts';
import { defaultSignal, type ProcessContext, type Program, type RunningProgram, type ServerBehaviour } from './program.ts';

/** Prints a text and ends. */
export const exitProgram = (code: number, output = ''): Program => ({
  start(context) {
    if (output !== '') context.output('stdout', output);
    context.exit(code);
    return INERT;
  },
});

const INERT: RunningProgram = {
  signal: () => undefined,
  dispose: () => undefined,
};

/** Waits, for a while or for ever, as `sleep` does: it has no signal handlers. One that is resumed waits for what is left. */
export const sleepProgram = (ms: number): Program => ({ start: (context) => new Sleeper(context, ms) });

class Sleeper implements RunningProgram {
  readonly #context: ProcessContext;
  readonly #timer: Timer | undefined;

  constructor(context: ProcessContext, ms: number) {
    this.#context = context;
    this.#timer = Number.isFinite(ms)
      ? context.clock.setTimer(context.startedAt + ms - context.clock.now(), () => context.exit(0))
      : undefined;
  }

  signal(name: string): void {
    defaultSignal(this.#context, name);
  }

  dispose(): void {
    this.#timer?.cancel();
  }
}

/** How a quiet server starts and stops. */
export interface ServerOptions {
  readonly log: readonly string[];
  /** Exit code after SIGTERM, SIGINT or SIGQUIT. */
  readonly stopCode: number;
  readonly behaviour: ServerBehaviour;
}

/** A server: prints its start log, answers on its ports, ends when it is asked to. */
export const serverProgram = (options: ServerOptions): Program => ({
  server: options.behaviour,
  banner: options.log,
  start(context) {
    return {
      signal: (name) => {
        if (name === 'SIGTERM' || name === 'SIGINT' || name === 'SIGQUIT') context.exit(options.stopCode);
      },
      dispose: () => undefined,
    };
  },
});
