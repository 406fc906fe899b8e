// Upstream: `pkg/apis/admissionregistration/validation/validation.go`, `ValidateMutatingWebhookConfiguration` and its like.
import {
  type FieldError,
  fieldError,
  isDns1035Label,
  isDns1123Subdomain,
  type MutatingWebhook,
  type ValidatingWebhook,
} from '../../api/index.ts';
import { checkMatchConditions, checkRule, FAILURE_POLICIES, MATCH_POLICIES, REINVOCATION_POLICIES } from './admission-rules.ts';
import { type Errors, listOf, pushInvalid } from './field-errors.ts';
import { checkLabelSelector } from './meta.ts';
import { semanticEqual } from './semantic-equal.ts';
import { validateWebhookService, validateWebhookUrl } from './webhook.ts';

/** Validating webhooks have no policy of being called again. */
export type AnyWebhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

const SIDE_EFFECTS: readonly string[] = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const NO_SIDE_EFFECTS: readonly string[] = ['None', 'NoneOnDryRun'];
const REVIEW_VERSIONS: readonly string[] = ['v1', 'v1beta1'];
const TIMEOUT_SECONDS_MAX = 30;
const SEGMENTS_MIN = 3;

/** What is let be because it was so before. */
interface Leniency {
  readonly matchConditions: boolean;
  readonly sideEffects: boolean;
  readonly reviewVersions: boolean;
  readonly names: boolean;
  readonly labelValues: boolean;
}

const STRICT: Leniency = { matchConditions: false, sideEffects: false, reviewVersions: false, names: false, labelValues: false };

/** What is wrong with the webhooks of a configuration. @param old those of the stored one. */
export function webhookErrors(webhooks: readonly AnyWebhook[], old?: readonly AnyWebhook[]): FieldError[] {
  const leniency = old ? leniencyFor(webhooks, old) : STRICT;
  const errors: FieldError[] = [];
  const names = new Set<string>();
  webhooks.forEach((webhook, i) => {
    const path = `webhooks[${i}]`;
    checkWebhook(errors, path, webhook, leniency);
    checkReviewVersions(errors, `${path}.admissionReviewVersions`, listOf(webhook.admissionReviewVersions), leniency);
    if (leniency.names || webhook.name === '') return;
    if (names.has(webhook.name)) errors.push(fieldError.duplicate(`${path}.name`, webhook.name));
    names.add(webhook.name);
  });
  return errors;
}

function leniencyFor(webhooks: readonly AnyWebhook[], old: readonly AnyWebhook[]): Leniency {
  const isKnown = ({ matchConditions }: AnyWebhook, i: number) => semanticEqual(matchConditions, old[i]?.matchConditions);
  const hasReview = ({ admissionReviewVersions }: AnyWebhook) => {
    const versions = listOf(admissionReviewVersions);
    return versions.length === 0 || versions.some((version) => REVIEW_VERSIONS.includes(version));
  };
  return {
    matchConditions: webhooks.length === old.length && webhooks.every(isKnown),
    sideEffects: !old.every(({ sideEffects }) => NO_SIDE_EFFECTS.includes(sideEffects ?? '')),
    reviewVersions: !old.every(hasReview),
    names: new Set(old.map(({ name }) => name)).size < old.length,
    labelValues: old.some((webhook) => selectorErrors('', webhook, STRICT).length > 0),
  };
}

function checkWebhook(errors: Errors, path: string, webhook: AnyWebhook, leniency: Leniency): void {
  checkName(errors, `${path}.name`, webhook.name);
  listOf(webhook.rules).forEach((rule, i) => {
    checkRule(errors, `${path}.rules[${i}]`, rule);
  });
  checkOneOf(errors, `${path}.failurePolicy`, webhook.failurePolicy, FAILURE_POLICIES);
  checkOneOf(errors, `${path}.matchPolicy`, webhook.matchPolicy, MATCH_POLICIES);
  checkSideEffects(errors, `${path}.sideEffects`, webhook.sideEffects, leniency);
  const { timeoutSeconds } = webhook;
  if (timeoutSeconds !== undefined && (timeoutSeconds > TIMEOUT_SECONDS_MAX || timeoutSeconds < 1)) {
    errors.push(fieldError.invalid(`${path}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'));
  }
  errors.push(...selectorErrors(path, webhook, leniency));
  checkOneOf(errors, `${path}.reinvocationPolicy`, webhook.reinvocationPolicy, REINVOCATION_POLICIES);
  checkClient(errors, `${path}.clientConfig`, webhook.clientConfig);
  if (!leniency.matchConditions) checkMatchConditions(errors, `${path}.matchConditions`, webhook.matchConditions);
}

/** Upstream: `IsFullyQualifiedName`. */
function checkName(errors: Errors, path: string, name: string): void {
  if (name === '') {
    errors.push(fieldError.required(path));
    return;
  }
  const problems = isDns1123Subdomain(name);
  if (problems.length > 0) errors.push(fieldError.invalid(path, name, problems.join(',')));
  else if (name.split('.').length < SEGMENTS_MIN) {
    errors.push(fieldError.invalid(path, name, 'should be a domain with at least three segments separated by dots'));
  }
}

function checkOneOf(errors: Errors, path: string, word: string | undefined, words: readonly string[]): void {
  if (word !== undefined && !words.includes(word)) errors.push(fieldError.notSupported(path, word, words));
}

function checkSideEffects(errors: Errors, path: string, sideEffects: string | null | undefined, leniency: Leniency): void {
  const allowed = leniency.sideEffects ? SIDE_EFFECTS : NO_SIDE_EFFECTS;
  if (sideEffects === undefined || sideEffects === null) {
    errors.push(fieldError.required(path, `must specify one of ${allowed.join(', ')}`));
  } else checkOneOf(errors, path, sideEffects, allowed);
}

/** Where a label selector says its values. */
const VALUES = /\.values\[\d+\]$/;

function selectorErrors(path: string, webhook: AnyWebhook, { labelValues }: Leniency): readonly FieldError[] {
  const errors: FieldError[] = [];
  checkLabelSelector(errors, `${path}.namespaceSelector`, webhook.namespaceSelector);
  checkLabelSelector(errors, `${path}.objectSelector`, webhook.objectSelector);
  return labelValues ? errors.filter(({ field }) => !VALUES.test(field)) : errors;
}

function checkClient(errors: Errors, path: string, { url, service }: AnyWebhook['clientConfig']): void {
  if ((url === undefined) === (service === undefined)) {
    errors.push(fieldError.required(path, 'exactly one of url or service is required'));
  } else if (url !== undefined) errors.push(...validateWebhookUrl(url, `${path}.url`));
  else if (service) {
    // Upstream takes one for the other.
    const { namespace: name, name: namespace, path: urlPath, port = 0 } = service;
    errors.push(...validateWebhookService({ namespace, name, path: urlPath, port }, `${path}.service`));
  }
}

function checkReviewVersions(errors: Errors, path: string, versions: readonly string[], { reviewVersions }: Leniency): void {
  if (versions.length === 0) {
    errors.push(fieldError.required(path, `must specify one of ${REVIEW_VERSIONS.join(', ')}`));
    return;
  }
  const seen = new Set<string>();
  versions.forEach((version, i) => {
    if (seen.has(version)) errors.push(fieldError.invalid(`${path}[${i}]`, version, 'duplicate version'));
    else pushInvalid(errors, `${path}[${i}]`, version, isDns1035Label(version));
    seen.add(version);
  });
  if (!reviewVersions && !versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.push(fieldError.invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`));
  }
}
