// Whether another server can be reached, as far as its Service tells. Upstream: kube-aggregator, `pkg/controllers/status`.
import type { APIServiceCondition, EndpointSlice, Service } from '../../api/index.ts';
import type { RemoteService } from './remote-service.ts';

/** A condition without its time. */
export type Finding = Required<Pick<APIServiceCondition, 'type' | 'status' | 'reason' | 'message'>>;

const finding = (status: string, reason: string, message: string): Finding => ({ type: 'Available', status, reason, message });

export const LOCAL = finding('True', 'Local', 'Local APIServices are always available');
export const PASSED = finding('True', 'Passed', 'all checks passed');
export const failedDiscovery = (message: string): Finding => finding('False', 'FailedDiscoveryCheck', message);

/** What a Service is made of. */
export interface ServiceState {
  readonly service: Service | undefined;
  readonly slices: readonly EndpointSlice[];
  /** Whether somebody is ready to serve the port of that name. */
  hasAddresses(portName: string): boolean;
  /** Endpoints that nobody made slices of. */
  readonly hasEndpoints: boolean;
}

/** @returns undefined when nothing is wrong with the Service: then the server has to be asked. */
export function findServiceProblem({ service: { namespace, name, port } }: RemoteService, state: ServiceState): Finding | undefined {
  const place = `service/${name} in ${JSON.stringify(namespace)}`;
  const { service } = state;
  if (!service) return finding('False', 'ServiceNotFound', `${place} is not present`);
  if (service.spec.type !== 'ClusterIP') return undefined;
  const declared = service.spec.ports?.find((each) => each.port === port);
  if (!declared) return finding('False', 'ServicePortError', `${place} is not listening on port ${port}`);
  if (state.slices.length === 0 && !state.hasEndpoints) {
    return finding('False', 'EndpointsNotFound', `cannot find endpointslices for ${place}`);
  }
  const portName = declared.name ?? '';
  if (state.hasAddresses(portName)) return undefined;
  return finding('False', 'MissingEndpoints', `endpointslices for ${place} have no addresses with port name ${JSON.stringify(portName)}`);
}

/**
 * The conditions with this finding among them.
 *
 * @returns undefined when they are as they should be.
 */
export function withFinding(
  conditions: readonly APIServiceCondition[] | undefined,
  { type, status, reason, message }: Finding,
  now: string,
): APIServiceCondition[] | undefined {
  const before = conditions?.find((condition) => condition.type === type);
  if (before?.status === status && before.reason === reason && before.message === message) return undefined;
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
  const others = (conditions ?? []).filter((condition) => condition !== before);
  return [...others, { type, status, lastTransitionTime, reason, message }];
}
