import {
  type FlowSchema,
  type FlowSchemaSpec,
  fieldError,
  flowcontrolKinds,
  type LimitResponse,
  type NonResourcePolicyRule,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
  type PolicyRulesWithSubjects,
  type QueuingConfiguration,
  type ResourcePolicyRule,
} from '../../api/index.ts';
import { HASH_BITS_MAX, requiredEntropyBits } from '../flow-control/shuffle-sharding.ts';
import { checkChoiceOf, type Errors, isEmpty, listOf, pushInvalid } from './field-errors.ts';
import { goPart } from './go-struct.ts';

/*
 * FlowSchemas and PriorityLevelConfigurations as upstream checks them: pkg/apis/flowcontrol/validation/validation.go. What the two mandatory
 * objects of each kind must be is checked by their strategies.
 */

type FlowSubject = NonNullable<PolicyRulesWithSubjects['subjects']>[number];

const PRECEDENCE_MAX = 10_000;
const EXEMPT_PRECEDENCE = 1;
const QUEUES_MAX = 10_000_000;
const DISTINGUISHERS = ['ByNamespace', 'ByUser'];
const RESPONSES = ['Queue', 'Reject'];
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const NAMESPACE_RULE = "each member of this list must be '*' or a DNS-1123 label; ";

export function checkFlowSchemaSpec(errors: Errors, name: string, spec: FlowSchemaSpec): void {
  checkPrecedence(errors, name, spec.matchingPrecedence ?? 0);
  const { distinguisherMethod: method } = spec;
  if (method && !DISTINGUISHERS.includes(method.type)) {
    const value = goPart(flowcontrolKinds.flowschemas, ['spec', 'distinguisherMethod'], method);
    errors.push(fieldError.notSupported('spec.distinguisherMethod.type', value, DISTINGUISHERS));
  }
  const level = spec.priorityLevelConfiguration.name ?? '';
  if (level === '') errors.push(fieldError.required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
  else pushInvalid(errors, 'spec.priorityLevelConfiguration.name', level, nameIsDnsSubdomain(level, false));
  listOf(spec.rules).forEach((rule, i) => {
    checkPolicyRules(errors, `spec.rules[${i}]`, rule);
  });
}

function checkPrecedence(errors: Errors, name: string, precedence: number): void {
  const wrong = (why: string) => errors.push(fieldError.invalid('spec.matchingPrecedence', precedence, why));
  if (precedence <= 0) wrong('must be a positive value');
  if (precedence > PRECEDENCE_MAX) wrong(`must not be greater than ${PRECEDENCE_MAX}`);
  if (precedence === EXEMPT_PRECEDENCE && name !== 'exempt') wrong("only the schema named 'exempt' may have matchingPrecedence 1");
}

function checkPolicyRules(errors: Errors, path: string, rule: PolicyRulesWithSubjects): void {
  const subjects = listOf(rule.subjects);
  const resourceRules = listOf(rule.resourceRules);
  const nonResourceRules = listOf(rule.nonResourceRules);
  if (subjects.length === 0) errors.push(fieldError.required(`${path}.subjects`, 'subjects must contain at least one value'));
  subjects.forEach((subject, i) => {
    checkSubject(errors, `${path}.subjects[${i}]`, subject);
  });
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.push(fieldError.required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  }
  resourceRules.forEach((each, i) => {
    checkResourceRule(errors, `${path}.resourceRules[${i}]`, each);
  });
  nonResourceRules.forEach((each, i) => {
    checkNonResourceRule(errors, `${path}.nonResourceRules[${i}]`, each);
  });
}

const SUBJECT_KINDS = ['Group', 'ServiceAccount', 'User'];
const SUBJECT_FIELDS = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const;
type SubjectKind = keyof typeof SUBJECT_FIELDS;
/** What a subject of a kind must not have, in the order it is told of. */
const FORBIDDEN: Readonly<Record<SubjectKind, readonly SubjectKind[]>> = {
  ServiceAccount: ['User', 'Group'],
  User: ['ServiceAccount', 'Group'],
  Group: ['ServiceAccount', 'User'],
};

const isSubjectKind = (kind: string): kind is SubjectKind => kind in SUBJECT_FIELDS;

function checkSubject(errors: Errors, path: string, subject: FlowSubject): void {
  const kind = subject.kind ?? '';
  if (!isSubjectKind(kind)) {
    checkChoiceOf(errors, `${path}.kind`, kind, SUBJECT_KINDS);
    return;
  }
  const field = SUBJECT_FIELDS[kind];
  if (!subject[field]) errors.push(fieldError.required(`${path}.${field}`, `${field} is required when subject kind is '${kind}'`));
  else if (kind === 'ServiceAccount') checkServiceAccount(errors, `${path}.${field}`, subject.serviceAccount ?? {});
  else if (isEmpty(subject[field]?.name)) errors.push(fieldError.required(`${path}.${field}.name`));
  for (const other of FORBIDDEN[kind]) {
    const name = SUBJECT_FIELDS[other];
    if (subject[name]) errors.push(fieldError.forbidden(`${path}.${name}`, `${name} is forbidden when subject kind is not '${other}'`));
  }
}

function checkServiceAccount(errors: Errors, path: string, account: { name?: string; namespace?: string }): void {
  const { name = '', namespace = '' } = account;
  if (name === '') errors.push(fieldError.required(`${path}.name`));
  else if (name !== '*') pushInvalid(errors, `${path}.name`, name, nameIsDnsSubdomain(name, false));
  if (namespace === '') errors.push(fieldError.required(`${path}.namespace`, 'must specify namespace for service account'));
  else pushInvalid(errors, `${path}.namespace`, namespace, nameIsDnsLabel(namespace, false));
}

function checkResourceRule(errors: Errors, path: string, rule: ResourcePolicyRule): void {
  checkVerbs(errors, path, listOf(rule.verbs));
  checkNames(errors, `${path}.apiGroups`, listOf(rule.apiGroups), ['resource rules must supply at least one api group', 'api groups']);
  checkNames(errors, `${path}.resources`, listOf(rule.resources), ['resource rules must supply at least one resource', 'resources']);
  const namespaces = listOf(rule.namespaces);
  if (namespaces.length === 0 && !rule.clusterScope) {
    const why = 'resource rules that are not cluster scoped must supply at least one namespace';
    errors.push(fieldError.required(`${path}.namespaces`, why));
  } else if (namespaces.includes('*')) {
    checkAlone(errors, `${path}.namespaces`, namespaces, 'namespaces');
  } else {
    namespaces.forEach((namespace, i) => {
      const wrong = nameIsDnsLabel(namespace, false).map((text) => NAMESPACE_RULE + text);
      pushInvalid(errors, `${path}.namespaces[${i}]`, namespace, wrong);
    });
  }
}

function checkNonResourceRule(errors: Errors, path: string, rule: NonResourcePolicyRule): void {
  checkVerbs(errors, path, listOf(rule.verbs));
  const urls = listOf(rule.nonResourceURLs);
  if (urls.length === 0) errors.push(fieldError.required(`${path}.nonResourceURLs`, 'nonResourceURLs must contain at least one value'));
  else if (urls.includes('*')) checkAlone(errors, `${path}.nonResourceURLs`, urls, 'non-resource URLs');
  else {
    urls.forEach((url, i) => {
      const why = wrongPath(url);
      if (why !== undefined) errors.push(fieldError.invalid(`${path}.nonResourceURLs[${i}]`, url, why));
    });
  }
}

function checkVerbs(errors: Errors, path: string, verbs: readonly string[]): void {
  if (verbs.length === 0) errors.push(fieldError.required(`${path}.verbs`, 'verbs must contain at least one value'));
  else if (verbs.includes('*')) checkAlone(errors, `${path}.verbs`, verbs, 'verbs');
  else if (!verbs.every((verb) => VERBS.includes(verb))) errors.push(fieldError.notSupported(`${path}.verbs`, verbs, VERBS));
}

/** @param words why there must be one, and what they are together. */
function checkNames(errors: Errors, path: string, names: readonly string[], [why, what]: readonly [string, string]): void {
  if (names.length === 0) errors.push(fieldError.required(path, why));
  else if (names.includes('*')) checkAlone(errors, path, names, what);
}

function checkAlone(errors: Errors, path: string, names: readonly string[], what: string): void {
  if (names.length > 1) errors.push(fieldError.invalid(path, names, `if '*' is present, must not specify other ${what}`));
}

/** Upstream: `ValidateNonResourceURLPath`. */
function wrongPath(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path === '/') return undefined;
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const wildcards = path.split('*').length - 1;
  return wildcards > 1 || (wildcards === 1 && !path.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}

/** Conditions of either kind: each of a type of its own. */
export function checkFlowConditions(errors: Errors, conditions: NonNullable<FlowSchema['status']>['conditions']): void {
  const types = new Set<string>();
  listOf(conditions).forEach(({ type = '' }, i) => {
    const path = `status.conditions[${i}].type`;
    if (types.has(type)) errors.push(fieldError.duplicate(path, type));
    types.add(type);
    if (type === '') errors.push(fieldError.required(path));
  });
}

export function checkLimitResponse(errors: Errors, path: string, response: LimitResponse): void {
  const { type = '', queuing } = response;
  switch (type) {
    case 'Reject':
      if (queuing) errors.push(fieldError.forbidden(`${path}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'));
      return;
    case 'Queue':
      if (queuing) checkQueuing(errors, `${path}.queuing`, queuing);
      else errors.push(fieldError.required(`${path}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'));
      return;
    default:
      checkChoiceOf(errors, `${path}.type`, type, RESPONSES);
  }
}

function checkQueuing(errors: Errors, path: string, queuing: QueuingConfiguration): void {
  const { queueLengthLimit = 0, queues = 0, handSize = 0 } = queuing;
  if (queueLengthLimit <= 0) errors.push(fieldError.invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  if (queues <= 0) errors.push(fieldError.invalid(`${path}.queues`, queues, 'must be positive'));
  else if (queues > QUEUES_MAX) errors.push(fieldError.invalid(`${path}.queues`, queues, `must not be greater than ${QUEUES_MAX}`));
  const why = wrongHand(queues, handSize);
  if (why !== undefined) errors.push(fieldError.invalid(`${path}.handSize`, handSize, why));
}

function wrongHand(queues: number, handSize: number): string | undefined {
  if (handSize <= 0) return 'must be positive';
  if (handSize > queues) return `should not be greater than queues (${queues})`;
  return requiredEntropyBits(queues, handSize) > HASH_BITS_MAX
    ? `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS_MAX}`
    : undefined;
}
