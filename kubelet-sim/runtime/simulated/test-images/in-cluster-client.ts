// `agnhost inclusterclient`: asks the API server whether it is well, over and over, with the token of its pod (upstream
// `test/images/agnhost/inclusterclient`).
import { createHash } from 'node:crypto';
import type { Timer } from '../../../../runtime/index.ts';
import { commandLineOption } from '../command-line.ts';
import { fatalCode, type ProcessContext, type Program, type RunningProgram } from '../program.ts';
import { get, type InCluster, inCluster } from './in-cluster.ts';

const POLL_SECONDS = 30;
const EXIT_SIGNALLED = 2;

export const inClusterClient = (argv: readonly string[]): Program => ({
  start: (context) => new Client(context, Number(commandLineOption(argv, 'poll-interval') || POLL_SECONDS) * 1000),
});

class Client implements RunningProgram {
  readonly #context: ProcessContext;
  readonly #pollMs: number;
  #timer: Timer | undefined;
  #isDone = false;

  constructor(context: ProcessContext, pollMs: number) {
    this.#context = context;
    this.#pollMs = pollMs;
    this.#log('I', 'main.go:60] started');
    inCluster(context).then(
      (server) => this.#wait(server),
      (error: unknown) => {
        this.#context.output('stderr', `err: ${error instanceof Error ? error.message : String(error)}\n`);
        this.#end(1);
      },
    );
  }

  #wait(server: InCluster): void {
    if (this.#isDone) return;
    this.#timer = this.#context.clock.setTimer(this.#pollMs, () => {
      this.#poll(server)
        .catch((error: unknown) => {
          this.#log('E', 'main.go:83] status=failed');
          this.#log('E', `main.go:84] error checking /healthz: ${error instanceof Error ? error.message : String(error)}`);
        })
        .finally(() => this.#wait(server));
    });
  }

  async #poll({ url, authorization }: InCluster): Promise<void> {
    this.#log('I', 'main.go:80] calling /healthz');
    const header = await authorization();
    this.#log('I', `main.go:97] authz_header=${createHash('sha256').update(`salt|${header}`).digest('base64url')}`);
    const { status, body } = await get(this.#context, `${url}/healthz`, { authorization: header });
    if (status !== 200) throw new Error(body);
  }

  /** A line as klog writes it. */
  #log(severity: 'I' | 'E', text: string): void {
    if (this.#isDone) return;
    const [date = '', time = ''] = new Date(this.#context.clock.now()).toISOString().split('T');
    const stamp = `${date.slice(5, 7)}${date.slice(8)} ${time.slice(0, 12)}000`;
    this.#context.output('stderr', `${severity}${stamp} ${String(this.#context.pid).padStart(7)} ${text}\n`);
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
    this.#isDone = true;
    this.#timer?.cancel();
  }
}
