// What an Ingress must be: upstream's `pkg/apis/networking/validation/validation.go`.
import {
  type FieldError,
  fieldError,
  type HTTPIngressPath,
  type IngressBackend,
  type IngressRule,
  type IngressSpec,
  type IngressStatus,
  isDns1035Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isValidLegacyIp,
  isValidPortName,
  isValidPortNum,
  isWildcardDns1123Subdomain,
  parseIp,
  type ServiceBackendPort,
  type TypedLocalObjectReference,
} from '../../api/index.ts';
import { type Errors, listOf, pushInvalid } from './field-errors.ts';

const PATH_TYPES: readonly string[] = ['Exact', 'ImplementationSpecific', 'Prefix'];
const PATH_PARTS_REFUSED: readonly string[] = ['//', '/./', '/../', '%2f', '%2F'];
const PATH_ENDS_REFUSED: readonly string[] = ['/..', '/.'];
const NOT_A_NAME = 'must be a DNS name, not an IP address';

/** What an object from older times may go on having. */
export interface IngressAllowances {
  readonly anySecretName: boolean;
  readonly anyWildcardRule: boolean;
}

/** What the version of a request calls the fields that errors speak of; paths of a backend's are relative to it. */
export interface IngressNames {
  readonly defaultBackend: string;
  readonly serviceName: string;
  readonly portName: string;
  readonly portNumber: string;
}

const NAMES: IngressNames = {
  defaultBackend: 'defaultBackend',
  serviceName: 'service.name',
  portName: 'service.port.name',
  portNumber: 'service.port.number',
};

/** networking.k8s.io/v1beta1 */
export const BETA_NAMES: IngressNames = {
  defaultBackend: 'backend',
  serviceName: 'serviceName',
  portName: 'servicePort',
  portNumber: 'servicePort',
};

export const mayHaveWrongSecretName = ({ tls }: IngressSpec): boolean =>
  listOf(tls).some(({ secretName = '' }) => secretName !== '' && isDns1123Subdomain(secretName).length > 0);

export const mayHaveWrongWildcardRule = ({ rules }: IngressSpec): boolean =>
  listOf(rules).some((rule) => {
    const errors: FieldError[] = [];
    checkRuleValue(errors, '', rule, NAMES);
    return (rule.host ?? '').includes('*') && errors.length > 0;
  });

export function validateIngressSpec(spec: IngressSpec, allowances: IngressAllowances, names: IngressNames = NAMES): FieldError[] {
  const errors: FieldError[] = [];
  const rules = listOf(spec.rules);
  if (rules.length === 0 && !spec.defaultBackend) {
    errors.push(fieldError.invalid('spec', spec.rules, `either \`${names.defaultBackend}\` or \`rules\` must be specified`));
  }
  if (spec.defaultBackend) checkBackend(errors, `spec.${names.defaultBackend}`, spec.defaultBackend, names);
  rules.forEach((rule, i) => {
    const wildcard = checkHost(errors, `spec.rules[${i}].host`, rule.host ?? '');
    if (!wildcard || !allowances.anyWildcardRule) checkRuleValue(errors, `spec.rules[${i}]`, rule, names);
  });
  checkTls(errors, spec, allowances);
  if (spec.ingressClassName !== undefined) {
    pushInvalid(errors, 'spec.ingressClassName', spec.ingressClassName, isDns1123Subdomain(spec.ingressClassName));
  }
  return errors;
}

function checkTls(errors: Errors, { tls }: IngressSpec, { anySecretName }: IngressAllowances): void {
  listOf(tls).forEach(({ hosts, secretName = '' }, i) => {
    listOf(hosts).forEach((host, j) => {
      const wrong = host.includes('*') ? isWildcardDns1123Subdomain(host) : isDns1123Subdomain(host);
      pushInvalid(errors, `spec.tls[${i}].hosts[${j}]`, host, wrong);
    });
    if (!anySecretName && secretName !== '') {
      pushInvalid(errors, `spec.tls[${i}].secretName`, secretName, isDns1123Subdomain(secretName));
    }
  });
}

/** @returns whether the host is a wildcard. */
function checkHost(errors: Errors, path: string, host: string): boolean {
  if (host === '') return false;
  if (parseIp(host)) errors.push(fieldError.invalid(path, host, NOT_A_NAME));
  const wildcard = host.includes('*');
  pushInvalid(errors, path, host, wildcard ? isWildcardDns1123Subdomain(host) : isDns1123Subdomain(host));
  return wildcard;
}

