import type { Clock, Logger, Timer } from '../../../runtime/index.ts';

/** A claim as drivers are asked for it. */
export interface DriverClaim {
  readonly namespace: string;
  readonly uid: string;
  readonly name: string;
}

/** A device that a driver has made ready. */
export interface PreparedDevice {
  readonly requestNames: readonly string[];
  readonly poolName: string;
  readonly deviceName: string;
  /** What the container runtime knows it by. */
  readonly cdiDeviceIds: readonly string[];
}

/** What a driver says of one claim. */
export interface ClaimAnswer {
  readonly error: string;
  readonly devices: readonly PreparedDevice[];
}

/** An instance of a driver of devices that has registered. Its calls throw GrpcError. */
export interface DraPlugin {
  readonly driverName: string;
  readonly endpoint: string;
  readonly isConnected: boolean;
  /** `NodePrepareResources`: answers by the UIDs of claims. */
  prepare(claims: readonly DriverClaim[]): Promise<ReadonlyMap<string, ClaimAnswer>>;
  /** `NodeUnprepareResources`. */
  unprepare(claims: readonly DriverClaim[]): Promise<ReadonlyMap<string, Pick<ClaimAnswer, 'error'>>>;
  close(): void;
}

/** How long a driver may be away before its slices are removed. Upstream: `defaultWipingDelay`, `pkg/kubelet/cm/dra/manager.go`. */
const WIPING_DELAY_MS = 30_000;
/** Waits between tries to remove them. Upstream: `wipeResourceSlices`. */
const WIPE_RETRY_MS = { first: 1000, max: 300_000 };

interface DraWorld {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Removes what a driver has published of this node. */
  wipe(driverName: string): Promise<void>;
}

/**
 * The drivers of devices that have registered with one kubelet: of each any number of instances, for one may take over from another. Drivers that
 * never ran in a pod the node pretends. Upstream: `pkg/kubelet/cm/dra/plugin/dra_plugin_manager.go`.
 */
export class DraDrivers {
  readonly #world: DraWorld;
  readonly #everywhere: Set<string>;
  /** By the name of the driver, in the order in which they came. */
  readonly #plugins = new Map<string, readonly DraPlugin[]>();
  /** Drivers that are away, until their slices are removed. */
  readonly #wipes = new Map<string, Timer>();
  #isClosed = false;

  /** @param everywhere names of drivers that have registered with any node */
  constructor(world: DraWorld, everywhere: Set<string>) {
    this.#world = world;
    this.#everywhere = everywhere;
  }

  /** Whether the node pretends to have a driver. */
  isPretended(driverName: string): boolean {
    return !this.#everywhere.has(driverName);
  }

  /** The instance to call: the newest that is connected. @throws Error when there is none at all */
  named(driverName: string): DraPlugin {
    const plugins = this.#plugins.get(driverName) ?? [];
    const plugin = plugins.findLast(({ isConnected }) => isConnected) ?? plugins.at(-1);
    if (!plugin) throw new Error(`DRA driver ${driverName} is not registered`);
    return plugin;
  }

  /** @throws Error when an instance is there already at the same endpoint */
  add(plugin: DraPlugin): void {
    const { driverName, endpoint } = plugin;
    const others = this.#plugins.get(driverName) ?? [];
    if (others.some((other) => other.endpoint === endpoint))
      throw new Error(`endpoint ${endpoint} already registered for DRA driver plugin ${driverName}`);
    this.#everywhere.add(driverName);
    this.#plugins.set(driverName, [...others, plugin]);
    this.connectionChanged(driverName);
  }

  remove(driverName: string, endpoint: string): void {
    const plugins = this.#plugins.get(driverName) ?? [];
    const gone = plugins.find((plugin) => plugin.endpoint === endpoint);
    if (!gone) return;
    const others = plugins.filter((plugin) => plugin !== gone);
    if (others.length > 0) this.#plugins.set(driverName, others);
    else this.#plugins.delete(driverName);
    gone.close();
    this.connectionChanged(driverName);
  }

  /** Whether a driver can be used may have changed: what it has published goes when it stays away. */
  connectionChanged(driverName: string): void {
    if (this.#plugins.get(driverName)?.some(({ isConnected }) => isConnected)) {
      this.#wipes.get(driverName)?.cancel();
      this.#wipes.delete(driverName);
    } else if (!this.#wipes.has(driverName)) this.#wipeIn(driverName, WIPING_DELAY_MS, WIPE_RETRY_MS.first);
  }

  #wipeIn(driverName: string, delayMs: number, retryMs: number): void {
    const { clock, logger, wipe } = this.#world;
    if (this.#isClosed) return;
    const timer = clock.setTimer(delayMs, () => {
      wipe(driverName).then(
        () => {
          if (this.#wipes.get(driverName) === timer) this.#wipes.delete(driverName);
        },
        (error: unknown) => {
          logger.info({ err: error, driver: driverName, delayMs: retryMs }, 'slices of a driver that is gone not removed, will retry');
          if (this.#wipes.get(driverName) === timer) this.#wipeIn(driverName, retryMs, Math.min(2 * retryMs, WIPE_RETRY_MS.max));
        },
      );
    });
    this.#wipes.set(driverName, timer);
  }

  /** The kubelet ends. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#wipes.values()) timer.cancel();
    for (const plugins of this.#plugins.values()) for (const plugin of plugins) plugin.close();
  }
}
