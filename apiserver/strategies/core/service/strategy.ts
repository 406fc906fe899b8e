import { cidrWarnings, ipWarnings, nameIsDns1035Label, type Service, type ServiceSpec } from '../../../../api/index.ts';
import type { RequestContext, Strategy, StrategyOptions } from '../../../registry/strategy.ts';
import { listOf } from '../../../validation/field-errors.ts';
import { balancerAddresses, labelsCell } from '../../apps/cells.ts';
import { ageOf, strategyOf, updateOf } from '../../shared.ts';
import { ServiceAllocation } from './allocation.ts';
import { isHeadless } from './cluster-ips.ts';
import { dropInternalTrafficPolicy, dropTypeDependent, isExternalName, keepAllocated, setServiceDefaults } from './defaults.ts';
import { settleStored } from './families.ts';
import { validateService, validateServiceStatus, validateServiceUpdate } from './validation.ts';

const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';

/** Upstream: `pkg/registry/core/service`. */
export function serviceStrategy(options: StrategyOptions): Strategy<Service> {
  const claims = new ServiceAllocation(options);
  return strategyOf<Service>({
    validateName: nameIsDns1035Label,
    deleteReturnsObject: true,
    allowCreateOnUpdate: true,
    setDefaults: setServiceDefaults,
    prepareForCreate: (_context, service) => {
      service.status = { loadBalancer: {} };
      normalizeClusterIps(service.spec, undefined);
      dropInternalTrafficPolicy(service.spec);
    },
    validateCreate: (context, service) => {
      warn(context, service);
      return validateService(service);
    },
    prepareForUpdate: (_context, service, old) => {
      service.status = old.status;
      keepAllocated(service, old);
      normalizeClusterIps(service.spec, old.spec);
      dropTypeDependent(service, old);
      dropInternalTrafficPolicy(service.spec);
      if (old.spec.type === 'LoadBalancer' && service.spec.type !== 'LoadBalancer')
        service.status = { ...service.status, loadBalancer: {} };
    },
    validateUpdate: (context, service, old) => {
      warn(context, service);
      return validateServiceUpdate(service, old);
    },
    claims,
    defaultOnRead: (service) => {
      settleStored(service, claims.primaryFamily);
      dropInternalTrafficPolicy(service.spec);
    },
    fieldSelectors: { 'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '', 'spec.type': ({ spec }) => spec.type ?? '' },
    tableRow: serviceRow,
    subresources: {
      status: updateOf<Service>({
        allowCreateOnUpdate: true,
        prepareForUpdate: (_context, service, old) => {
          service.spec = old.spec;
        },
        validateUpdate: (_context, service, old) => validateServiceStatus(service, old),
      }),
    },
  });
}

/** clusterIP and the first of clusterIPs are one thing; an update may name either. Upstream: `normalizeClusterIPs`. */
function normalizeClusterIps(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  if (!old) {
    if (spec.clusterIP && (spec.clusterIPs?.length ?? 0) === 0) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  // Whoever says nothing of several addresses knows only of one.
  if ((spec.clusterIPs?.length ?? 0) === 0 && spec.clusterIP === old.clusterIP) spec.clusterIPs = old.clusterIPs;
  if (spec.clusterIP !== old.clusterIP && JSON.stringify(spec.clusterIPs) === JSON.stringify(old.clusterIPs)) {
    if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
    else delete spec.clusterIPs;
  }
}

/** Upstream: `GetWarningsForService` (`pkg/api/service/warnings.go`). */
function warn(context: RequestContext, { spec, metadata }: Service): void {
  if (metadata.annotations?.[TOPOLOGY_HINTS] !== undefined) {
    context.warn(`annotation ${TOPOLOGY_HINTS} is deprecated, please use ${TOPOLOGY_MODE} instead`);
  }
  if (isHeadless(spec)) warnOfHeadless(context, spec);
  else warnEach(context, 'spec.clusterIPs', spec.clusterIPs, ipWarnings);
  warnEach(context, 'spec.externalIPs', spec.externalIPs, ipWarnings);
  for (const warning of ipWarnings(spec.loadBalancerIP ?? '')) context.warn(`spec.loadBalancerIP: ${warning}`);
  warnEach(context, 'spec.loadBalancerSourceRanges', spec.loadBalancerSourceRanges, cidrWarnings);
  if (isExternalName(spec) && listOf(spec.externalIPs).length > 0) {
    context.warn('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (spec.externalName && !isExternalName(spec)) context.warn('spec.externalName is ignored when spec.type is not "ExternalName"');
}

function warnOfHeadless(context: RequestContext, { loadBalancerIP, externalIPs, sessionAffinity }: ServiceSpec): void {
  if (loadBalancerIP) context.warn('spec.loadBalancerIP is ignored for headless services');
  if (listOf(externalIPs).length > 0) context.warn('spec.externalIPs is ignored for headless services');
  if (sessionAffinity !== 'None') context.warn('spec.SessionAffinity is ignored for headless services');
}

function warnEach(context: RequestContext, path: string, texts: readonly string[] | undefined, of: (text: string) => string[]): void {
  listOf(texts).forEach((text, i) => {
    for (const warning of of(text)) context.warn(`${path}[${i}]: ${warning}`);
  });
}

function serviceRow(service: Service, now: number): unknown[] {
  const { spec, metadata } = service;
  return [
    metadata.name,
    spec.type ?? '',
    spec.clusterIP || '<none>',
    externalIp(service),
    portsText(spec) || '<none>',
    ageOf(metadata.creationTimestamp, now),
    labelsCell(spec.selector),
  ];
}

function externalIp({ spec, status }: Service): string {
  const external = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'LoadBalancer':
      return [...balancerAddresses(status.loadBalancer?.ingress), ...external].join(',') || '<pending>';
    case 'ExternalName':
      return spec.externalName ?? '';
    case undefined:
      return '<unknown>';
    default:
      return external.length > 0 ? external.join(',') : '<none>';
  }
}

const portsText = ({ ports = [] }: ServiceSpec): string =>
  ports.map(({ port, nodePort, protocol }) => (nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`)).join(',');
