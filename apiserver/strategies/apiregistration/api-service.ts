import {
  type APIService,
  type APIServiceSpec,
  type FieldError,
  fieldError,
  isDns1035Label,
  isDns1123Subdomain,
  isValidPortNum,
  nameIsPathSegment,
  toTime,
} from '../../../api/index.ts';
import { type Errors, isEmpty, listOf, pushInvalid } from '../../validation/field-errors.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';

const GROUP_PRIORITY_MAX = 20_000;
const VERSION_PRIORITY_MAX = 1000;
/** Metadata that /status does not change. */
const KEPT_ON_STATUS = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;
const HTTPS_PORT = 443;
const STATUSES: readonly string[] = ['True', 'False', 'Unknown'];

/** Upstream: kube-aggregator, `pkg/registry/apiservice`, `pkg/apis/apiregistration/validation`. */
export const apiServiceStrategy = strategyOf<APIService>({
  formerNames: ['apiregistration.k8s.io/v1beta1'],
  allowsPlainFinalizers: true,
  metadataLooks: ['changes', 'whole'],
  allowUnconditionalUpdate: false,
  validateName: nameIsPathSegment,
  setDefaults: ({ spec }) => {
    if (spec.service) spec.service.port ??= HTTPS_PORT;
  },
  prepareForCreate: (context, service) => {
    service.status = service.spec.service ? {} : { conditions: [{ ...LOCALLY_AVAILABLE, lastTransitionTime: toTime(context.now) }] };
  },
  prepareForUpdate: (_context, service, old) => {
    service.status = old.status;
  },
  validateCreate: (_context, service) => serviceErrors(service),
  validateUpdate: (_context, service) => serviceErrors(service),
  tableRow: ({ metadata, spec: { service }, status }, now) => [
    metadata.name,
    service ? `${service.namespace}/${service.name}` : 'Local',
    availabilityOf(status),
    ageOf(metadata.creationTimestamp, now),
  ],
  subresources: {
    status: updateOf<APIService>({
      resetFields: ['spec', 'metadata'],
      prepareForUpdate: (_context, service, old) => {
        service.spec = old.spec;
        const { labels, annotations, finalizers, ownerReferences } = old.metadata;
        const kept = Object.entries({ labels, annotations, finalizers, ownerReferences }).filter(([, value]) => value !== undefined);
        for (const field of KEPT_ON_STATUS) delete service.metadata[field];
        Object.assign(service.metadata, Object.fromEntries(kept));
      },
      validateUpdate: (_context, { status }) =>
        listOf(status.conditions).flatMap(({ status: value }, i) =>
          STATUSES.includes(value) ? [] : [fieldError.notSupported(`status.conditions[${i}].status`, value, STATUSES)],
        ),
    }),
  },
});

/** What is served here is there. Upstream: `NewLocalAvailableAPIServiceCondition`. */
export const LOCALLY_AVAILABLE = {
  type: 'Available',
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
} as const;

function availabilityOf({ conditions }: APIService['status']): string {
  const found = listOf(conditions).find(({ type }) => type === 'Available');
  if (!found) return 'Unknown';
  return found.status === 'True' || isEmpty(found.reason) ? found.status : `${found.status} (${found.reason})`;
}

function serviceErrors({ metadata: { name, generateName }, spec }: APIService): FieldError[] {
  const errors: FieldError[] = [];
  checkName(errors, 'metadata.generateName', generateName, spec);
  checkName(errors, 'metadata.name', name, spec);
  checkGroupVersion(errors, spec);
  checkPriorities(errors, spec);
  if (spec.service) checkService(errors, spec, spec.service);
  else checkLocal(errors, spec);
  return errors;
}

/** Upstream's rule for names is for what they begin with, too. */
function checkName(errors: Errors, path: string, name: string | undefined, { group = '', version = '' }: APIServiceSpec): void {
  const required = `${version}.${group}`;
  if (!name || name === required || nameIsPathSegment(name, false).length > 0) return;
  errors.push(fieldError.invalid(path, name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(required)}`));
}

function checkGroupVersion(errors: Errors, { group = '', version = '' }: APIServiceSpec): void {
  if (group !== '') pushInvalid(errors, 'spec.group', group, isDns1123Subdomain(group));
  else if (version !== 'v1') {
    errors.push(fieldError.required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  }
  pushInvalid(errors, 'spec.version', version, isDns1035Label(version));
}

function checkPriorities(errors: Errors, { groupPriorityMinimum: group, versionPriority: version }: APIServiceSpec): void {
  if (group <= 0 || group > GROUP_PRIORITY_MAX) {
    errors.push(fieldError.invalid('spec.groupPriorityMinimum', group, `must be positive and less than ${GROUP_PRIORITY_MAX}`));
  }
  if (version <= 0 || version > VERSION_PRIORITY_MAX) {
    errors.push(fieldError.invalid('spec.versionPriority', version, `must be positive and less than ${VERSION_PRIORITY_MAX}`));
  }
}

function checkLocal(errors: Errors, { caBundle = '', insecureSkipTLSVerify }: APIServiceSpec): void {
  const bytes = Buffer.from(caBundle, 'base64').length;
  if (bytes > 0) errors.push(fieldError.invalid('spec.caBundle', `${bytes} bytes`, 'local APIServices may not have a caBundle'));
  if (insecureSkipTLSVerify) {
    errors.push(fieldError.invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'));
  }
}

function checkService(
  errors: Errors,
  { caBundle = '', insecureSkipTLSVerify }: APIServiceSpec,
  { namespace, name, port = 0 }: NonNullable<APIServiceSpec['service']>,
): void {
  if (isEmpty(namespace)) errors.push(fieldError.required('spec.service.namespace'));
  if (isEmpty(name)) errors.push(fieldError.required('spec.service.name'));
  const wrong = isValidPortNum(port);
  if (wrong.length > 0) errors.push(fieldError.invalid('spec.service.port', port, `port is not valid: ${wrong.join(', ')}`));
  if (insecureSkipTLSVerify && caBundle !== '') {
    errors.push(fieldError.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
  }
}
