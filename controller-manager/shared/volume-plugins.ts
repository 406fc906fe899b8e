import type { PersistentVolume } from '../../api/index.ts';

/** What upstream says of a volume that none of its plugins knows. */
const NO_PLUGIN = 'N/A';

const PLUGINS = {
  hostPath: 'kubernetes.io/host-path',
  nfs: 'kubernetes.io/nfs',
  iscsi: 'kubernetes.io/iscsi',
  fc: 'kubernetes.io/fc',
  local: 'kubernetes.io/local-volume',
  portworxVolume: 'kubernetes.io/portworx-volume',
} as const;

/** How metrics call a CSI driver. */
export const csiPlugin = (driver: string): string => `kubernetes.io/csi:${driver}`;

/** How metrics call the plugin of a volume. Upstream: `GetFullQualifiedPluginNameForVolume`, `pkg/volume/util`. */
export function pluginOf({ spec }: PersistentVolume): string {
  if (spec.csi) return csiPlugin(spec.csi.driver);
  return Object.entries(PLUGINS).find(([source]) => source in spec)?.[1] ?? NO_PLUGIN;
}
