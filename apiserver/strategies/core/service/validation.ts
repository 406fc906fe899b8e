// Upstream: `validateService` and what it calls (`pkg/apis/core/validation/validation.go`).
import {
  type FieldError,
  fieldError,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidLegacyCidr,
  isValidLegacyIp,
  isValidPortName,
  isValidPortNum,
  type LoadBalancerIngress,
  parseIp,
  type Service,
  type ServicePort,
  type ServiceSpec,
} from '../../../../api/index.ts';
import { IMMUTABLE_MESSAGE, listOf } from '../../../validation/field-errors.ts';
import { invalidEach, sameJson, validateLabels } from '../../shared.ts';
import { nonSpecialIp } from '../endpoints.ts';
import { changedIpErrors, clusterIpErrors, isHeadless } from './cluster-ips.ts';
import { externallyAccessible, isExternalName, needsHealthCheckPort, TRAFFIC_POLICIES } from './defaults.ts';

const TYPES: readonly string[] = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const AFFINITIES: readonly string[] = ['ClientIP', 'None'];
const PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];
const DISTRIBUTIONS: readonly string[] = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const IP_MODES: readonly string[] = ['Proxy', 'VIP'];
const SESSION_SECONDS_MAX = 86_400;
const ONLY_FOR_LOAD_BALANCERS = "may only be used when `type` is 'LoadBalancer'";

const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/** @param old what was there before, of which some may be as it is no longer taken. */
export function validateService(service: Service, old?: Service): FieldError[] {
  const { spec } = service;
  const ports = listOf(spec.ports);
  return [
    ...annotationErrors(service),
    ...(ports.length === 0 && !isHeadless(spec) && !isExternalName(spec) ? [fieldError.required('spec.ports')] : []),
    ...typeErrors(spec),
    ...portsErrors(ports),
    ...validateLabels(spec.selector, 'spec.selector'),
    ...sessionErrors(spec),
    ...clusterIpErrors(spec, old?.spec),
    ...externalIpErrors(spec, old?.spec),
    ...(TYPES.includes(spec.type ?? '') ? [] : [fieldError.notSupported('spec.type', spec.type ?? '', TYPES)]),
    ...nodePortErrors(spec),
    ...samePortErrors(ports),
    ...sourceRangeErrors(service, old),
    ...loadBalancerErrors(spec),
    ...policyErrors(spec),
  ];
}

