import type { Clock } from '../../../runtime/index.ts';
import { defaultSignal, type ProcessContext, type Program, type RunningProgram } from './program.ts';

/** Makes a program of its command line. */
export type Make = (argv: readonly string[]) => Program;

/** Fetches the code of a program. */
export type Loader = () => Promise<Make>;

/** A program whose code is loaded when the first container that runs it starts. */
export const lateProgram = (load: Loader, argv: readonly string[]): Program => ({
  prepare: ({ clock }) => held(clock, load),
  start: (context) => new LateProgram(context, load, argv),
});

/** The container's time stands still meanwhile. */
async function held(clock: Clock, load: Loader): Promise<Make> {
  using _ = clock.hold();
  return await load();
}

/** A program whose code is fetched first. */
class LateProgram implements RunningProgram {
  readonly #context: ProcessContext;
  #running: RunningProgram | undefined;
  #isDone = false;

  constructor(context: ProcessContext, load: Loader, argv: readonly string[]) {
    this.#context = context;
    held(context.clock, load).then(
      (make) => {
        if (!this.#isDone) this.#running = make(argv).start(context);
      },
      (error: unknown) => {
        context.output('stderr', `${error instanceof Error ? error.message : String(error)}\n`);
        context.exit(1);
      },
    );
  }

  signal(name: string): void {
    if (this.#running) this.#running.signal(name);
    else defaultSignal(this.#context, name);
  }

  dispose(): void {
    this.#isDone = true;
    this.#running?.dispose();
  }
}
