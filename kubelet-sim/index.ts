// The public face of kubelet-sim/: a process that holds simulated nodes.
export { createKubeletSim, type KubeletSim, type KubeletSimOptions } from './kubelet-sim.ts';
