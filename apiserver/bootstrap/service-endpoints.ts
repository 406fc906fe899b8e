import { isDeepStrictEqual } from 'node:util';
import {
  coreKinds,
  type EndpointSlice,
  type Endpoints,
  isAlreadyExists,
  isNotFound,
  type KindInfo,
  type KubeObject,
  type Live,
} from '../../api/index.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import type { MasterLeases } from './master-leases.ts';
import { isReachable, kubernetesEndpointSlice, kubernetesEndpoints, type ServiceAddress } from './system-objects.ts';

export interface ServiceEndpointsOptions {
  readonly objects: ObjectReader & ObjectWriter;
  readonly leases: MasterLeases;
  /** EndpointSlices, where they are served. */
  readonly slices: KindInfo | undefined;
  readonly address: () => ServiceAddress;
}

/**
 * Keeps the endpoints of the Service `kubernetes` what the leases of the API servers say. A server that is alone sets the port as well; several
 * must serve on one port, which is that of the first.
 */
export class ServiceEndpoints {
  readonly #options: ServiceEndpointsOptions;

  constructor(options: ServiceEndpointsOptions) {
    this.#options = options;
  }

  /** Announces this server, and writes the endpoints when they are not those of the servers there are. */
  async reconcile(): Promise<void> {
    const { leases } = this.#options;
    const own = this.#own();
    if (own === undefined) return;
    await leases.announce(own);
    await this.#write(await leases.list(), own);
  }

  /** Takes this server out, so that clients turn to the others at once. The last one leaves the endpoints as they are. */
  async withdraw(): Promise<void> {
    const { leases } = this.#options;
    const own = this.#own();
    if (own === undefined) return;
    await leases.withdraw(own);
    const others = await leases.list();
    if (others.length > 0) await this.#write(others, own);
  }

  /** An address that only this machine can reach is nobody's endpoint. */
  #own(): string | undefined {
    const { advertiseAddress } = this.#options.address();
    return advertiseAddress !== undefined && isReachable(advertiseAddress) ? advertiseAddress : undefined;
  }

  async #write(addresses: readonly string[], own: string): Promise<void> {
    const { slices, address } = this.#options;
    const { port } = address();
    const setsPort = addresses.length === 1 && addresses[0] === own;
    const endpoints = kubernetesEndpoints(addresses, port);
    await Promise.all([
      this.#ensure<Endpoints>(coreKinds.endpoints, endpoints, (existing) => withSubsets(existing, endpoints, setsPort)),
      ...(slices ? [this.#ensureSlice(slices, kubernetesEndpointSlice(addresses, port), setsPort)] : []),
    ]);
  }

  /** A slice of another family is made anew: what its addresses are cannot be changed. Upstream: `pkg/controlplane/reconcilers/endpointsadapter.go`. */
  async #ensureSlice(slices: KindInfo, slice: EndpointSlice, setsPort: boolean): Promise<void> {
    const { objects } = this.#options;
    const { namespace = '', name = '' } = slice.metadata;
    const existing = objects.get<EndpointSlice>(slices, namespace, name);
    if (existing && existing.addressType !== slice.addressType) await objects.delete(slices, namespace, name);
    await this.#ensure<EndpointSlice>(slices, slice, (existing) => withEndpoints(existing, slice, setsPort));
  }

  /** Another API server may be at it at the same time, with the same in mind. */
  async #ensure<T extends KubeObject>(kind: KindInfo, expected: T, change: (existing: Live<T>) => T | undefined): Promise<void> {
    const { objects } = this.#options;
    const { namespace = '', name = '' } = expected.metadata;
    const existing = objects.get<T>(kind, namespace, name);
    try {
      if (!existing) await objects.create(kind, expected);
      else if (change(existing)) await objects.update<T>(kind, namespace, name, change);
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error)) throw error;
    }
  }
}

/** The addresses are replaced, and what is malformed; the port only by a server that is alone. */
function withSubsets(existing: Live<Endpoints>, { subsets = [], metadata }: Endpoints, setsPort: boolean): Endpoints | undefined {
  const [held] = existing.subsets?.length === 1 ? existing.subsets : [];
  const ports = setsPort ? undefined : held?.ports;
  const wanted = subsets.map((subset) => ({ ...subset, ports: ports ?? subset.ports }));
  const labels = { ...existing.metadata.labels, ...metadata.labels };
  if (isDeepStrictEqual(existing.subsets, wanted) && isDeepStrictEqual(existing.metadata.labels, labels)) return undefined;
  return { ...existing, metadata: { ...existing.metadata, labels }, subsets: wanted };
}

function withEndpoints(existing: Live<EndpointSlice>, { endpoints, ports }: EndpointSlice, setsPort: boolean): EndpointSlice | undefined {
  const wanted = setsPort ? ports : (existing.ports ?? ports);
  if (isDeepStrictEqual(existing.endpoints, endpoints) && isDeepStrictEqual(existing.ports, wanted)) return undefined;
  return { ...existing, endpoints, ports: wanted };
}
