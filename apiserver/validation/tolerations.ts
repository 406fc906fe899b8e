import { fieldError, isValidLabelValue, type Toleration } from '../../api/index.ts';
import { type Errors, isEmpty, listOf } from './field-errors.ts';
import { checkLabelName } from './meta.ts';

const EFFECTS: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function checkTolerations(errors: Errors, path: string, tolerations: readonly Toleration[] | undefined): void {
  listOf(tolerations).forEach((toleration, i) => {
    checkToleration(errors, `${path}[${i}]`, toleration);
  });
}

function checkToleration(errors: Errors, path: string, toleration: Toleration): void {
  const { key = '', operator = '', effect = '', tolerationSeconds } = toleration;
  if (key !== '') checkLabelName(errors, `${path}.key`, key);
  if (key === '' && operator !== 'Exists') {
    const message = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(fieldError.invalid(`${path}.operator`, operator, message));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(fieldError.invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  }
  checkOperator(errors, `${path}.operator`, operator, toleration.value ?? '');
  if (effect !== '') checkTaintEffect(errors, `${path}.effect`, effect);
}

function checkOperator(errors: Errors, path: string, operator: string, value: string): void {
  if (operator === 'Equal' || operator === '') {
    const messages = isValidLabelValue(value);
    if (messages.length > 0) errors.push(fieldError.invalid(path, value, messages.join(';')));
  } else if (operator !== 'Exists') {
    errors.push(fieldError.notSupported(path, operator, ['Equal', 'Exists']));
  } else if (value !== '') {
    errors.push(fieldError.invalid(path, value, "value must be empty when `operator` is 'Exists'"));
  }
}

/** A taint's effect, which has to be given. */
export function checkTaintEffect(errors: Errors, path: string, effect: string | undefined): void {
  if (isEmpty(effect)) errors.push(fieldError.required(path));
  else if (effect !== undefined && !EFFECTS.includes(effect)) errors.push(fieldError.notSupported(path, effect, EFFECTS));
}
