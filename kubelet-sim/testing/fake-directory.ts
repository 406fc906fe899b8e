import { type EndpointSlice, familyOf, type IpFamily, type Live, type NetworkPolicy, type Service } from '../../api/index.ts';
import type { ClusterDirectory } from '../runtime/simulated/network/cluster-directory.ts';

/** Metadata of an object that a test writes down. */
export const meta = (name: string, namespace = 'default') => ({
  name,
  namespace,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

/** A cluster whose objects a test writes down. */
export class FakeDirectory implements ClusterDirectory {
  readonly domain = 'cluster.local';
  readonly dnsServers = ['10.96.0.10'];
  readonly all: Live<Service>[] = [];
  readonly endpoints = new Map<string, Live<EndpointSlice>[]>();
  readonly rules: Live<NetworkPolicy>[] = [];
  isDown = false;

  add(name: string, spec: Service['spec'], endpoints: EndpointSlice['endpoints'], port = 80): void {
    this.all.push({ apiVersion: 'v1', kind: 'Service', metadata: meta(name), spec, status: {} });
    const slice = (addressType: IpFamily): Live<EndpointSlice> => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: meta(`${name}-${addressType}`),
      addressType,
      endpoints: (endpoints ?? []).filter(({ addresses }) => familyOf(addresses[0] ?? '') === addressType),
      ports: [{ name: '', port, protocol: 'TCP' }],
    });
    this.endpoints.set(name, [slice('IPv4'), slice('IPv6')]);
  }

  #answer<T>(value: T): Promise<T> {
    return this.isDown ? Promise.reject(new Error('no API server')) : Promise.resolve(value);
  }

  services() {
    return this.#answer(this.all);
  }

  slices(_: string, service: string) {
    return this.#answer(this.endpoints.get(service) ?? []);
  }

  policies(namespace: string) {
    return this.#answer(this.rules.filter(({ metadata }) => metadata.namespace === namespace));
  }

  namespaceLabels(namespace: string) {
    if (namespace === '') return Promise.reject(new Error('there is no namespace without a name'));
    return this.#answer({ 'kubernetes.io/metadata.name': namespace });
  }

  nodeLabels() {
    return this.#answer({});
  }
}
