import { parseQuantity } from '../../../../api/index.ts';
import { commandLineOption, commandLineOptions, commandLineSwitch } from '../command-line.ts';
import { nameOf } from '../files/tree.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import { klogTo } from '../in-cluster/klog.ts';
import { fatalCode, type ProcessContext, type Program, type RunningProgram } from '../program.ts';
import { rawListener } from '../shell/nc.ts';
import { serveOn } from './csi-driver.ts';
import { HostPathDriver, type HostPathOptions, readCapacity } from './hostpath-driver.ts';
import { socketProxy } from './socket-proxy.ts';

const VOLUME_BYTES_MAX = '1Ti';
const EXIT_FAILED = 1;
/** Where the image's `socat` passes a driver's socket on, in the manifest for tests. */
const SOCAT_PORT = 10_000;

/** `hostpathplugin`: serves the driver on the socket `--endpoint`. Upstream: `cmd/hostpathplugin` of `kubernetes-csi/csi-driver-host-path`. */
export const hostPathPlugin = (argv: readonly string[]): Program => {
  if (nameOf(`/${argv[0] ?? ''}`) === 'socat') return SOCAT;
  return commandLineOption(argv, 'proxy-endpoint') === '' ? { start: (context) => new RunningPlugin(context, argv) } : socketProxy(argv);
};

const SOCAT: Program = {
  start: (context) => {
    context.listen(
      SOCAT_PORT,
      rawListener(() => Promise.resolve()),
    );
    return { signal: (name) => endOn(context, name), dispose: () => undefined };
  },
};

function endOn(context: ProcessContext, name: string): void {
  if (fatalCode(name) !== undefined) context.exit(0);
}

function optionsOf(argv: readonly string[]): HostPathOptions {
  const number = (name: string) => Number(commandLineOption(argv, name) || 0);
  return {
    name: commandLineOption(argv, 'drivername') || 'hostpath.csi.k8s.io',
    nodeId: commandLineOption(argv, 'nodeid'),
    directory: commandLineOption(argv, 'statedir') || '/csi-data-dir',
    volumesMax: Math.max(0, number('attach-limit') || number('maxvolumespernode')),
    volumeBytesMax: number('max-volume-size') || parseQuantity(VOLUME_BYTES_MAX).value(),
    hasTopology: commandLineSwitch(argv, 'enable-topology', true),
    growsOnNode: !commandLineSwitch(argv, 'disable-node-expansion'),
    capacity: readCapacity(commandLineOptions(argv, 'capacity')),
  };
}

class RunningPlugin implements RunningProgram {
  readonly #context: ProcessContext;
  #stop: (() => void) | undefined;
  #isDone = false;

  constructor(context: ProcessContext, argv: readonly string[]) {
    this.#context = context;
    this.#serve(argv).catch((error: unknown) => {
      context.output('stdout', `Failed to initialize driver: ${messageOf(error)}`);
      this.#exit(EXIT_FAILED);
    });
  }

  async #serve(argv: readonly string[]): Promise<void> {
    const options = optionsOf(argv);
    if (options.nodeId === '') throw new Error('no node id provided');
    const { clock, random } = this.#context;
    const files = await this.#context.files();
    const driver = new HostPathDriver(options, { files, clock, random });
    await driver.load();
    const socket = (commandLineOption(argv, 'endpoint') || 'unix:///tmp/csi.sock').replace(/^unix:\/\//, '');
    await files.rm(socket, { force: true });
    await files.mknod(socket, 'socket');
    const node = await files.nodeAt(socket);
    if (this.#isDone || node.type !== 'file') return;
    this.#stop = serveOn(node, driver);
    klogTo(this.#context)('I', `server.go:116] Listening for connections on address: "${socket}"`);
  }

  signal(name: string): void {
    if (fatalCode(name) !== undefined) this.#exit(0);
  }

  #exit(code: number): void {
    if (this.#isDone) return;
    this.dispose();
    this.#context.exit(code);
  }

  dispose(): void {
    this.#isDone = true;
    this.#stop?.();
  }
}
