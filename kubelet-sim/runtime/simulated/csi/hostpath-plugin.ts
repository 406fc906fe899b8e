import { parseQuantity } from '../../../../api/index.ts';
import { UnaryServer } from '../../../../runtime/grpc.ts';
import { commandLineOption, commandLineOptions, commandLineSwitch } from '../command-line.ts';
import { listenOnSocket } from '../files/sockets.ts';
import { nameOf } from '../files/tree.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import { klogTo } from '../in-cluster/klog.ts';
import { fatalCode, type ProcessContext, type Program } from '../program.ts';
import { ServingProgram } from '../serving-program.ts';
import { rawListener } from '../shell/nc.ts';
import { HostPathDriver, type HostPathOptions, readCapacity } from './hostpath-driver.ts';
import { type CallLog, hostPathService } from './hostpath-service.ts';
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
    attaches: commandLineSwitch(argv, 'enable-attach'),
    growsOnNode: !commandLineSwitch(argv, 'disable-node-expansion'),
    capacity: readCapacity(commandLineOptions(argv, 'capacity')),
  };
}

/** Which verbosity it takes to tell of each call with all its parts (`pkg/hostpath/server.go`). */
const VERBOSITY_CALLS = 5;

/** Tells of calls as tests read it: in JSON, with the names that the fields of messages have in Go. */
function logOf(context: ProcessContext, argv: readonly string[]): CallLog {
  if (Number(commandLineOption(argv, 'v') || 0) < VERBOSITY_CALLS) return () => undefined;
  const log = klogTo(context);
  return ({ method, request, response, error }) => {
    const full = error ? { code: error.number, message: error.details } : null;
    const told = { Method: method, Request: goFields(request), Response: goFields(response), Error: error?.message ?? '', FullError: full };
    log('I', `server.go:197] gRPCCall: ${JSON.stringify(told)}`);
  };
}

/** Keys of maps are not names of fields. */
const MAPS: ReadonlySet<string> = new Set(['parameters', 'segments', 'volumeContext', 'publishContext', 'manifest', 'secrets']);

/** As Go has fields in JSON that are left out when they are empty (`omitempty`). */
function goFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(goFields);
  if (typeof value !== 'object' || value === null) return value;
  const said = ([name, field]: [string, unknown]) =>
    !EMPTY.has(field) && !(Array.isArray(field) && field.length === 0) && !(MAPS.has(name) && Object.keys(Object(field)).length === 0);
  return Object.fromEntries(
    Object.entries(value)
      .filter(said)
      .map(([name, field]: [string, unknown]) => [
        name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        MAPS.has(name) ? field : goFields(field),
      ]),
  );
}

const EMPTY: ReadonlySet<unknown> = new Set([undefined, '', 0, false]);

class RunningPlugin extends ServingProgram {
  #stop: (() => void) | undefined;

  constructor(context: ProcessContext, argv: readonly string[]) {
    super(context);
    this.#serve(argv).catch((error: unknown) => {
      context.output('stdout', `Failed to initialize driver: ${messageOf(error)}`);
      this.exit(EXIT_FAILED);
    });
  }

  async #serve(argv: readonly string[]): Promise<void> {
    const options = optionsOf(argv);
    if (options.nodeId === '') throw new Error('no node id provided');
    const { clock, random } = this.context;
    const files = await this.context.files();
    const driver = new HostPathDriver(options, { files, clock, random });
    await driver.load();
    const socket = (commandLineOption(argv, 'endpoint') || 'unix:///tmp/csi.sock').replace(/^unix:\/\//, '');
    await files.rm(socket, { force: true });
    const server = new UnaryServer(hostPathService(driver, logOf(this.context, argv)));
    const stop = await listenOnSocket(files, socket, server);
    this.#stop = () => {
      stop();
      server.close();
    };
    if (this.isDone) return this.#stop();
    klogTo(this.context)('I', `server.go:116] Listening for connections on address: "${socket}"`);
  }

  protected override close(): void {
    this.#stop?.();
  }
}
