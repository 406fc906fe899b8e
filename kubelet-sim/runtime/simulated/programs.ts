import type { Timer } from '../../../runtime/index.ts';
import { FileError } from './files/tree.ts';
import type { ImageFacts } from './image-catalog.ts';
import { defaultSignal, type ProcessContext, type Program, type RunningProgram } from './program.ts';

/** Prints a text and ends. */
export const exitProgram = (code: number, output = '', stream: 'stdout' | 'stderr' = 'stdout'): Program => ({
  start(context) {
    if (output !== '') context.output(stream, output);
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

/** A server as an image's description has it: says that it starts, answers on its ports, ends when it is asked to. */
export function serverProgram(image: ImageFacts, ports: readonly number[] = image.ports): Program {
  return {
    server: { ports, facts: image },
    banner: image.log,
    reaps: image.reaps,
    start: (context) => new Server(context, image),
  };
}

class Server implements RunningProgram {
  readonly #context: ProcessContext;
  readonly #image: ImageFacts;
  #stopTimer: Timer | undefined;
  #isDone = false;

  constructor(context: ProcessContext, image: ImageFacts) {
    this.#context = context;
    this.#image = image;
    const { requires, writes } = image;
    if (!requires && (writes.length === 0 || context.user.uid === 0) && !context.isReadOnly) return;
    this.#check().catch((error: unknown) => this.#fail(`${error instanceof Error ? error.message : String(error)}`));
  }

  /** Whether it can start: what it needs of its environment and of its files. */
  async #check(): Promise<void> {
    const { requires, writes } = this.#image;
    const environment = requires && (await this.#context.environment());
    if (requires && !requires.anyOf.some((name) => environment?.get(name))) return this.#fail(requires.message);
    const files = await this.#context.files();
    for (const { path, message } of writes) {
      try {
        await files.checkWritable(path);
      } catch (error) {
        const reason = error instanceof FileError ? `${error.number}: ${error.reason}` : String(error);
        return this.#fail(message.replaceAll('{{error}}', reason));
      }
    }
  }

  #fail(message: string): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#context.output('stderr', `${message}\n`);
    this.#context.exit(1);
  }

  signal(name: string): void {
    const { stopSignals, stopMs, stopCode, stopLog } = this.#image;
    if (!stopSignals.includes(name) || this.#stopTimer || this.#isDone) return;
    const end = () => {
      this.#isDone = true;
      for (const line of stopLog) this.#context.output('stderr', `${line}\n`);
      this.#context.exit(stopCode);
    };
    if (stopMs === 0) end();
    else this.#stopTimer = this.#context.clock.setTimer(stopMs, end);
  }

  dispose(): void {
    this.#isDone = true;
    this.#stopTimer?.cancel();
  }
}
