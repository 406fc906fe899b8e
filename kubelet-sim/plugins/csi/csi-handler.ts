import { goQuote } from '../../../api/index.ts';
import type { NodeDriver, NodeDrivers } from '../../runtime/node-drivers.ts';
import type { PluginHandler, PluginWorld } from '../plugin-manager.ts';
import { csiNodeClient } from './csi-node-client.ts';

/** What becomes of drivers of volumes works with this. */
export interface CsiWorld extends PluginWorld {
  readonly volumeDrivers: NodeDrivers;
}

/**
 * What becomes of a driver of volumes that registers: it says how it calls the node, and is known to the node from then on. Upstream:
 * `RegistrationHandler`, `pkg/volume/csi/csi_plugin.go`.
 */
export function csiHandler(world: CsiWorld): PluginHandler {
  const { volumeDrivers } = world;
  const known = new Map<string, NodeDriver>();
  const keyOf = (name: string, endpoint: string) => `${name} ${endpoint}`;
  return {
    validate: (name, _endpoint, versions) => {
      const failed = `kubernetes.io/csi: ValidatePlugin for CSI driver ${goQuote(name)} failed.`;
      if (versions.length === 0) throw new Error(`${failed} Plugin returned an empty list for supported versions`);
      const given = `[${versions.map(goQuote).join(' ')}]`;
      if (!versions.some((version) => /^v?1\./.test(version)))
        throw new Error(
          `${failed} None of the versions specified ${given} are supported. err=could not find a highest supported version from versions (${`[${versions.join(' ')}]`}) reported: <nil>`,
        );
    },
    register: async (name, endpoint) => {
      const driver = await csiNodeClient(name, endpoint, world);
      known.set(keyOf(name, endpoint), driver);
      volumeDrivers.register(driver);
    },
    deregister: (name, endpoint) => {
      const driver = known.get(keyOf(name, endpoint));
      known.delete(keyOf(name, endpoint));
      if (driver) volumeDrivers.unregister(driver);
    },
  };
}
