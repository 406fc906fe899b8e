import type { Timer } from '../../../../runtime/index.ts';
import { commandLineOption } from '../command-line.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import { klogTo } from '../in-cluster/klog.ts';
import { fatalCode, type ProcessContext, type Program, type RunningProgram } from '../program.ts';
import { serveHealth } from './health.ts';
import { driverOf, type SocketDriver } from './sidecar.ts';

const LOOK_MS = 500;
const DIRECTORY = '/registration';

/**
 * `csi-node-driver-registrar`: has the node's kubelet know the driver, for as long as it runs. Upstream: `cmd/csi-node-driver-registrar` of
 * `kubernetes-csi/node-driver-registrar`.
 */
export const registrar = (argv: readonly string[]): Program => ({ start: (context) => new RunningRegistrar(context, argv) });

class RunningRegistrar implements RunningProgram {
  readonly #context: ProcessContext;
  readonly #argv: readonly string[];
  #timer: Timer | undefined;
  #registered: SocketDriver | undefined;
  #isDone = false;

  constructor(context: ProcessContext, argv: readonly string[]) {
    this.#context = context;
    this.#argv = argv;
    serveHealth(context, commandLineOption(argv, 'http-endpoint'));
    this.#look();
  }

  #look(): void {
    this.#follow()
      .catch((error: unknown) => klogTo(this.#context)('E', `main.go:120] ${messageOf(error)}`))
      .finally(() => {
        if (!this.#isDone) this.#timer = this.#context.clock.setTimer(LOOK_MS, () => this.#look());
      });
  }

  /** Registers the driver that serves the socket, and takes back one that does no more. */
  async #follow(): Promise<void> {
    const driver = await driverOf(this.#context, this.#argv);
    if (this.#isDone || driver === this.#registered) return;
    const { nodeDrivers } = this.#context;
    if (this.#registered) nodeDrivers.unregister(this.#registered);
    this.#registered = driver;
    if (!driver) return;
    const files = await this.#context.files();
    const socket = `${commandLineOption(this.#argv, 'plugin-registration-path') || DIRECTORY}/${driver.name}-reg.sock`;
    await files.rm(socket, { force: true });
    await files.mknod(socket, 'socket');
    if (this.#isDone) return;
    klogTo(this.#context)('I', `node_register.go:54] "Starting Registration Server" socketPath="${socket}"`);
    nodeDrivers.register(driver);
    klogTo(this.#context)('I', 'main.go:109] "Received NotifyRegistrationStatus call" status="plugin_registered:true"');
  }

  signal(name: string): void {
    if (fatalCode(name) === undefined || this.#isDone) return;
    this.dispose();
    this.#context.exit(0);
  }

  dispose(): void {
    this.#isDone = true;
    this.#timer?.cancel();
    if (this.#registered) this.#context.nodeDrivers.unregister(this.#registered);
  }
}
