import { fatalCode, type ProcessContext, type RunningProgram } from './program.ts';

/** A program that serves until a signal ends it, which it takes as a wish to end well, or until it cannot go on. */
export abstract class ServingProgram implements RunningProgram {
  protected readonly context: ProcessContext;
  #isDone = false;

  constructor(context: ProcessContext) {
    this.context = context;
  }

  /** Whether it has ended, while something that it waited for was still under way. */
  protected get isDone(): boolean {
    return this.#isDone;
  }

  signal(name: string): void {
    if (fatalCode(name) !== undefined) this.exit(0);
  }

  protected exit(code: number): void {
    if (this.#isDone) return;
    this.dispose();
    this.context.exit(code);
  }

  dispose(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.close();
  }

  /** Lets go of what it holds; called once. */
  protected abstract close(): void;
}
