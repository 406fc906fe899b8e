import { type Condition, fieldError, patternError } from '../../api/index.ts';
import { bytesOf, type Errors, isEmpty, listOf } from './field-errors.ts';
import { checkLabelName } from './meta.ts';

const STATUSES: readonly string[] = ['False', 'True', 'Unknown'];
const REASON_BYTES_MAX = 1024;
const MESSAGE_BYTES_MAX = 32 * 1024;
const REASON_PATTERN = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON = new RegExp(`^${REASON_PATTERN}$`);
const REASON_RULE =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";

/** Conditions of the common form. Upstream: apimachinery, `ValidateConditions`. */
export function checkConditions(errors: Errors, path: string, conditions: readonly Condition[] | null | undefined): void {
  const types = new Set<string>();
  listOf(conditions).forEach((condition, i) => {
    if (types.has(condition.type)) errors.push(fieldError.duplicate(`${path}[${i}].type`, condition.type));
    types.add(condition.type);
    checkCondition(errors, `${path}[${i}]`, condition);
  });
}

function checkCondition(errors: Errors, path: string, condition: Condition): void {
  const { type, status, observedGeneration = 0, lastTransitionTime, reason, message } = condition;
  checkLabelName(errors, `${path}.type`, type);
  if (!STATUSES.includes(status)) errors.push(fieldError.notSupported(`${path}.status`, status, STATUSES));
  if (observedGeneration < 0) {
    errors.push(fieldError.invalid(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'));
  }
  if (isEmpty(lastTransitionTime)) errors.push(fieldError.required(`${path}.lastTransitionTime`));
  if (isEmpty(reason)) errors.push(fieldError.required(`${path}.reason`));
  else checkReason(errors, `${path}.reason`, reason);
  if (bytesOf(message) > MESSAGE_BYTES_MAX) errors.push(fieldError.tooLong(`${path}.message`, MESSAGE_BYTES_MAX));
}

function checkReason(errors: Errors, path: string, reason: string): void {
  if (!REASON.test(reason)) {
    const examples = ['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'];
    errors.push(fieldError.invalid(path, reason, patternError(REASON_RULE, REASON_PATTERN, ...examples)));
  }
  if (bytesOf(reason) > REASON_BYTES_MAX) errors.push(fieldError.tooLong(path, REASON_BYTES_MAX));
}
