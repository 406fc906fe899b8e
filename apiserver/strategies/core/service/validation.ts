import { isIP } from 'node:net';
import {
  type FieldError,
  fieldError,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidPortName,
  isValidPortNum,
  type LoadBalancerIngress,
  type Service,
  type ServicePort,
  type ServiceSpec,
} from '../../../../api/index.ts';
import { invalidEach, sameJson, validateLabels } from '../../shared.ts';
import { nonSpecialIp } from '../endpoints.ts';
import { isExternalName, needsClusterIp } from './defaults.ts';

const TYPES: readonly string[] = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const AFFINITIES: readonly string[] = ['ClientIP', 'None'];
const POLICIES: readonly string[] = ['Cluster', 'Local'];
const PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];
const DISTRIBUTIONS: readonly string[] = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const FAMILIES: readonly string[] = ['IPv4', 'IPv6'];
const FAMILY_POLICIES: readonly string[] = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const SESSION_SECONDS_MAX = 86_400;
export const IP_ERROR = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

/** Upstream: `ValidateService`. */
export function validateService({ spec }: Service): FieldError[] {
  const headless = spec.clusterIP === 'None';
  const ports = spec.ports ?? [];
  return [
    ...(ports.length === 0 && !headless && !isExternalName(spec) ? [fieldError.required('spec.ports')] : []),
    ...typeErrors(spec),
    ...portsErrors(ports, headless),
    ...validateLabels(spec.selector, 'spec.selector'),
    ...sessionErrors(spec),
    ...clusterIpErrors(spec),
    ...(spec.externalIPs ?? []).flatMap((ip, i) =>
      isIP(ip) === 0 ? [fieldError.invalid(`spec.externalIPs[${i}]`, ip, IP_ERROR)] : nonSpecialIp(ip, `spec.externalIPs[${i}]`),
    ),
    ...(TYPES.includes(spec.type ?? '') ? [] : [fieldError.notSupported('spec.type', spec.type ?? '', TYPES)]),
    ...nodePortErrors(spec),
    ...samePortErrors(ports),
    ...policyErrors(spec),
  ];
}

function typeErrors({ type, clusterIPs = [], clusterIP = '', externalName = '' }: ServiceSpec): FieldError[] {
  const none = clusterIP === 'None';
  if ((type === 'LoadBalancer' || type === 'NodePort') && none) {
    return [fieldError.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)];
  }
  if (type !== 'ExternalName') return [];
  return [
    ...(clusterIPs.length > 0 || clusterIP !== ''
      ? [fieldError.forbidden('spec.clusterIPs[0]', 'may not be set for ExternalName services')]
      : []),
    ...(externalName === ''
      ? [fieldError.required('spec.externalName')]
      : invalidEach('spec.externalName', externalName, isDns1123Subdomain(externalName.replace(/\.$/, '')))),
  ];
}

function portsErrors(ports: readonly ServicePort[], headless: boolean): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const path = `spec.ports[${i}]`;
    const { name = '', protocol = '', appProtocol } = port;
    const errors: FieldError[] = [];
    if (name === '' && ports.length > 1) errors.push(fieldError.required(`${path}.name`));
    if (name !== '') {
      errors.push(...invalidEach(`${path}.name`, name, isDns1123Label(name)));
      if (names.has(name)) errors.push(fieldError.duplicate(`${path}.name`, name));
      names.add(name);
    }
    errors.push(...invalidEach(`${path}.port`, port.port, isValidPortNum(port.port)));
    if (protocol === '') errors.push(fieldError.required(`${path}.protocol`));
    else if (!PROTOCOLS.includes(protocol)) errors.push(fieldError.notSupported(`${path}.protocol`, protocol, PROTOCOLS));
    errors.push(...targetPortErrors(port, path, headless));
    if (appProtocol !== undefined) errors.push(...invalidEach(`${path}.appProtocol`, appProtocol, isQualifiedName(appProtocol)));
    return errors;
  });
}

/** A headless Service forwards nothing, so its target port is not looked at. */
function targetPortErrors({ targetPort }: ServicePort, path: string, headless: boolean): FieldError[] {
  if (typeof targetPort === 'string') return invalidEach(`${path}.targetPort`, targetPort, isValidPortName(targetPort));
  return headless && targetPort === undefined ? [] : invalidEach(`${path}.targetPort`, targetPort ?? 0, isValidPortNum(targetPort ?? 0));
}

