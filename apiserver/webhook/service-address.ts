import { coreKinds, discoveryKinds, type EndpointSlice, type Endpoints, type Service } from '../../api/index.ts';
import type { Random } from '../../runtime/index.ts';
import type { ObjectReader } from '../registry/objects.ts';

/** A port of a service. */
export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** Where something listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Names the service that a slice is of. */
export const SERVICE_LABEL = 'kubernetes.io/service-name';

/**
 * Finds one of the addresses behind a service: upstream's `ResolveEndpoint` (apiserver, `pkg/util/proxy`). Not by its cluster IP, which
 * leads nowhere without a proxy on the nodes. Where nobody makes slices of Endpoints, these do as well.
 *
 * @throws Error with upstream's text.
 */
export function addressOf(objects: ObjectReader, random: Random, { namespace, name, port }: ServicePort): Address {
  const service = objects.get<Service>(coreKinds.services, namespace, name);
  if (!service) throw new Error(`service ${JSON.stringify(name)} not found`);
  const declared = service.spec.ports?.find((each) => each.port === port);
  if (service.spec.type === 'ExternalName') return { host: service.spec.externalName ?? '', port };
  if (!declared) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const found = addressesOf(objects, { namespace, name }, declared.name ?? '');
  const one = found[random.integer(Math.max(found.length, 1))];
  if (!one) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
  return one;
}

/** The slices of a service. */
export const slicesOf = (objects: ObjectReader, { namespace, name }: Omit<ServicePort, 'port'>): readonly EndpointSlice[] =>
  objects.list<EndpointSlice>(discoveryKinds.endpointslices, namespace).filter(({ metadata }) => metadata.labels?.[SERVICE_LABEL] === name);

/** Who is ready to serve a service's port of that name. */
export function addressesOf(objects: ObjectReader, service: Omit<ServicePort, 'port'>, portName: string): Address[] {
  const slices = slicesOf(objects, service);
  if (slices.length === 0) return endpointsOf(objects, service, portName);
  return slices.flatMap(({ endpoints, ports }) => {
    const port = ports?.find((each) => (each.name ?? '') === portName)?.port;
    if (port === undefined) return [];
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    return ready.flatMap(({ addresses }) => (addresses ?? []).slice(0, 1).map((host) => ({ host, port })));
  });
}

function endpointsOf(objects: ObjectReader, { namespace, name }: Omit<ServicePort, 'port'>, portName: string): Address[] {
  const endpoints = objects.get<Endpoints>(coreKinds.endpoints, namespace, name);
  return (endpoints?.subsets ?? []).flatMap(({ addresses = [], ports = [] }): Address[] => {
    const chosen = ports.find((each) => (each.name ?? '') === portName);
    return chosen ? addresses.map(({ ip }) => ({ host: ip, port: chosen.port })) : [];
  });
}
