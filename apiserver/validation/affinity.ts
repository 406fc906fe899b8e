import {
  type Affinity,
  fieldError,
  isDns1123Label,
  isDns1123Subdomain,
  isValidLabelValue,
  type LabelSelector,
  type NodeAffinity,
  type NodeSelector,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
  type PodAffinity,
  type PodAffinityTerm,
  type TopologySpreadConstraint,
} from '../../api/index.ts';
import { type Errors, isEmpty, keysOf, listOf, NOT_POSITIVE_MESSAGE, pushInvalid } from './field-errors.ts';
import { checkLabelName, checkLabelSelector } from './meta.ts';

const WEIGHT_MAX = 100;
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

export function checkAffinity(errors: Errors, path: string, affinity: Affinity): void {
  if (affinity.nodeAffinity) checkNodeAffinity(errors, `${path}.nodeAffinity`, affinity.nodeAffinity);
  if (affinity.podAffinity) checkPodAffinity(errors, `${path}.podAffinity`, affinity.podAffinity);
  if (affinity.podAntiAffinity) checkPodAffinity(errors, `${path}.podAntiAffinity`, affinity.podAntiAffinity);
}

function checkNodeAffinity(errors: Errors, path: string, affinity: NodeAffinity): void {
  if (affinity[REQUIRED]) checkNodeSelector(errors, `${path}.${REQUIRED}`, affinity[REQUIRED]);
  listOf(affinity[PREFERRED]).forEach(({ weight, preference }, i) => {
    const at = `${path}.${PREFERRED}[${i}]`;
    checkWeight(errors, at, weight);
    checkNodeSelectorTerm(errors, `${at}.preference`, preference, false);
  });
}

function checkWeight(errors: Errors, path: string, weight: number): void {
  if (weight <= 0 || weight > WEIGHT_MAX) errors.push(fieldError.invalid(`${path}.weight`, weight, 'must be in the range 1-100'));
}

export function checkNodeSelector(errors: Errors, path: string, { nodeSelectorTerms }: NodeSelector): void {
  const terms = listOf(nodeSelectorTerms);
  const at = `${path}.nodeSelectorTerms`;
  if (terms.length === 0) errors.push(fieldError.required(at, 'must have at least one node selector term'));
  terms.forEach((term, i) => {
    checkNodeSelectorTerm(errors, `${at}[${i}]`, term, true);
  });
}

/** @param strict values have to be label values; preferences may name others. */
function checkNodeSelectorTerm(errors: Errors, path: string, term: NodeSelectorTerm, strict: boolean): void {
  listOf(term.matchExpressions).forEach((requirement, i) => {
    checkNodeRequirement(errors, `${path}.matchExpressions[${i}]`, requirement, strict);
  });
  listOf(term.matchFields).forEach((requirement, i) => {
    checkNodeFieldRequirement(errors, `${path}.matchFields[${i}]`, requirement);
  });
}

function checkNodeRequirement(errors: Errors, path: string, requirement: NodeSelectorRequirement, strict: boolean): void {
  const values = listOf(requirement.values);
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        errors.push(fieldError.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        errors.push(fieldError.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) {
        errors.push(fieldError.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      }
      break;
    default:
      errors.push(fieldError.invalid(`${path}.operator`, requirement.operator, 'not a valid selector operator'));
  }
  checkLabelName(errors, `${path}.key`, requirement.key);
  if (!strict) return;
  values.forEach((value, i) => {
    pushInvalid(errors, `${path}.values[${i}]`, value, isValidLabelValue(value));
  });
}

function checkNodeFieldRequirement(errors: Errors, path: string, { key, operator, values }: NodeSelectorRequirement): void {
  const names = listOf(values);
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(fieldError.invalid(`${path}.operator`, operator, 'not a valid selector operator'));
  } else if (names.length !== 1) {
    const message = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(fieldError.required(`${path}.values`, message));
  }
  if (key !== 'metadata.name') {
    errors.push(fieldError.invalid(`${path}.key`, key, 'not a valid field selector key'));
    return;
  }
  names.forEach((name, i) => {
    pushInvalid(errors, `${path}.values[${i}]`, name, isDns1123Subdomain(name));
  });
}

function checkPodAffinity(errors: Errors, path: string, affinity: PodAffinity): void {
  listOf(affinity[REQUIRED]).forEach((term, i) => {
    checkPodAffinityTerm(errors, `${path}.${REQUIRED}[${i}]`, term);
  });
  listOf(affinity[PREFERRED]).forEach(({ weight, podAffinityTerm }, i) => {
    const at = `${path}.${PREFERRED}[${i}]`;
    checkWeight(errors, at, weight);
    checkPodAffinityTerm(errors, `${at}.podAffinityTerm`, podAffinityTerm);
  });
}

