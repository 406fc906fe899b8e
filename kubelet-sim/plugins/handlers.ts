import { type CsiWorld, csiHandler } from './csi/csi-handler.ts';
import type { DraCounts } from './dra/dra-counts.ts';
import type { DraDrivers } from './dra/dra-drivers.ts';
import { draHandler } from './dra/dra-plugin.ts';
import { PluginManager } from './plugin-manager.ts';

/** What drivers of a node are told to. */
export interface PluginParts extends CsiWorld {
  readonly drivers: DraDrivers;
  readonly draCounts: DraCounts;
}

/** The plugin manager of a node, with what becomes of drivers of each type (`pkg/kubelet/kubelet.go`, `AddHandler`). */
export const pluginManagerOf = (parts: PluginParts): PluginManager =>
  new PluginManager(parts, { CSIPlugin: csiHandler(parts), DRAPlugin: draHandler(parts) });
