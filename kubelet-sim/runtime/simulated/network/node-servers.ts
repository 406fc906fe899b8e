import type { SimulatedHost, SimulatedNode } from '../sandbox.ts';
import { kubeProxyAt } from './kube-proxy.ts';
import type { Listener } from './listener.ts';
import type { Target } from './remote-pods.ts';

/** Where every kubelet listens, whatever port its process has on this machine. */
const KUBELET_PORT = 10_250;

/** What a node itself serves on a port: its kubelet, or its kube-proxy. */
export async function nodeServerAt(host: SimulatedHost, node: SimulatedNode, target: Target): Promise<Listener | undefined> {
  if (target.port === KUBELET_PORT && target.protocol === 'TCP') return host.kubelet?.(node);
  return await kubeProxyAt(host, node, target);
}
