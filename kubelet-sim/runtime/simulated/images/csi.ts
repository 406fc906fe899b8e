import type { ImageEntry } from '../image-catalog.ts';

/** Sidecars of CSI drivers: programs of this code by their images' names. */
const SIDECARS: Readonly<Record<string, string>> = {
  'csi-attacher': 'csi-attacher',
  'csi-external-health-monitor-controller': 'csi-idle',
  'csi-node-driver-registrar': 'csi-node-driver-registrar',
  'csi-provisioner': 'csi-provisioner',
  'csi-resizer': 'csi-resizer',
  'csi-snapshotter': 'csi-snapshotter',
  livenessprobe: 'csi-livenessprobe',
  'snapshot-controller': 'snapshot-controller',
};

/** The CSI driver for tests and learning, and what makes a cluster's storage of a driver. */
export const CSI: readonly ImageEntry[] = [
  ...Object.entries(SIDECARS).map(
    ([name, native]): ImageEntry => ({
      repository: `sig-storage/${name}`,
      native,
      title: [`/${name}`],
      binaries: [name, `/${name}`],
      shell: false,
      sizeBytes: 30_000_000,
    }),
  ),
  {
    repository: 'sig-storage/hostpathplugin',
    native: 'hostpathplugin',
    title: ['/hostpathplugin'],
    binaries: ['/hostpathplugin', 'hostpathplugin', 'socat'],
    base: 'alpine',
    sizeBytes: 20_000_000,
  },
];
