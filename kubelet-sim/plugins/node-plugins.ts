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

/** The drivers of a node that register with its kubelet. What it takes to speak to them is loaded when the first one comes. */
export class NodePlugins {
  readonly draCounts = new DraCounts(() => this.devices.inUse);
  /** What they do for pods' claims of devices. */
  readonly devices: DraManager;
  readonly #world: NodeWorld;
  readonly #draDrivers: DraDrivers;
  #manager: Promise<PluginManager> | undefined;
  #isClosed = false;

  constructor(world: NodeWorld) {
    const { source, clock, logger, wipe } = world;
    this.#world = world;
    this.#draDrivers = new DraDrivers({ clock, logger, wipe }, world.deviceDrivers);
    this.devices = new DraManager({
      drivers: this.#draDrivers,
      resourceClaim: (namespace, name) => source.resourceClaim(namespace, name),
      counts: this.draCounts,
      monotonic: () => clock.monotonic(),
    });
    world.sockets.watch(REGISTRY, (path, isThere) => {
      this.#changed(path, isThere).catch((error: unknown) => logger.error({ err: error, path }, 'plugin not looked at'));
    });
  }

  async #changed(path: string, isThere: boolean): Promise<void> {
    using _ = this.#world.clock.hold();
    this.#manager ??= this.#load();
    const manager = await this.#manager;
    if (!this.#isClosed) manager.changed(path, isThere);
  }

  async #load(): Promise<PluginManager> {
    const { pluginManagerOf } = await import('./handlers.ts');
    return pluginManagerOf({ ...this.#world, drivers: this.#draDrivers, draCounts: this.draCounts });
  }

  /** The kubelet ends. */
  close(): void {
    this.#isClosed = true;
    this.#draDrivers.close();
    this.#manager?.then((manager) => manager.close()).catch(() => undefined); // told of when it was loaded
  }
}

/** Removes what a driver of devices has published of a node. */
export function sliceWiper(client: ApiClient): (node: string) => NodeWorld['wipe'] {
  const slices = client.resource<ResourceSlice>(resourceKinds.resourceslices);
  return (node) => (driver) => slices.deleteCollection({ fieldSelector: `spec.driver=${driver},spec.nodeName=${node}` });
}
