import type { PersistentVolume, Volume } from '../../../api/index.ts';

type Source = Partial<Omit<Volume, 'csi'>> &
  Partial<Omit<PersistentVolume['spec'], 'csi'>> & { readonly csi?: { readonly driver: string } | undefined };

/** Names of the kubelet's plugins, by the field of a volume's source. Upstream: `pkg/volume`. */
const PLUGINS = [
  ['configMap', 'kubernetes.io/configmap'],
  ['secret', 'kubernetes.io/secret'],
  ['downwardAPI', 'kubernetes.io/downward-api'],
  ['projected', 'kubernetes.io/projected'],
  ['emptyDir', 'kubernetes.io/empty-dir'],
  ['hostPath', 'kubernetes.io/host-path'],
  ['local', 'kubernetes.io/local-volume'],
  ['nfs', 'kubernetes.io/nfs'],
  ['iscsi', 'kubernetes.io/iscsi'],
  ['fc', 'kubernetes.io/fc'],
  ['gitRepo', 'kubernetes.io/git-repo'],
  ['image', 'kubernetes.io/image'],
] as const;

/** What upstream's volume manager says of a volume whose plugin it does not know. */
const UNKNOWN = 'N/A';

/** The plugin that sets a volume up, with its driver if it has one. Upstream: `GetFullQualifiedPluginNameForVolume`. */
export function pluginOf(source: Source | undefined): string {
  if (source?.csi) return `kubernetes.io/csi:${source.csi.driver}`;
  return PLUGINS.find(([field]) => source?.[field])?.[1] ?? UNKNOWN;
}