function checkPodAffinityTerm(errors: Errors, path: string, term: PodAffinityTerm): void {
  checkLabelSelector(errors, `${path}.labelSelector`, term.labelSelector);
  checkLabelSelector(errors, `${path}.namespaceSelector`, term.namespaceSelector);
  for (const name of listOf(term.namespaces)) pushInvalid(errors, `${path}.namespace`, name, isDns1123Label(name));
  checkLabelKeys(errors, path, term);
  if (isEmpty(term.topologyKey)) errors.push(fieldError.required(`${path}.topologyKey`, 'can not be empty'));
  checkLabelName(errors, `${path}.topologyKey`, term.topologyKey);
}

interface LabelKeys {
  readonly matchLabelKeys?: readonly string[] | undefined;
  readonly mismatchLabelKeys?: readonly string[] | undefined;
  readonly labelSelector?: LabelSelector | undefined;
}

/**
 * Label keys whose values are taken from the pod. By now they have become requirements of the selector, so a key that is required twice
 * was also given there.
 */
function checkLabelKeys(errors: Errors, path: string, { matchLabelKeys, mismatchLabelKeys, labelSelector }: LabelKeys): void {
  const matching = listOf(matchLabelKeys);
  const mismatching = listOf(mismatchLabelKeys);
  if (matching.length === 0 && mismatching.length === 0) return;
  checkKeyList(errors, `${path}.matchLabelKeys`, matching, labelSelector);
  checkKeyList(errors, `${path}.mismatchLabelKeys`, mismatching, labelSelector);
  const seen = new Set(keysOf(labelSelector?.matchLabels));
  for (const { key } of listOf(labelSelector?.matchExpressions)) {
    const i = matching.lastIndexOf(key);
    if (i >= 0 && seen.has(key)) errors.push(fieldError.invalid(`${path}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector'));
    seen.add(key);
  }
  matching.forEach((key, i) => {
    if (!mismatching.includes(key)) return;
    errors.push(fieldError.invalid(`${path}.matchLabelKeys[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'));
  });
}

function checkKeyList(errors: Errors, path: string, keys: readonly string[], selector: LabelSelector | undefined): void {
  if (keys.length === 0) return;
  if (!selector) errors.push(fieldError.forbidden(path, 'must not be specified when labelSelector is not set'));
  else {
    keys.forEach((key, i) => {
      checkLabelName(errors, `${path}[${i}]`, key);
    });
  }
}

const ACTIONS: readonly string[] = ['DoNotSchedule', 'ScheduleAnyway'];
const NODE_POLICIES: readonly string[] = ['Honor', 'Ignore'];

export function checkTopologySpread(errors: Errors, path: string, constraints: readonly TopologySpreadConstraint[]): void {
  constraints.forEach((constraint, i) => {
    const at = `${path}[${i}]`;
    const { maxSkew, topologyKey, whenUnsatisfiable } = constraint;
    if (maxSkew <= 0) errors.push(fieldError.invalid(`${at}.maxSkew`, maxSkew, NOT_POSITIVE_MESSAGE));
    if (isEmpty(topologyKey)) errors.push(fieldError.required(`${at}.topologyKey`, 'can not be empty'));
    if (!ACTIONS.includes(whenUnsatisfiable)) {
      errors.push(fieldError.notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ACTIONS));
    }
    if (constraints.slice(i + 1).some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable)) {
      errors.push(fieldError.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    }
    checkMinDomains(errors, `${at}.minDomains`, constraint);
    checkNodePolicy(errors, `${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy);
    checkNodePolicy(errors, `${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy);
    checkLabelKeys(errors, at, constraint);
    checkLabelSelector(errors, `${at}.labelSelector`, constraint.labelSelector);
  });
}

function checkMinDomains(errors: Errors, path: string, { minDomains, whenUnsatisfiable }: TopologySpreadConstraint): void {
  if (minDomains === undefined) return;
  if (minDomains <= 0) errors.push(fieldError.invalid(path, minDomains, NOT_POSITIVE_MESSAGE));
  if (whenUnsatisfiable !== 'DoNotSchedule') {
    const message = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
    errors.push(fieldError.invalid(path, minDomains, message));
  }
}

function checkNodePolicy(errors: Errors, path: string, policy: string | undefined): void {
  if (policy !== undefined && !NODE_POLICIES.includes(policy)) errors.push(fieldError.notSupported(path, policy, NODE_POLICIES));
}
