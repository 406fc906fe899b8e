// The public face of ingress-nginx: what it takes to run it is loaded when the first pod does.
import type { Clock } from '../../../../runtime/index.ts';
import { defaultSignal, type ProcessContext, type Program, type RunningProgram } from '../program.ts';

type Make = (argv: readonly string[]) => Program;
type Loader = () => Promise<Make>;

const controller: Loader = async () => (await import('./controller.ts')).ingressController;
const certgen: Loader = async () => (await import('./webhook-certgen.ts')).webhookCertgen;

/** Programs by their names in descriptions of images. */
export const INGRESS_PROGRAMS: Readonly<Record<string, Make>> = {
  'ingress-nginx': (argv) => lateProgram(controller, argv),
  'kube-webhook-certgen': (argv) => lateProgram(certgen, argv),
};

const lateProgram = (load: Loader, argv: readonly string[]): Program => ({
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
