import {
  type FieldError,
  fieldError,
  type IngressClass,
  type IngressClassParametersReference,
  isDns1123Label,
  isDns1123Subdomain,
  networkingKinds,
  patternError,
} from '../../../api/index.ts';
import { olderKinds } from '../../../api/schema.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import { bytesOf, type Errors, IMMUTABLE_MESSAGE, pushInvalid } from '../../validation/field-errors.ts';
import { checkReference } from '../../validation/ingress.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { sameFields } from '../same-fields.ts';
import { ageOf, strategyOf } from '../shared.ts';

const CONTROLLER_BYTES_MAX = 250;
const SCOPES: readonly string[] = ['Cluster', 'Namespace'];
const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const HTTP_PATH_REGEXP = new RegExp(`^${HTTP_PATH}$`);

/** Upstream: `pkg/registry/networking/ingressclass`, `ValidateIngressClass`, `ValidateIngressClassUpdate`. */
export const ingressClassStrategy = strategyOf<IngressClass>({
  views: { 'networking.k8s.io/v1beta1': sameFields(networkingKinds.ingressclasses, olderKinds.ingressclassesV1beta1) },
  metadataLooks: ['changes', 'whole'],
  setDefaults: ({ spec }) => {
    if (spec.parameters) spec.parameters.scope ??= 'Cluster';
  },
  prepareForCreate: (_context, { metadata }) => {
    metadata.generation = 1;
  },
  prepareForUpdate: (_context, { metadata, spec }, old) => {
    if (!semanticEqual(spec, old.spec)) metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validateCreate: (_context, ingressClass) => classErrors(ingressClass),
  validateUpdate: (_context, ingressClass, old) => [
    ...((ingressClass.spec.controller ?? '') === (old.spec.controller ?? '')
      ? []
      : [fieldError.invalid('spec.controller', ingressClass.spec.controller ?? '', IMMUTABLE_MESSAGE)]),
    NEXT_LOOK,
    ...classErrors(ingressClass),
  ],
  tableRow: ({ metadata, spec }, now) => [
    metadata.name,
    spec.controller ?? '',
    parametersCell(spec.parameters),
    ageOf(metadata.creationTimestamp, now),
  ],
});

function parametersCell(parameters: IngressClassParametersReference | undefined): string {
  if (!parameters) return '<none>';
  const { apiGroup, kind, name } = parameters;
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`;
}

function classErrors({ spec: { controller = '', parameters } }: IngressClass): FieldError[] {
  const errors: FieldError[] = [];
  if (controller !== '' && bytesOf(controller) > CONTROLLER_BYTES_MAX) {
    errors.push(fieldError.tooLong('spec.controller', CONTROLLER_BYTES_MAX));
  }
  checkDomainPath(errors, 'spec.controller', controller);
  if (parameters) checkParameters(errors, 'spec.parameters', parameters);
  return errors;
}

/** Upstream: `IsDomainPrefixedPath`. */
function checkDomainPath(errors: Errors, path: string, value: string): void {
  if (value === '') {
    errors.push(fieldError.required(path));
    return;
  }
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) {
    errors.push(fieldError.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    return;
  }
  const host = value.slice(0, slash);
  const rest = value.slice(slash + 1);
  pushInvalid(errors, path, host, isDns1123Subdomain(host));
  if (!HTTP_PATH_REGEXP.test(rest)) errors.push(fieldError.invalid(path, rest, patternError('Invalid path', HTTP_PATH)));
}

function checkParameters(errors: Errors, path: string, reference: IngressClassParametersReference): void {
  checkReference(errors, path, reference);
  const { scope, namespace } = reference;
  if (scope === undefined || scope === null) errors.push(fieldError.required(`${path}.scope`));
  else if (!SCOPES.includes(scope)) errors.push(fieldError.notSupported(`${path}.scope`, scope, SCOPES));
  else if (scope === 'Cluster') {
    if (namespace !== undefined) errors.push(fieldError.forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  } else if (namespace === undefined) {
    errors.push(fieldError.required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
  } else {
    pushInvalid(errors, `${path}.namespace`, namespace, isDns1123Label(namespace));
  }
}
