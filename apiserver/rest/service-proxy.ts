import { apiError, coreKinds, type Endpoints, type Pod, type Service } from '../../api/index.ts';
import type { Random } from '../../runtime/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { admitConnection } from './connect-options.ts';
import { forwardToPod, splitName } from './kubelet.ts';
import type { Handler } from './rest.ts';

/** Any method on services/NAME[:PORT]/proxy/…: what one of the service's ready pods serves, through that pod's kubelet. */
export const proxyToService: Handler = async (rest, exchange) => {
  const { path } = await admitConnection(rest, exchange);
  const { namespace, name } = exchange.info;
  const [scheme, serviceName, port] = splitName('service', name);
  const target = locate(rest, { namespace, name: serviceName, port, asked: name });
  await forwardToPod(rest, exchange, { ...target, path, isTls: scheme === 'https' });
};

interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  /** Number or name of a port; `''` for the one without a name. */
  readonly port: string;
  /** The whole of what the client wrote for it. */
  readonly asked: string;
}

interface PodPort {
  readonly pod: Pod;
  readonly port: string;
}

/** A pod behind a service's port, by chance. @throws ApiError (404, 503) when there is none. */
function locate({ objects, random }: { objects: ObjectReader; random: Random }, service: ServicePort): PodPort {
  const { namespace, name, port, asked } = service;
  const portName = /^[+-]?\d+$/.test(port) ? nameOfPort(objects, service) : port;
  const endpoints = objects.get<Endpoints>(coreKinds.endpoints, namespace, name);
  // Upstream, too, says it of the service.
  if (!endpoints) throw apiError.notFound(coreKinds.services, name);
  if (!endpoints.subsets?.length) throw noEndpoints(name);
  const found = endpoints.subsets.flatMap(({ ports = [], addresses = [] }) => {
    const chosen = ports.find((each) => (each.name ?? '') === portName);
    if (!chosen) return [];
    return addresses.flatMap((address) => {
      const pod = podAt(objects, namespace, address);
      return pod ? [{ pod, port: String(chosen.port) }] : [];
    });
  });
  const one = found[random.integer(Math.max(found.length, 1))];
  if (!one) throw noEndpoints(asked);
  return one;
}

const noEndpoints = (service: string) => apiError.serviceUnavailable(`no endpoints available for service ${JSON.stringify(service)}`);

function nameOfPort(objects: ObjectReader, { namespace, name, port }: ServicePort): string {
  const service = objects.get<Service>(coreKinds.services, namespace, name);
  if (!service) throw apiError.notFound(coreKinds.services, name);
  const declared = service.spec.ports?.find((each) => each.port === Number(port));
  if (!declared) throw apiError.serviceUnavailable(`no service port ${Number(port)} found for service ${JSON.stringify(name)}`);
  return declared.name ?? '';
}

type Address = NonNullable<NonNullable<Endpoints['subsets']>[number]['addresses']>[number];

/** The pod of an address, if it is still there and still has it: nobody is led to what is no pod of the namespace. */
function podAt(objects: ObjectReader, namespace: string, { ip, targetRef }: Address): Pod | undefined {
  if (targetRef?.kind !== coreKinds.pods.kind || !targetRef.name || targetRef.namespace !== namespace) return undefined;
  const pod = objects.get<Pod>(coreKinds.pods, namespace, targetRef.name);
  return pod?.status.podIPs?.some((each) => each.ip === ip) ? pod : undefined;
}