function annotationErrors({ metadata: { annotations = {} } }: Service): FieldError[] {
  const { [TOPOLOGY_MODE]: mode, [TOPOLOGY_HINTS]: hints } = annotations;
  if (mode === undefined || hints === undefined || mode === hints) return [];
  const detail = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`;
  return [fieldError.invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, detail)];
}

function typeErrors(spec: ServiceSpec): FieldError[] {
  const { type } = spec;
  if (type === 'LoadBalancer' || type === 'NodePort') {
    return isHeadless(spec) ? [fieldError.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)] : [];
  }
  return isExternalName(spec) ? externalNameErrors(spec) : [];
}

function externalNameErrors({ clusterIPs, ipFamilies, ipFamilyPolicy, externalName = '' }: ServiceSpec): FieldError[] {
  const set = {
    clusterIPs: listOf(clusterIPs).length > 0,
    ipFamilies: listOf(ipFamilies).length > 0,
    ipFamilyPolicy: ipFamilyPolicy !== undefined,
  };
  const name = externalName.replace(/\.$/, '');
  return [
    ...Object.entries(set).flatMap(([field, isSet]) =>
      isSet ? [fieldError.forbidden(`spec.${field}`, 'may not be set for ExternalName services')] : [],
    ),
    ...(name === '' ? [fieldError.required('spec.externalName')] : invalidEach('spec.externalName', name, isDns1123Subdomain(name))),
  ];
}

function portsErrors(ports: readonly ServicePort[]): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, i) => [
    ...portNameErrors(port.name ?? '', `spec.ports[${i}].name`, { isNeeded: ports.length > 1, names }),
    ...portErrors(port, `spec.ports[${i}]`),
  ]);
}

function portNameErrors(name: string, path: string, { isNeeded, names }: { isNeeded: boolean; names: Set<string> }): FieldError[] {
  if (name === '') return isNeeded ? [fieldError.required(path)] : [];
  const isTaken = names.has(name);
  names.add(name);
  return [...invalidEach(path, name, isDns1123Label(name)), ...(isTaken ? [fieldError.duplicate(path, name)] : [])];
}

function portErrors({ port, protocol = '', appProtocol, targetPort = 0 }: ServicePort, path: string): FieldError[] {
  const errors = invalidEach(`${path}.port`, port, isValidPortNum(port));
  if (protocol === '') errors.push(fieldError.required(`${path}.protocol`));
  else if (!PROTOCOLS.includes(protocol)) errors.push(fieldError.notSupported(`${path}.protocol`, protocol, PROTOCOLS));
  const wrongTarget = typeof targetPort === 'string' ? isValidPortName(targetPort) : isValidPortNum(targetPort);
  errors.push(...invalidEach(`${path}.targetPort`, targetPort, wrongTarget));
  if (appProtocol !== undefined) errors.push(...invalidEach(`${path}.appProtocol`, appProtocol, isQualifiedName(appProtocol)));
  return errors;
}

function sessionErrors({ sessionAffinity = '', sessionAffinityConfig }: ServiceSpec): FieldError[] {
  const path = 'spec.sessionAffinityConfig';
  if (!AFFINITIES.includes(sessionAffinity)) return [fieldError.notSupported('spec.sessionAffinity', sessionAffinity, AFFINITIES)];
  if (sessionAffinity === 'None') {
    return sessionAffinityConfig ? [fieldError.forbidden(path, 'must not be set when session affinity is None')] : [];
  }
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds !== undefined && seconds > 0 && seconds <= SESSION_SECONDS_MAX) return [];
  const detail = `must be greater than 0 and less than ${SESSION_SECONDS_MAX}`;
  return [fieldError.invalid(`${path}.clientIP.timeoutSeconds`, seconds, detail)];
}

const externalIpErrors = ({ externalIPs }: ServiceSpec, old: ServiceSpec | undefined): FieldError[] =>
  listOf(externalIPs).flatMap((ip, i) => {
    const path = `spec.externalIPs[${i}]`;
    const wrong = listOf(old?.externalIPs).includes(ip) ? [] : isValidLegacyIp(ip, false);
    return wrong.length > 0 ? invalidEach(path, ip, wrong) : nonSpecialIp(ip, path);
  });

function nodePortErrors({ type, ports }: ServiceSpec): FieldError[] {
  const seen = new Set<string>();
  const forbidden = listOf(ports).flatMap(({ nodePort }, i) =>
    nodePort && type === 'ClusterIP'
      ? [fieldError.forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'")]
      : [],
  );
  const twice = listOf(ports).flatMap(({ nodePort, protocol = '' }, i) => {
    const id = `${protocol}/${nodePort}`;
    if (!nodePort || !seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [fieldError.duplicate(`spec.ports[${i}].nodePort`, nodePort)];
  });
  return [...forbidden, ...twice];
}

/** Go's internal names: the port is printed as upstream's struct. */
function samePortErrors(ports: readonly ServicePort[]): FieldError[] {
  const seen = new Set<string>();
  return ports.flatMap(({ protocol = 'TCP', port }, i) => {
    const id = `${protocol}/${port}`;
    const twice = seen.has(id);
    seen.add(id);
    const printed = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
    return twice ? [fieldError.duplicate(`spec.ports[${i}]`, printed)] : [];
  });
}

/** The field, or the annotation that it once was. Values may have spaces around them. */
function sourceRangeErrors({ spec, metadata }: Service, old: Service | undefined): FieldError[] {
  const ranges = listOf(spec.loadBalancerSourceRanges);
  const annotation = metadata.annotations?.[SOURCE_RANGES];
  if (ranges.length === 0 && annotation === undefined) return [];
  const path = ranges.length > 0 ? 'spec.LoadBalancerSourceRanges' : `metadata.annotations[${SOURCE_RANGES}]`;
  const misplaced = spec.type === 'LoadBalancer' ? [] : [fieldError.forbidden(path, ONLY_FOR_LOAD_BALANCERS)];
  if (ranges.length > 0) {
    const known = listOf(old?.spec.loadBalancerSourceRanges).map((range) => range.trim());
    const wrong = ranges.flatMap((range, i) => rangeErrors(`${path}[${i}]`, range.trim(), known));
    return [...misplaced, ...wrong];
  }
  const texts = (annotation ?? '').trim();
  const isKnown = old?.metadata.annotations?.[SOURCE_RANGES] === annotation;
  const wrong = isKnown || texts === '' ? [] : texts.split(',').flatMap((range) => rangeErrors(path, range.trim(), []));
  return [...misplaced, ...wrong];
}

const rangeErrors = (path: string, range: string, known: readonly string[]): FieldError[] =>
  known.includes(range) ? [] : invalidEach(path, range, isValidLegacyCidr(range, false));

const loadBalancerErrors = (spec: ServiceSpec): FieldError[] => [
  ...(spec.type === 'LoadBalancer' || spec.allocateLoadBalancerNodePorts === undefined
    ? []
    : [fieldError.forbidden('spec.allocateLoadBalancerNodePorts', ONLY_FOR_LOAD_BALANCERS)]),
  ...classErrors(spec),
];

function classErrors({ type, loadBalancerClass }: ServiceSpec): FieldError[] {
  const path = 'spec.loadBalancerClass';
  if (loadBalancerClass === undefined) return [];
  return type === 'LoadBalancer'
    ? invalidEach(path, loadBalancerClass, isQualifiedName(loadBalancerClass))
    : [fieldError.forbidden(path, ONLY_FOR_LOAD_BALANCERS)];
}

function policyErrors(spec: ServiceSpec): FieldError[] {
  const { internalTrafficPolicy, trafficDistribution } = spec;
  const errors = externalPolicyErrors(spec);
  if (internalTrafficPolicy !== undefined && !TRAFFIC_POLICIES.includes(internalTrafficPolicy)) {
    errors.push(fieldError.notSupported('spec.internalTrafficPolicy', internalTrafficPolicy, TRAFFIC_POLICIES));
  }
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution)) {
    errors.push(fieldError.notSupported('spec.trafficDistribution', trafficDistribution, DISTRIBUTIONS));
  }
  return errors;
}

/** Upstream: `validateServiceExternalTrafficPolicy`. */
function externalPolicyErrors(spec: ServiceSpec): FieldError[] {
  const { externalTrafficPolicy, healthCheckNodePort = 0 } = spec;
  const path = 'spec.externalTrafficPolicy';
  const port = 'spec.healthCheckNodePort';
  const errors: FieldError[] = [];
  if (!externallyAccessible(spec)) {
    if (externalTrafficPolicy) {
      errors.push(fieldError.invalid(path, externalTrafficPolicy, 'may only be set for externally-accessible services'));
    }
  } else if (!externalTrafficPolicy) {
    errors.push(fieldError.required(path));
  } else if (!TRAFFIC_POLICIES.includes(externalTrafficPolicy)) {
    errors.push(fieldError.notSupported(path, externalTrafficPolicy, TRAFFIC_POLICIES));
  }
  if (needsHealthCheckPort(spec)) {
    if (healthCheckNodePort === 0) errors.push(fieldError.required(port));
    else errors.push(...invalidEach(port, healthCheckNodePort, isValidPortNum(healthCheckNodePort)));
  } else if (healthCheckNodePort !== 0) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(fieldError.invalid(port, healthCheckNodePort, detail));
  }
  return errors;
}

/** Upstream: `ValidateServiceUpdate`. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  return [...changedIpErrors(service.spec, old.spec), ...changeErrors(service.spec, old.spec), ...validateService(service, old)];
}

function changeErrors(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (old.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && !sameJson(spec.loadBalancerClass, old.loadBalancerClass)) {
    errors.push(fieldError.invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'));
  }
  // Upstream looks at the class here and, with everything else, once more.
  errors.push(...classErrors(spec));
  if (needsHealthCheckPort(old) && needsHealthCheckPort(spec) && spec.healthCheckNodePort !== old.healthCheckNodePort) {
    errors.push(fieldError.forbidden('spec.healthCheckNodePort', IMMUTABLE_MESSAGE));
  }
  return errors;
}

/** Upstream: `ValidateLoadBalancerStatus`. */
export function validateServiceStatus({ spec, status }: Service, old: Service): FieldError[] {
  const path = 'status.loadBalancer.ingress';
  const ingresses = listOf(status.loadBalancer?.ingress);
  if (spec.type !== 'LoadBalancer' && ingresses.length > 0) {
    return [fieldError.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  const known = listOf(old.status.loadBalancer?.ingress).map(({ ip }) => ip);
  return ingresses.flatMap((ingress, i) => [
    ...ingressIpErrors(ingress, `${path}[${i}]`, known),
    ...ingressNameErrors(ingress.hostname ?? '', `${path}[${i}].hostname`),
  ]);
}

function ingressIpErrors({ ip = '', ipMode }: LoadBalancerIngress, path: string, known: readonly unknown[]): FieldError[] {
  const mode = `${path}.ipMode`;
  if (ip === '') return ipMode === undefined ? [] : [fieldError.forbidden(mode, 'may not be specified when `ip` is not set')];
  return [
    ...(known.includes(ip) ? [] : invalidEach(`${path}.ip`, ip, isValidLegacyIp(ip, false))),
    ...(ipMode === undefined
      ? [fieldError.required(mode, 'must be specified when `ip` is set')]
      : IP_MODES.includes(ipMode)
        ? []
        : [fieldError.notSupported(mode, ipMode, IP_MODES)]),
  ];
}

function ingressNameErrors(hostname: string, path: string): FieldError[] {
  if (hostname === '') return [];
  const wrong = invalidEach(path, hostname, isDns1123Subdomain(hostname));
  return parseIp(hostname) ? [...wrong, fieldError.invalid(path, hostname, 'must be a DNS name, not an IP address')] : wrong;
}
