// What kinds of resource.k8s.io share: upstream's `pkg/apis/resource/validation/validation.go` of 1.34.

import { compileDeviceSelector, ExpressionError } from '../../api/cel.ts';
import {
  type DeviceSelector,
  fieldError,
  isCIdentifier,
  isDns1123Label,
  isDns1123Subdomain,
  type OpaqueDeviceConfiguration,
} from '../../api/index.ts';
import { checkList } from './device-lists.ts';
import { bytesOf, type Errors, isEmpty, pushInvalid } from './field-errors.ts';
import { checkCsiDriverName } from './storage.ts';

const SELECTORS_MAX = 32;
const EXPRESSION_BYTES_MAX = 10 * 1024;
const EXPRESSION_COST_MAX = 1_000_000;
const POOL_NAME_MAX = 253;
const ID_MAX = 32;
const OPAQUE_BYTES_MAX = 10 * 1024;

/** How much configuration a class or a claim may have. */
export const CONFIG_MAX = 32;

/** Names of requests, devices and counters. */
export const checkLabel = (errors: Errors, path: string, name: string): void => pushInvalid(errors, path, name, isDns1123Label(name));

export function checkPoolName(errors: Errors, path: string, name: string): void {
  if (isEmpty(name)) {
    errors.push(fieldError.required(path));
    return;
  }
  if (bytesOf(name) > POOL_NAME_MAX) errors.push(fieldError.tooLong(path, POOL_NAME_MAX));
  for (const part of name.split('/')) pushInvalid(errors, path, part, isDns1123Subdomain(part));
}

/** Expressions that choose devices. What is stored already is checked as what is new: this version knows nothing that it would not let in. */
export function checkSelectors(errors: Errors, path: string, selectors: readonly DeviceSelector[] | undefined): void {
  checkList(errors, path, selectors, {
    max: SELECTORS_MAX,
    item: (_errors, at, { cel }) => {
      if (cel) checkExpression(errors, `${at}.cel.expression`, cel.expression);
      else errors.push(fieldError.required(`${at}.cel`));
    },
  });
}

function checkExpression(errors: Errors, path: string, expression: string): void {
  if (bytesOf(expression) > EXPRESSION_BYTES_MAX) {
    errors.push(fieldError.tooLong(path, EXPRESSION_BYTES_MAX));
    return;
  }
  try {
    const cost = compileDeviceSelector(expression).estimate();
    if (cost > EXPRESSION_COST_MAX) errors.push(fieldError.forbidden(path, 'too complex, exceeds cost limit'));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    errors.push(fieldError.invalid(path, expression, error.message));
  }
}

/** A domain and an identifier of C, or the latter alone. Upstream lets names with more than one slash through. */
export function checkQualifiedName(errors: Errors, path: string, name: string): void {
  if (name === '') {
    errors.push(fieldError.required(path, 'name required'));
    return;
  }
  const [first = '', second, ...more] = name.split('/');
  if (more.length > 0) return;
  if (second === undefined) {
    checkIdentifier(errors, path, first);
    return;
  }
  if (first === '') errors.push(fieldError.required(path, 'the domain must not be empty'));
  else checkCsiDriverName(errors, path, first);
  if (second === '') errors.push(fieldError.required(path, 'the name must not be empty'));
  else checkIdentifier(errors, path, second);
}

export function checkFullyQualifiedName(errors: Errors, path: string, name: string): void {
  checkQualifiedName(errors, path, name);
  if (name !== '' && !name.includes('/')) errors.push(fieldError.invalid(path, name, 'must include a domain'));
}

function checkIdentifier(errors: Errors, path: string, id: string): void {
  if (bytesOf(id) > ID_MAX) errors.push(fieldError.tooLong(path, ID_MAX));
  for (const message of isCIdentifier(id)) errors.push(fieldError.invalid(path, id, message));
}

/** @param stored what is there already may be longer than new settings may. */
export function checkConfiguration(
  errors: Errors,
  path: string,
  { opaque }: { readonly opaque?: OpaqueDeviceConfiguration | undefined },
  stored: boolean,
): void {
  if (!opaque) {
    errors.push(fieldError.required(`${path}.opaque`));
    return;
  }
  checkCsiDriverName(errors, `${path}.opaque.driver`, opaque.driver);
  checkRaw(errors, `${path}.opaque.parameters`, opaque.parameters, stored ? Number.POSITIVE_INFINITY : OPAQUE_BYTES_MAX);
}

/** A JSON object of a driver's own. */
export function checkRaw(errors: Errors, path: string, raw: unknown, bytesMax: number): void {
  if (raw === undefined || raw === null) errors.push(fieldError.required(path));
  else if (bytesOf(JSON.stringify(raw)) > bytesMax) errors.push(fieldError.tooLong(path, bytesMax));
  else if (typeof raw !== 'object' || Array.isArray(raw))
    errors.push(fieldError.invalid(path, '<value omitted>', 'must be a valid JSON object'));
}
