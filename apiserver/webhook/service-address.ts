import { coreKinds, type Endpoints, type Service } from '../../api/index.ts';
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

/**
 * Finds one of the addresses behind a service: upstream's `ResolveEndpoint` (apiserver, `pkg/util/proxy`). Not by its cluster IP, which
 * leads nowhere without a proxy on the nodes.
 *
 * @throws Error with upstream's text.
 */
export function addressOf(objects: ObjectReader, random: Random, { namespace, name, port }: ServicePort): Address {
  const service = objects.get<Service>(coreKinds.services, namespace, name);
  if (!service) throw new Error(`service ${JSON.stringify(name)} not found`);
  const declared = service.spec.ports?.find((each) => each.port === port);
  if (service.spec.type === 'ExternalName') return { host: service.spec.externalName ?? '', port };
  if (!declared) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const endpoints = objects.get<Endpoints>(coreKinds.endpoints, namespace, name);
  const found = (endpoints?.subsets ?? []).flatMap(({ addresses = [], ports = [] }): Address[] => {
    const chosen = ports.find((each) => (each.name ?? '') === (declared.name ?? ''));
    return chosen ? addresses.map(({ ip }) => ({ host: ip, port: chosen.port })) : [];
  });
  const one = found[random.integer(Math.max(found.length, 1))];
  if (!one) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
  return one;
}
