import type { Clock } from '../../../runtime/index.ts';
import { defaultSignal, type ProcessContext, type Program, type RunningProgram, type ServerBehaviour } from './program.ts';

/** Runs a command line in the in-process shell, which is loaded when the first one needs it. */
export const shellProgram = (argv: readonly string[], server?: ServerBehaviour): Program => ({
  prepare: (container) => Promise.all([loaded ?? loadShell(container.clock), container.environment()]),
  start: (context) => new ShellProcess(context, argv),
  server,
  reaps: SHELLS.test(argv[0] ?? ''),
});

type Shell = typeof import('./shell/index.ts');

let loaded: Shell | undefined;

/** The container's time stands still meanwhile. */
async function loadShell(clock: Clock): Promise<Shell> {
  using _ = clock.hold();
  loaded = await import('./shell/index.ts');
  return loaded;
}

/** Programs that wait for their children. */
const SHELLS = /(?:^|\/)(?:sh|bash|ash|dash)$/;

class ShellProcess implements RunningProgram {
  readonly #context: ProcessContext;
  readonly #abort = new AbortController();
  readonly #pending: string[] = [];
  #deliver: ((signal: string) => void) | undefined;

  constructor(context: ProcessContext, argv: readonly string[]) {
    this.#context = context;
    this.#run(argv).catch((error: unknown) => {
      if (this.#abort.signal.aborted) return;
      context.output('stderr', `${argv[0] ?? 'sh'}: ${error instanceof Error ? error.message : String(error)}\n`);
      context.exit(2);
    });
  }

  async #run(argv: readonly string[]): Promise<void> {
    const { startShell } = loaded ?? (await loadShell(this.#context.clock));
    if (this.#abort.signal.aborted) return;
    const shell = startShell(this.#context, argv, this.#abort.signal);
    this.#deliver = (signal) => shell.signal(signal);
    for (const signal of this.#pending.splice(0)) shell.signal(signal);
    const code = await shell.exited;
    if (!this.#abort.signal.aborted) this.#context.exit(code);
  }

  signal(name: string): void {
    if (this.#deliver) this.#deliver(name);
    else if (this.#context.isInit) this.#pending.push(name);
    else defaultSignal(this.#context, name);
  }

  dispose(): void {
    this.#abort.abort();
  }
}
