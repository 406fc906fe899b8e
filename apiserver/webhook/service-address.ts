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
  /** The pod that is said to have this address. */
  readonly pod?: { readonly namespace: string; readonly name: string } | undefined;
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
    return ready.flatMap(({ addresses, targetRef }) =>
      (addresses ?? []).slice(0, 1).map((host) => ({ host, port, pod: podOf(service, targetRef) })),
    );
  });
}

function endpointsOf(objects: ObjectReader, { namespace, name }: Omit<ServicePort, 'port'>, portName: string): Address[] {
  const endpoints = objects.get<Endpoints>(coreKinds.endpoints, namespace, name);
  return (endpoints?.subsets ?? []).flatMap(({ addresses = [], ports = [] }): Address[] => {
    const chosen = ports.find((each) => (each.name ?? '') === portName);
    return chosen
      ? addresses.map(({ ip, targetRef }) => ({ host: ip, port: chosen.port, pod: podOf({ namespace, name }, targetRef) }))
      : [];
  });
}

type EndpointTarget = NonNullable<EndpointSlice['endpoints']>[number]['targetRef'];

/** Only one of the service's namespace: nobody is led elsewhere by what somebody wrote. */
function podOf(service: Omit<ServicePort, 'port'>, target: EndpointTarget): Address['pod'] {
  if (target?.kind !== coreKinds.pods.kind || target.namespace !== service.namespace || !target.name) return undefined;
  return { namespace: target.namespace, name: target.name };
}
