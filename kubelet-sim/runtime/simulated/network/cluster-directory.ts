import type { EndpointSlice, Live, NetworkPolicy, Service } from '../../../../api/index.ts';

/** What the cluster's network knows: services and who is behind them, names, policies. Asked only when a process talks to somebody. */
export interface ClusterDirectory {
  /** Domain of the cluster's names, `cluster.local`. */
  readonly domain: string;
  /** Addresses of the cluster's DNS servers. */
  readonly dnsServers: readonly string[];
  /** Services of all namespaces. */
  services(): Promise<readonly Live<Service>[]>;
  /** Endpoint slices of a service. */
  slices(namespace: string, service: string): Promise<readonly Live<EndpointSlice>[]>;
  policies(namespace: string): Promise<readonly Live<NetworkPolicy>[]>;
  namespaceLabels(namespace: string): Promise<Readonly<Record<string, string>>>;
  nodeLabels(node: string): Promise<Readonly<Record<string, string>>>;
}
