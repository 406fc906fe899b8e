import type { EndpointSlice, Live, Service, ServicePort } from '../../../../api/index.ts';
import type { Endpoint } from './model.ts';

const PORT_MAX = 65_535;

/**
 * The ready endpoints of a Service's port, named by its number, its name or its target (upstream `serviceEndpoints` and
 * `getEndpointsFromSlices`).
 */
export function endpointsOf(service: Live<Service>, port: string, slices: readonly Live<EndpointSlice>[]): readonly Endpoint[] {
  const { spec } = service;
  if (spec.type === 'ExternalName') return externalEndpoint(spec.externalName ?? '', spec.ports ?? [], port);
  const found = (spec.ports ?? []).find((one) => String(one.port) === port || String(one.targetPort) === port || one.name === port);
  return found ? endpointsOfPort(found, slices) : [];
}

/** The ready endpoints of the first port of a Service. */
export function endpointsOfFirstPort({ spec: { ports = [] } }: Live<Service>, slices: readonly Live<EndpointSlice>[]): readonly Endpoint[] {
  return ports[0] ? endpointsOfPort(ports[0], slices) : [];
}

function endpointsOfPort({ name = '' }: ServicePort, slices: readonly Live<EndpointSlice>[]): readonly Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const { endpoints = [], ports = [] } of slices) {
    const number = ports?.find((one) => (one.name ?? '') === name && (one.protocol ?? 'TCP') === 'TCP')?.port;
    if (!number) continue;
    for (const { addresses, conditions } of endpoints ?? []) {
      if (conditions?.ready === false) continue;
      for (const address of addresses) found.set(`${address} ${number}`, { address, port: number });
    }
  }
  return [...found.values()];
}

function externalEndpoint(address: string, ports: readonly ServicePort[], wanted: string): readonly Endpoint[] {
  const found = ports.find(({ name, port }) => String(port) === wanted || name === wanted);
  const target = Number(found?.targetPort) || found?.port || Number(wanted);
  return address !== '' && target > 0 && target <= PORT_MAX ? [{ address, port: target }] : [];
}
