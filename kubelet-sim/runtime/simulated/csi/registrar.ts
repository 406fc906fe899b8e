import { handling, UnaryServer } from '../../../../runtime/grpc.ts';
import type { Timer } from '../../../../runtime/index.ts';
import { REGISTRATION } from '../../../plugins/registration.ts';
import { commandLineOption } from '../command-line.ts';
import { listenOnSocket } from '../files/sockets.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import { klogTo } from '../in-cluster/klog.ts';
import type { ProcessContext, Program } from '../program.ts';
import { ServingProgram } from '../serving-program.ts';
import { serveHealth } from './health.ts';
import { driverOf, leaveDriver } from './sidecar.ts';

const LOOK_MS = 500;
const DIRECTORY = '/registration';
/** Of the driver's API, as this sidecar tells it. */
const VERSIONS = ['1.0.0'];
const EXIT_FAILED = 1;

/**
 * `csi-node-driver-registrar`: has the node's kubelet know the driver, for as long as it runs. Upstream: `cmd/csi-node-driver-registrar` of
 * `kubernetes-csi/node-driver-registrar`.
 */
export const registrar = (argv: readonly string[]): Program => ({ start: (context) => new RunningRegistrar(context, argv) });

class RunningRegistrar extends ServingProgram {
  readonly #argv: readonly string[];
  #timer: Timer | undefined;
  /** Which of its connections to the driver it was registered by; 0 for none. */
  #registered = 0;
  /** Takes the driver back that is registered. */
  #close: (() => Promise<void>) | undefined;

  constructor(context: ProcessContext, argv: readonly string[]) {
    super(context);
    this.#argv = argv;
    serveHealth(context, commandLineOption(argv, 'http-endpoint'));
    this.#look();
  }

  #look(): void {
    this.#follow()
      .catch((error: unknown) => klogTo(this.context)('E', `main.go:120] ${messageOf(error)}`))
      .finally(() => {
        if (!this.isDone) this.#timer = this.context.clock.setTimer(LOOK_MS, () => this.#look());
      });
  }

  /** Registers the driver that serves the socket, and takes back one that does no more. */
  async #follow(): Promise<void> {
    const driver = await driverOf(this.context, this.#argv);
    const connection = driver?.connections ?? 0;
    if (this.isDone || this.#registered === connection) return;
    await this.#close?.();
    this.#close = undefined;
    this.#registered = connection;
    if (driver) this.#close = await this.#serve(driver.name);
  }

  /** @returns what takes the driver back: a kubelet forgets one whose socket is gone */
  async #serve(name: string): Promise<() => Promise<void>> {
    const log = klogTo(this.context);
    const files = await this.context.files();
    const socket = `${commandLineOption(this.#argv, 'plugin-registration-path') || DIRECTORY}/${name}-reg.sock`;
    const endpoint = commandLineOption(this.#argv, 'kubelet-registration-path');
    const server = new UnaryServer([
      handling(REGISTRATION.getInfo, () => ({ type: 'CSIPlugin', name, endpoint, supportedVersions: VERSIONS })),
      handling(REGISTRATION.notifyRegistrationStatus, ({ pluginRegistered, error }) => {
        log('I', `main.go:109] "Received NotifyRegistrationStatus call" status="plugin_registered:${pluginRegistered}"`);
        if (pluginRegistered) return {};
        log('E', `main.go:111] "Registration process failed with error, restarting registration container" err="${error}"`);
        this.exit(EXIT_FAILED);
        return {};
      }),
    ]);
    await files.rm(socket, { force: true });
    log('I', `node_register.go:54] "Starting Registration Server" socketPath="${socket}"`);
    const stop = await listenOnSocket(files, socket, server);
    const close = async () => {
      stop();
      server.close();
      await files.rm(socket, { force: true });
    };
    if (this.isDone) await close();
    return close;
  }

  protected override close(): void {
    this.#timer?.cancel();
    leaveDriver(this.context);
    this.#close?.().catch(() => undefined); // its directory has gone, and the socket with it
  }
}