function sessionErrors({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): FieldError[] {
  if (!AFFINITIES.includes(sessionAffinity ?? ''))
    return [fieldError.notSupported('spec.sessionAffinity', sessionAffinity ?? '', AFFINITIES)];
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (sessionAffinity !== 'ClientIP' || seconds === undefined || (seconds > 0 && seconds <= SESSION_SECONDS_MAX)) return [];
  const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
  return [fieldError.invalid(path, seconds, `must be greater than 0 and less than ${SESSION_SECONDS_MAX}`)];
}

function clusterIpErrors(spec: ServiceSpec): FieldError[] {
  const { clusterIP = '', clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  if (isExternalName(spec)) return [];
  const errors: FieldError[] = [];
  if (clusterIPs.length > 0 && clusterIP === '') {
    errors.push(fieldError.invalid('spec.clusterIPs', clusterIPs, 'must be empty when `clusterIP` is not specified'));
  } else if (clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
    errors.push(fieldError.invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`'));
  }
  ipFamilies.forEach((family, i) => {
    if (!FAMILIES.includes(family)) errors.push(fieldError.notSupported(`spec.ipFamilies[${i}]`, family, FAMILIES));
  });
  if (ipFamilyPolicy !== undefined && !FAMILY_POLICIES.includes(ipFamilyPolicy)) {
    errors.push(fieldError.notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, FAMILY_POLICIES));
  }
  clusterIPs.forEach((ip, i) => {
    if (ip !== 'None' && isIP(ip) === 0) errors.push(fieldError.invalid(`spec.clusterIPs[${i}]`, ip, IP_ERROR));
  });
  return errors;
}

function nodePortErrors({ type, ports = [] }: ServiceSpec): FieldError[] {
  if (type !== 'ClusterIP' && type !== 'ExternalName') return [];
  return ports.flatMap(({ nodePort }, i) =>
    nodePort ? [fieldError.forbidden(`spec.ports[${i}].nodePort`, `may not be used when \`type\` is '${type}'`)] : [],
  );
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

function policyErrors(spec: ServiceSpec): FieldError[] {
  const { externalTrafficPolicy, internalTrafficPolicy, trafficDistribution, allocateLoadBalancerNodePorts, type } = spec;
  const errors: FieldError[] = [];
  if (allocateLoadBalancerNodePorts !== undefined && type !== 'LoadBalancer') {
    errors.push(fieldError.forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"));
  }
  if (externalTrafficPolicy !== undefined && !POLICIES.includes(externalTrafficPolicy)) {
    errors.push(fieldError.notSupported('spec.externalTrafficPolicy', externalTrafficPolicy, POLICIES));
  }
  if (internalTrafficPolicy !== undefined && !POLICIES.includes(internalTrafficPolicy)) {
    errors.push(fieldError.notSupported('spec.internalTrafficPolicy', internalTrafficPolicy, POLICIES));
  }
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution)) {
    errors.push(fieldError.notSupported('spec.trafficDistribution', trafficDistribution, DISTRIBUTIONS));
  }
  return errors;
}

/** What never changes once it is set. Upstream: `validateUpdateClusterIPs`. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const { spec } = service;
  const errors = validateService(service);
  const [before] = old.spec.clusterIPs ?? [];
  const stays = needsClusterIp(spec) && needsClusterIp(old.spec) && before !== undefined && before !== '';
  if (stays && spec.clusterIPs?.[0] !== before)
    errors.push(fieldError.invalid('spec.clusterIPs[0]', spec.clusterIPs, 'may not change once set'));
  if (old.spec.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && !sameJson(spec.loadBalancerClass, old.spec.loadBalancerClass)) {
    errors.push(fieldError.invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'));
  }
  return errors;
}

/** Upstream: `ValidateLoadBalancerStatus`. */
export const validateServiceStatus = ({ status }: Service): FieldError[] =>
  (status.loadBalancer?.ingress ?? []).flatMap((ingress, i) => {
    const path = `status.loadBalancer.ingress[${i}]`;
    return [...ingressIpErrors(ingress, path), ...ingressNameErrors(ingress.hostname ?? '', `${path}.hostname`)];
  });

function ingressIpErrors({ ip = '', ipMode }: LoadBalancerIngress, path: string): FieldError[] {
  if (ip === '') return ipMode === undefined ? [] : [fieldError.forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set')];
  return [
    ...(isIP(ip) === 0 ? [fieldError.invalid(`${path}.ip`, ip, IP_ERROR)] : []),
    ...(ipMode === undefined ? [fieldError.required(`${path}.ipMode`, 'must be specified when `ip` is set')] : []),
  ];
}

function ingressNameErrors(hostname: string, path: string): FieldError[] {
  if (hostname === '') return [];
  if (isIP(hostname) !== 0) return [fieldError.invalid(path, hostname, 'must be a DNS name, not an IP address')];
  return invalidEach(path, hostname, isDns1123Subdomain(hostname));
}
