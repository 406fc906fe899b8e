import type { NodeDriver } from '../../node-drivers.ts';
import { commandLineOption, commandLineSwitch } from '../command-line.ts';
import { InClusterLoop, messageOf } from '../in-cluster/in-cluster-loop.ts';
import { type Klog, klogTo } from '../in-cluster/klog.ts';
import type { ProcessContext, Program } from '../program.ts';
import { type CsiDriver, driverOn } from './csi-driver.ts';
import { Leadership } from './leadership.ts';
import { PodClient } from './pod-client.ts';

/** How often a sidecar looks at its objects: it has no watches. */
const LOOK_MS = 500;
const ADDRESS = '/run/csi/socket';
const NAMESPACE_PATH = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** A driver with all its services. */
export type SocketDriver = CsiDriver & NodeDriver;

/** What a controller in a pod goes by. */
export interface ControllerWorld {
  readonly context: ProcessContext;
  readonly client: PodClient;
  readonly log: Klog;
}

/** Looks at all its objects once. */
export type Look = (world: ControllerWorld) => Promise<void>;

interface ControllerParts {
  /** The lease that replicas share, with `--leader-election`. */
  readonly leaseName: (context: ProcessContext) => Promise<string | undefined>;
  /** Begins with what it has to keep from one look to the next. */
  readonly begin: (context: ProcessContext) => Look;
}

/** A controller in a pod that looks every so often. */
export const controller = (argv: readonly string[], { leaseName, begin }: ControllerParts): Program => ({
  start: (context) => {
    const look = begin(context);
    const log = klogTo(context);
    let leadership: Leadership | undefined;
    const leads = async (client: PodClient): Promise<boolean> => {
      if (!commandLineSwitch(argv, 'leader-election')) return true;
      if (!leadership) {
        const name = await leaseName(context);
        if (name === undefined) return false;
        const namespace = commandLineOption(argv, 'leader-election-namespace') || (await ownNamespace(context));
        leadership = new Leadership({ namespace, name, identity: context.hostname, clock: context.clock });
      }
      return await leadership.isOurs(client);
    };
    return new InClusterLoop(context, {
      everyMs: LOOK_MS,
      turn: async (server) => {
        const client = new PodClient(context, server);
        if (await leads(client)) await look({ context, client, log });
      },
      failed: (error) => log('E', `controller.go:89] ${messageOf(error)}`),
      unusable: (error) => log('F', `main.go:60] Failed to create config: ${messageOf(error)}`),
    });
  },
});

/** A controller beside a driver, which it reaches by the socket that `--csi-address` names; until somebody serves there it waits. */
export const sidecar = (
  argv: readonly string[],
  leasePrefix: string,
  begin: (context: ProcessContext) => (world: ControllerWorld, driver: SocketDriver) => Promise<void>,
): Program =>
  controller(argv, {
    leaseName: async (context) => {
      const driver = await driverOf(context, argv);
      return driver && `${leasePrefix}${driver.name.replace(/[^a-zA-Z0-9-]/g, '-').replace(/-$/, '-X')}`;
    },
    begin: (context) => {
      const look = begin(context);
      return async (world) => {
        const driver = await driverOf(context, argv);
        if (driver) await look(world, driver);
      };
    },
  });

/** The driver whose socket a sidecar is told of. */
export async function driverOf(context: ProcessContext, argv: readonly string[]): Promise<SocketDriver | undefined> {
  const path = (commandLineOption(argv, 'csi-address') || ADDRESS).replace(/^unix:\/\//, '');
  const files = await context.files();
  const socket = await files.nodeAt(path).catch(() => undefined);
  return socket && driverOn(socket);
}

async function ownNamespace(context: ProcessContext): Promise<string> {
  return (await (await context.files()).readFile(NAMESPACE_PATH)).toString().trim();
}
