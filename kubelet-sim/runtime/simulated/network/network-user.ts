import type { PodSandboxConfig } from '../../cri.ts';
import type { Sandbox, SimulatedHost, SimulatedNode } from '../sandbox.ts';

/** Who looks at the network: a pod by its sandbox, or what runs on a node itself. */
export interface NetworkUser extends Pick<Sandbox, 'host' | 'ip' | 'node' | 'usesHostNetwork' | 'containers'> {
  readonly config: Pick<PodSandboxConfig, 'namespace' | 'hostname' | 'domain' | 'dns' | 'hostAliases' | 'labels' | 'resources'>;
}

/** The kubelet, and whatever else runs on a node: it has the node's network, and its resolver knows no names of the cluster. */
export const onTheNode = (host: SimulatedHost, node: SimulatedNode): NetworkUser => ({
  host,
  node,
  ip: node.address,
  usesHostNetwork: true,
  containers: [],
  config: { namespace: '', hostname: node.name, dns: { servers: [], searches: [], options: [] } },
});
