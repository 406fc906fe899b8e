import type { Timer } from '../../../../runtime/index.ts';
import { fatalCode, type ProcessContext, type RunningProgram } from '../program.ts';
import { type InCluster, inCluster } from './in-cluster.ts';

/** What a program in a cluster does over and over. */
export interface Turns {
  readonly everyMs: number;
  turn(server: InCluster): Promise<void>;
  /** A turn that failed is told of; the next one comes all the same. */
  failed(error: unknown): void;
  /** There is no API server to ask, and the program ends. */
  unusable(error: unknown): void;
  /** It is over. */
  ended?(): void;
}

const EXIT_UNUSABLE = 1;
const EXIT_SIGNALLED = 2;

/** A program that asks the API server something every so often, as the account of its pod, until a signal ends it. */
export class InClusterLoop implements RunningProgram {
  readonly #context: ProcessContext;
  readonly #turns: Turns;
  #timer: Timer | undefined;
  #isDone = false;

  constructor(context: ProcessContext, turns: Turns) {
    this.#context = context;
    this.#turns = turns;
    inCluster(context).then(
      (server) => this.#wait(server),
      (error: unknown) => {
        if (!this.#isDone) turns.unusable(error);
        this.#end(EXIT_UNUSABLE);
      },
    );
  }

  #wait(server: InCluster): void {
    if (this.#isDone) return;
    const { everyMs, turn, failed } = this.#turns;
    this.#timer = this.#context.clock.setTimer(everyMs, () => {
      turn(server)
        .catch((error: unknown) => this.#isDone || failed(error))
        .finally(() => this.#wait(server));
    });
  }

  #end(code: number): void {
    if (this.#isDone) return;
    this.dispose();
    this.#context.exit(code);
  }

  signal(name: string): void {
    if (fatalCode(name) !== undefined) this.#end(EXIT_SIGNALLED);
  }

  dispose(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#timer?.cancel();
    this.#turns.ended?.();
  }
}

/** The text of an error, for logs. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
