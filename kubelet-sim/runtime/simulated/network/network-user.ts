import type { PodSandboxConfig } from '../../cri.ts';
import type { Sandbox, SimulatedHost, SimulatedNode } from '../sandbox.ts';
import { addressLike } from './families.ts';

/** Who looks at the network: a pod by its sandbox, or what runs on a node itself. */
export interface NetworkUser extends Pick<Sandbox, 'host' | 'ip' | 'secondIp' | 'node' | 'usesHostNetwork' | 'containers'> {
  readonly config: Pick<PodSandboxConfig, 'namespace' | 'hostname' | 'domain' | 'dns' | 'hostAliases' | 'labels' | 'resources'>;
}

/** The kubelet, and whatever else runs on a node: it has the node's network, and its resolver knows no names of the cluster. */
export const onTheNode = (host: SimulatedHost, node: SimulatedNode): NetworkUser => ({
  host,
  node,
  ip: node.address,
  secondIp: node.secondAddress,
  usesHostNetwork: true,
  containers: [],
  config: { namespace: '', hostname: node.name, dns: { servers: [], searches: [], options: [] } },
});

/** Of its own addresses the one of the family of another, if it has such. */
export const ownAddress = ({ ip, secondIp }: Pick<NetworkUser, 'ip' | 'secondIp'>, other: string): string =>
  addressLike(other, ip, secondIp);

export const isOwn = ({ ip, secondIp }: Pick<NetworkUser, 'ip' | 'secondIp'>, address: string): boolean =>
  address === ip || address === secondIp;
