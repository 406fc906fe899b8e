import type { Make } from '../late-program.ts';
import { csiAttacher } from './attacher.ts';
import { idleSidecar, livenessProbe } from './health.ts';
import { hostPathPlugin } from './hostpath-plugin.ts';
import { csiProvisioner } from './provisioner.ts';
import { registrar } from './registrar.ts';
import { csiResizer } from './resizer.ts';
import { snapshotController } from './snapshot-controller.ts';
import { csiSnapshotter } from './snapshotter.ts';

/** Makes a program of each name. */
export const PROGRAMS = {
  'csi-attacher': csiAttacher,
  'csi-idle': idleSidecar,
  'csi-livenessprobe': livenessProbe,
  'csi-node-driver-registrar': registrar,
  'csi-provisioner': csiProvisioner,
  'csi-resizer': csiResizer,
  'csi-snapshotter': csiSnapshotter,
  hostpathplugin: hostPathPlugin,
  'snapshot-controller': snapshotController,
} satisfies Readonly<Record<string, Make>>;
