import { type ResourceSlice, resourceKinds } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import type { ClaimSource } from '../pod/volumes/claim-source.ts';
import type { NodeDrivers } from '../runtime/node-drivers.ts';
import type { NodeSockets } from '../runtime/node-sockets.ts';
import { DraCounts } from './dra/dra-counts.ts';
import { DraDrivers } from './dra/dra-drivers.ts';
import { DraManager } from './dra/dra-manager.ts';
import type { PluginManager } from './plugin-manager.ts';

/** Where drivers put the sockets by which they register. */
const REGISTRY = '/var/lib/kubelet/plugins_registry';

interface NodeWorld {
  readonly sockets: NodeSockets;
  readonly volumeDrivers: NodeDrivers;
  /** Removes what a driver has published of the node. */
  readonly wipe: (driverName: string) => Promise<void>;
  readonly source: Pick<ClaimSource, 'resourceClaim'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Names of drivers of devices that have registered with any node. */
  readonly deviceDrivers: Set<string>;
}

/** What becomes of claims of devices on a node. */
interface DevicePlugins {
  readonly drivers: DraDrivers;
  readonly manager: DraManager;
  readonly counts: DraCounts;
}

/**
 * The drivers of a node that register with its kubelet. What it takes to speak to them is loaded when the first one comes, and what is known of
 * devices is made when somebody asks: most nodes have none.
 */
export class NodePlugins {
  readonly #world: NodeWorld;
  #dra: DevicePlugins | undefined;
  #manager: Promise<PluginManager> | undefined;
  #isClosed = false;

  constructor(world: NodeWorld) {
    this.#world = world;
    world.sockets.watch(REGISTRY, (path, isThere) => {
      this.#changed(path, isThere).catch((error: unknown) => world.logger.error({ err: error, path }, 'plugin not looked at'));
    });
  }

  /** What drivers do for pods' claims of devices. */
  get devices(): DraManager {
    return this.#devicePlugins.manager;
  }

  get draCounts(): DraCounts {
    return this.#devicePlugins.counts;
  }

  get #devicePlugins(): DevicePlugins {
    this.#dra ??= this.#newDevicePlugins();
    return this.#dra;
  }

  #newDevicePlugins(): DevicePlugins {
    const { source, clock, logger, wipe, deviceDrivers } = this.#world;
    const drivers = new DraDrivers({ clock, logger, wipe }, deviceDrivers);
    const counts: DraCounts = new DraCounts(() => manager.inUse);
    const manager = new DraManager({
      drivers,
      resourceClaim: (namespace, name) => source.resourceClaim(namespace, name),
      counts,
      monotonic: () => clock.monotonic(),
    });
    return { drivers, manager, counts };
  }

  async #changed(path: string, isThere: boolean): Promise<void> {
    using _ = this.#world.clock.hold();
    this.#manager ??= this.#load();
    const manager = await this.#manager;
    if (!this.#isClosed) manager.changed(path, isThere);
  }

  async #load(): Promise<PluginManager> {
    const { pluginManagerOf } = await import('./handlers.ts');
    const { drivers, counts } = this.#devicePlugins;
    return pluginManagerOf({ ...this.#world, drivers, draCounts: counts });
  }

  /** The kubelet ends. */
  close(): void {
    this.#isClosed = true;
    this.#dra?.drivers.close();
    this.#world.volumeDrivers.close();
    this.#manager?.then((manager) => manager.close()).catch(() => undefined); // told of when it was loaded
  }
}

/** Removes what a driver of devices has published of a node. */
export function sliceWiper(client: ApiClient): (node: string) => NodeWorld['wipe'] {
  const slices = client.resource<ResourceSlice>(resourceKinds.resourceslices);
  return (node) => (driver) => slices.deleteCollection({ fieldSelector: `spec.driver=${driver},spec.nodeName=${node}` });
}
