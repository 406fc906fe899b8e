// A CSI driver in a pod, and the sidecars that make a cluster's storage of it (`registry.k8s.io/sig-storage`).
import type { Program } from '../program.ts';
import { idleSidecar, livenessProbe } from './health.ts';
import { hostPathPlugin } from './hostpath-plugin.ts';
import { csiProvisioner } from './provisioner.ts';
import { registrar } from './registrar.ts';
import { csiResizer } from './resizer.ts';
import { snapshotController } from './snapshot-controller.ts';
import { csiSnapshotter } from './snapshotter.ts';

/** Programs by their names in descriptions of images; made from the command line. */
export const CSI_PROGRAMS: Readonly<Record<string, (argv: readonly string[]) => Program>> = {
  'csi-idle': idleSidecar,
  'csi-livenessprobe': livenessProbe,
  'csi-node-driver-registrar': registrar,
  'csi-provisioner': csiProvisioner,
  'csi-resizer': csiResizer,
  'csi-snapshotter': csiSnapshotter,
  hostpathplugin: hostPathPlugin,
  'snapshot-controller': snapshotController,
};