function checkRuleValue(errors: Errors, path: string, { http }: IngressRule, names: IngressNames): void {
  if (!http) return;
  const paths = listOf(http.paths);
  if (paths.length === 0) errors.push(fieldError.required(`${path}.http.paths`));
  paths.forEach((entry, i) => {
    checkPath(errors, `${path}.http.paths[${i}]`, entry, names);
  });
}

function checkPath(errors: Errors, field: string, { path = '', pathType, backend }: HTTPIngressPath, names: IngressNames): void {
  if (pathType === undefined || pathType === null) {
    errors.push(fieldError.required(`${field}.pathType`, 'pathType must be specified'));
    return;
  }
  if (PATH_TYPES.includes(pathType)) pushInvalid(errors, `${field}.path`, path, pathErrors(path, pathType));
  else errors.push(fieldError.notSupported(`${field}.pathType`, pathType, PATH_TYPES));
  checkBackend(errors, `${field}.backend`, backend, names);
}

function pathErrors(path: string, pathType: string): string[] {
  const absolute = path.startsWith('/') ? [] : ['must be an absolute path'];
  if (pathType === 'ImplementationSpecific') return path === '' ? [] : absolute;
  const parts = PATH_PARTS_REFUSED.filter((part) => path.includes(part)).map((part) => `must not contain '${part}'`);
  const ends = PATH_ENDS_REFUSED.filter((end) => path.endsWith(end)).map((end) => `cannot end with '${end}'`);
  return [...absolute, ...parts, ...ends];
}

function checkBackend(errors: Errors, path: string, { resource, service }: IngressBackend, names: IngressNames): void {
  if (resource && service) errors.push(fieldError.invalid(path, '', 'cannot set both resource and service backends'));
  else if (resource) checkReference(errors, `${path}.resource`, resource);
  else if (!service) errors.push(fieldError.invalid(path, '', 'resource or service backend is required'));
  else {
    if (service.name === '') errors.push(fieldError.required(`${path}.${names.serviceName}`));
    else pushInvalid(errors, `${path}.${names.serviceName}`, service.name, isDns1035Label(service.name));
    checkBackendPort(errors, path, service.port ?? {}, names);
  }
}

function checkBackendPort(errors: Errors, path: string, { name = '', number = 0 }: ServiceBackendPort, names: IngressNames): void {
  if (name !== '' && number !== 0) errors.push(fieldError.invalid(path, '', 'cannot set both port name & port number'));
  else if (name !== '') pushInvalid(errors, `${path}.${names.portName}`, name, isValidPortName(name));
  else if (number !== 0) pushInvalid(errors, `${path}.${names.portNumber}`, number, isValidPortNum(number));
  else errors.push(fieldError.required(path, 'port name or number is required'));
}

/** What names an object by group, kind and name: upstream's `validateIngressTypedLocalObjectReference`. */
export function checkReference(errors: Errors, path: string, { apiGroup, kind, name }: TypedLocalObjectReference): void {
  if (apiGroup !== undefined && apiGroup !== null) pushInvalid(errors, `${path}.apiGroup`, apiGroup, isDns1123Subdomain(apiGroup));
  checkSegment(errors, `${path}.kind`, kind);
  checkSegment(errors, `${path}.name`, name);
}

/** A text that is needed, and can stand in a URL's path. */
export function checkSegment(errors: Errors, path: string, text: string, whyNeeded = ''): void {
  if (text === '') errors.push(fieldError.required(path, whyNeeded));
  else pushInvalid(errors, path, text, isPathSegmentName(text));
}

/** Upstream: `ValidateIngressLoadBalancerStatus`. */
export function validateIngressStatus(status: IngressStatus, old: IngressStatus): FieldError[] {
  const errors: FieldError[] = [];
  const known = listOf(old.loadBalancer?.ingress).map(({ ip }) => ip);
  listOf(status.loadBalancer?.ingress).forEach(({ ip = '', hostname = '' }, i) => {
    const path = `status.loadBalancer.ingress[${i}]`;
    if (ip !== '' && !known.includes(ip)) pushInvalid(errors, `${path}.ip`, ip, isValidLegacyIp(ip, false));
    if (hostname === '') return;
    pushInvalid(errors, `${path}.hostname`, hostname, isDns1123Subdomain(hostname));
    if (parseIp(hostname)) errors.push(fieldError.invalid(`${path}.hostname`, hostname, NOT_A_NAME));
  });
  return errors;
}
