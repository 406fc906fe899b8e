import { commandLineOption, commandLineSwitch } from '../command-line.ts';
import { dialSocket } from '../files/sockets.ts';
import { EventRecorder, type EventTarget, type Told } from '../in-cluster/event-recorder.ts';
import type { InCluster } from '../in-cluster/in-cluster.ts';
import { InClusterLoop, messageOf } from '../in-cluster/in-cluster-loop.ts';
import { type Klog, klogTo } from '../in-cluster/klog.ts';
import { LeaderElection } from '../in-cluster/leader-election.ts';
import type { ProcessContext, Program } from '../program.ts';
import { CsiDriver } from './csi-driver.ts';
import { PodClient } from './pod-client.ts';

/** How often a sidecar looks at its objects: it has no watches. */
const LOOK_MS = 500;
const LEASE_SECONDS = 15;
const ADDRESS = '/run/csi/socket';
const NAMESPACE_PATH = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** What a controller in a pod goes by. */
export interface ControllerWorld {
  readonly context: ProcessContext;
  readonly client: PodClient;
  readonly log: Klog;
  /** Writes an event about an object, in the name of a component. */
  tell(component: string, object: EventTarget, told: Told): void;
}

/** Looks at all its objects once. */
export type Look = (world: ControllerWorld) => Promise<void>;

interface ControllerParts {
  /** The lease that replicas share, with `--leader-election`. */
  readonly leaseName: (context: ProcessContext) => Promise<string | undefined>;
  /** Begins with what it has to keep from one look to the next. */
  readonly begin: (context: ProcessContext) => Look;
}

/** A controller in a pod that looks every so often; of several replicas the one that holds the lease does. */
export const controller = (argv: readonly string[], { leaseName, begin }: ControllerParts): Program => ({
  start: (context) => {
    const look = begin(context);
    const log = klogTo(context);
    const recorders = new Map<string, EventRecorder>();
    const recorderOf = (component: string, server: InCluster): EventRecorder => {
      const known = recorders.get(component) ?? new EventRecorder(context, server, component);
      recorders.set(component, known);
      return known;
    };
    const failed = (error: unknown) => log('E', `controller.go:89] ${messageOf(error)}`);
    let election: LeaderElection | undefined;
    const leads = async (server: InCluster): Promise<boolean> => {
      if (!commandLineSwitch(argv, 'leader-election')) return true;
      if (election) return election.isLeader;
      const name = await leaseName(context);
      if (name === undefined) return false;
      const namespace = commandLineOption(argv, 'leader-election-namespace') || (await ownNamespace(context));
      const elected = (leader: string) => log('I', `leaderelection.go:260] "${leader}" leads by ${namespace}/${name}`);
      election = new LeaderElection(context, server, {
        namespace,
        name,
        identity: context.hostname,
        seconds: LEASE_SECONDS,
        elected,
        failed,
      });
      return false;
    };
    return new InClusterLoop(context, {
      everyMs: LOOK_MS,
      turn: async (server) => {
        const tell: ControllerWorld['tell'] = (component, object, told) => recorderOf(component, server).record(object, told, failed);
        if (await leads(server)) await look({ context, client: new PodClient(context, server), log, tell });
      },
      failed,
      unusable: (error) => log('F', `main.go:60] Failed to create config: ${messageOf(error)}`),
      ended: () => {
        election?.close();
        leaveDriver(context);
      },
    });
  },
});

/** A controller beside a driver, which it reaches by the socket that `--csi-address` names; until somebody serves there it waits. */
export const sidecar = (
  argv: readonly string[],
  leasePrefix: string,
  begin: (context: ProcessContext) => (world: ControllerWorld, driver: CsiDriver) => Promise<void>,
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

/** The drivers that sidecars speak to: each has a connection of its own. */
const drivers = new WeakMap<ProcessContext, CsiDriver>();

/** The driver whose socket a sidecar is told of; undefined while it does not answer. */
export async function driverOf(context: ProcessContext, argv: readonly string[]): Promise<CsiDriver | undefined> {
  const path = (commandLineOption(argv, 'csi-address') || ADDRESS).replace(/^unix:\/\//, '');
  const { clock, random } = context;
  const dial = async () => await dialSocket(await context.files(), path);
  const driver = drivers.get(context) ?? new CsiDriver({ dial, clock, random });
  drivers.set(context, driver);
  return (await driver.isThere()) ? driver : undefined;
}

/** A sidecar has ended. */
export const leaveDriver = (context: ProcessContext): void => drivers.get(context)?.close();

async function ownNamespace(context: ProcessContext): Promise<string> {
  return (await (await context.files()).readFile(NAMESPACE_PATH)).toString().trim();
}
