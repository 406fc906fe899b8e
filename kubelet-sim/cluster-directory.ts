import {
  coreKinds,
  discoveryKinds,
  type EndpointSlice,
  type Live,
  type Namespace,
  type NetworkPolicy,
  type Node,
  networkingKinds,
  type Service,
} from '../api/index.ts';
import type { ApiClient } from '../client/index.ts';
import type { Clock } from '../runtime/index.ts';
import { CLUSTER_DNS, type ClusterDns } from './pod/pod-dns.ts';
import type { ClusterDirectory } from './runtime/simulated/network/cluster-directory.ts';

/** How long an answer is good: a script that asks in a loop asks the API server once in a while. */
const FRESH_MS = 1000;
/** Answers kept; beyond it, those no longer good are let go. */
const ANSWERS_MAX = 1000;
const SERVICE_LABEL = 'kubernetes.io/service-name';

/** Answers that are good for a moment; while the API server does not answer, what it last said: a network outlives its control plane. */
class Answers<T> {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly at: number; readonly value: Promise<T> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#clock.monotonic();
    const known = this.#known.get(key);
    if (known && now - known.at < FRESH_MS) return known.value;
    if (this.#known.size >= ANSWERS_MAX) for (const [old, { at }] of this.#known) if (now - at >= FRESH_MS) this.#known.delete(old);
    const value = ask().catch((error: unknown) => {
      if (!known)
        this.#known.delete(key); // asked again the next time
      else return known.value;
      throw error;
    });
    this.#known.set(key, { at: now, value });
    return value;
  }
}

/** Services, endpoints and policies as the API server has them, asked when a process in a container talks to somebody. */
export class ClientDirectory implements ClusterDirectory {
  readonly domain: string;
  readonly dnsServers: readonly string[];
  readonly #client: ApiClient;
  readonly #services: Answers<readonly Live<Service>[]>;
  readonly #slices: Answers<readonly Live<EndpointSlice>[]>;
  readonly #policies: Answers<readonly Live<NetworkPolicy>[]>;
  readonly #labels: Answers<Readonly<Record<string, string>>>;
  readonly #nodeLabels: Answers<Readonly<Record<string, string>>>;

  constructor(client: ApiClient, clock: Clock, { domain, servers }: ClusterDns = CLUSTER_DNS) {
    this.#client = client;
    this.#services = new Answers(clock);
    this.#slices = new Answers(clock);
    this.#policies = new Answers(clock);
    this.#labels = new Answers(clock);
    this.#nodeLabels = new Answers(clock);
    this.domain = domain;
    this.dnsServers = servers;
  }

  services(): Promise<readonly Live<Service>[]> {
    return this.#services.get('', async () => (await this.#client.resource<Service>(coreKinds.services).list({})).items);
  }

  slices(namespace: string, service: string): Promise<readonly Live<EndpointSlice>[]> {
    const labelSelector = `${SERVICE_LABEL}=${service}`;
    return this.#slices.get(
      `${namespace}/${service}`,
      async () => (await this.#client.resource<EndpointSlice>(discoveryKinds.endpointslices).list({ namespace, labelSelector })).items,
    );
  }

  policies(namespace: string): Promise<readonly Live<NetworkPolicy>[]> {
    return this.#policies.get(
      namespace,
      async () => (await this.#client.resource<NetworkPolicy>(networkingKinds.networkpolicies).list({ namespace })).items,
    );
  }

  namespaceLabels(namespace: string): Promise<Readonly<Record<string, string>>> {
    return this.#labels.get(
      namespace,
      async () => (await this.#client.resource<Namespace>(coreKinds.namespaces).get(namespace)).metadata.labels ?? {},
    );
  }

  nodeLabels(node: string): Promise<Readonly<Record<string, string>>> {
    return this.#nodeLabels.get(node, async () => (await this.#client.resource<Node>(coreKinds.nodes).get(node)).metadata.labels ?? {});
  }
}
