// A CSI driver in a pod, and the sidecars that make a cluster's storage of it (`registry.k8s.io/sig-storage`): loaded when the first of them starts.
import { lateProgram, type Make } from '../late-program.ts';
import type { PROGRAMS } from './programs.ts';

const late =
  (name: keyof typeof PROGRAMS): Make =>
  (argv) =>
    lateProgram(async () => (await import('./programs.ts')).PROGRAMS[name], argv);

/** Programs by their names in descriptions of images; made from the command line. */
export const CSI_PROGRAMS: Readonly<Record<keyof typeof PROGRAMS, Make>> = {
  'csi-attacher': late('csi-attacher'),
  'csi-idle': late('csi-idle'),
  'csi-livenessprobe': late('csi-livenessprobe'),
  'csi-node-driver-registrar': late('csi-node-driver-registrar'),
  'csi-provisioner': late('csi-provisioner'),
  'csi-resizer': late('csi-resizer'),
  'csi-snapshotter': late('csi-snapshotter'),
  hostpathplugin: late('hostpathplugin'),
  'snapshot-controller': late('snapshot-controller'),
};
