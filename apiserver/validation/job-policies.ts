import {
  fieldError,
  goQuote,
  type JobSpec,
  type PodFailurePolicy,
  type PodFailurePolicyRule,
  type SuccessPolicy,
  type SuccessPolicyRule,
} from '../../api/index.ts';
import { bytesOf, checkNonnegative, type Errors, listOf } from './field-errors.ts';
import { IndexesError, parseIndexes } from './job-indexes.ts';
import { checkLabelName } from './meta.ts';

const RULES_MAX = 20;
const EXIT_CODES_MAX = 255;
const CONDITIONS_MAX = 20;
const INDEXES_BYTES_MAX = 64 * 1024;

const ACTIONS: readonly string[] = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS: readonly string[] = ['In', 'NotIn'];
const STATUSES: readonly string[] = ['False', 'True', 'Unknown'];

type OnExitCodes = NonNullable<PodFailurePolicyRule['onExitCodes']>;
type OnPodConditions = readonly NonNullable<PodFailurePolicyRule['onPodConditions']>[number][];

/** Upstream: `validatePodFailurePolicy`. */
export function checkFailurePolicy(errors: Errors, path: string, spec: JobSpec, { rules }: PodFailurePolicy): void {
  if (listOf(rules).length > RULES_MAX) errors.push(fieldError.tooMany(`${path}.rules`, rules.length, RULES_MAX));
  const { containers, initContainers } = spec.template.spec ?? { containers: [] };
  const names = new Set([...listOf(containers), ...listOf(initContainers)].map(({ name }) => name));
  listOf(rules).forEach((rule, i) => {
    const at = `${path}.rules[${i}]`;
    checkAction(errors, `${at}.action`, rule.action, spec);
    if (rule.onExitCodes) checkExitCodes(errors, `${at}.onExitCodes`, rule.onExitCodes, names);
    const conditions = listOf(rule.onPodConditions);
    if (conditions.length > 0) checkConditions(errors, `${at}.onPodConditions`, conditions);
    if (rule.onExitCodes && conditions.length > 0) {
      errors.push(fieldError.invalidOmitted(at, 'specifying both OnExitCodes and OnPodConditions is not supported'));
    }
    if (!rule.onExitCodes && conditions.length === 0) {
      errors.push(fieldError.invalidOmitted(at, 'specifying one of OnExitCodes and OnPodConditions is required'));
    }
  });
}

function checkAction(errors: Errors, path: string, action: string, { backoffLimitPerIndex }: JobSpec): void {
  if (action === 'FailIndex') {
    if (backoffLimitPerIndex === undefined) errors.push(fieldError.invalid(path, action, 'requires the backoffLimitPerIndex to be set'));
  } else checkWord(errors, path, action, ACTIONS);
}

/** One of a few words, which a missing one is told. */
function checkWord(errors: Errors, path: string, word: string | undefined, words: readonly string[]): void {
  if (word === undefined || word === '') errors.push(fieldError.required(path, `valid values: [${words.map(goQuote).join(' ')}]`));
  else if (!words.includes(word)) errors.push(fieldError.notSupported(path, word, words));
}

function checkConditions(errors: Errors, path: string, conditions: OnPodConditions): void {
  if (conditions.length > CONDITIONS_MAX) errors.push(fieldError.tooMany(path, conditions.length, CONDITIONS_MAX));
  conditions.forEach(({ type, status }, i) => {
    checkLabelName(errors, `${path}[${i}].type`, type);
    checkWord(errors, `${path}[${i}].status`, status, STATUSES);
  });
}

function checkExitCodes(errors: Errors, path: string, { operator, containerName, values }: OnExitCodes, names: ReadonlySet<string>): void {
  checkWord(errors, `${path}.operator`, operator, OPERATORS);
  if (containerName !== undefined && !names.has(containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    errors.push(fieldError.invalid(`${path}.containerName`, containerName, why));
  }
  const at = `${path}.values`;
  const codes = listOf(values);
  if (codes.length === 0) errors.push(fieldError.invalid(at, values ?? null, 'at least one value is required'));
  else if (codes.length > EXIT_CODES_MAX) errors.push(fieldError.tooMany(at, codes.length, EXIT_CODES_MAX));
  codes.forEach((code, i) => {
    if (operator === 'In' && code === 0) errors.push(fieldError.invalid(`${at}[${i}]`, code, 'must not be 0 for the In operator'));
    if (codes.indexOf(code) < i) errors.push(fieldError.duplicate(`${at}[${i}]`, code));
  });
  if (codes.some((code, i) => i > 0 && (codes[i - 1] ?? 0) > code)) errors.push(fieldError.invalid(at, codes, 'must be ordered'));
}

/** Upstream: `validateSuccessPolicy`. */
export function checkSuccessPolicy(errors: Errors, path: string, { rules }: SuccessPolicy, completions: number): void {
  const at = `${path}.rules`;
  const list = listOf(rules);
  if (list.length === 0) errors.push(fieldError.required(at, 'at least one rules must be specified when the successPolicy is specified'));
  if (list.length > RULES_MAX) errors.push(fieldError.tooMany(at, list.length, RULES_MAX));
  list.forEach((rule, i) => {
    checkSuccessRule(errors, `${at}[${i}]`, rule, completions);
  });
}

function checkSuccessRule(
  errors: Errors,
  path: string,
  { succeededCount, succeededIndexes }: SuccessPolicyRule,
  completions: number,
): void {
  if (succeededCount === undefined && succeededIndexes === undefined) {
    errors.push(fieldError.required(path, 'at least one of succeededCount or succeededIndexes must be specified'));
  }
  const total = succeededIndexes === undefined ? 0 : checkIndexes(errors, `${path}.succeededIndexes`, succeededIndexes, completions);
  if (succeededCount === undefined) return;
  const at = `${path}.succeededCount`;
  checkNonnegative(errors, at, succeededCount);
  if (succeededCount > completions) {
    const why = `must be less than or equal to ${completions} (the number of specified completions)`;
    errors.push(fieldError.invalid(at, succeededCount, why));
  }
  if (succeededIndexes !== undefined && succeededCount > total) {
    const why = `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`;
    errors.push(fieldError.invalid(at, succeededCount, why));
  }
}

/** @returns how many indexes there are. */
function checkIndexes(errors: Errors, path: string, indexes: string, completions: number): number {
  if (bytesOf(indexes) > INDEXES_BYTES_MAX) errors.push(fieldError.tooLong(path, INDEXES_BYTES_MAX));
  try {
    return parseIndexes(indexes, completions);
  } catch (error) {
    if (!(error instanceof IndexesError)) throw error;
    errors.push(fieldError.invalid(path, indexes, `error parsing succeededIndexes: ${error.message}`));
    return 0;
  }
}
