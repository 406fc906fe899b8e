import {
  type FieldError,
  fieldError,
  isQualifiedName,
  type LimitRange,
  type LimitRangeItem,
  parseQuantity,
  type Quantity,
} from '../../api/index.ts';
import { type Errors, keysOf, listOf, pushInvalid } from './field-errors.ts';
import { isOvercommitAllowed } from './resource-names.ts';
import { checkContainerResourceName, checkResourceName } from './resources.ts';

const TYPES: readonly string[] = ['Pod', 'Container', 'PersistentVolumeClaim'];
/** Up to here amounts are compared in thousandths: Go's int64 holds no more. */
const MILLI_VALUE_MAX = Number(2n ** 63n / 1000n);

type Amounts = Readonly<Record<string, string>> | undefined;

/** Upstream: `ValidateLimitRange`. */
export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const errors: Errors = [];
  const types = new Set<string>();
  listOf(spec.limits).forEach((item, i) => {
    const path = `spec.limits[${i}]`;
    checkType(errors, `${path}.type`, item.type);
    if (types.has(item.type)) errors.push(fieldError.duplicate(`${path}.type`, item.type));
    types.add(item.type);
    checkItem(errors, path, item);
  });
  return errors;
}

function checkType(errors: Errors, path: string, type: string): void {
  const messages = isQualifiedName(type);
  pushInvalid(errors, path, type, messages);
  if (messages.length > 0 || type.includes('/') || TYPES.includes(type)) return;
  errors.push(fieldError.invalid(path, type, 'must be a standard limit type or fully qualified'));
}

function checkItem(errors: Errors, path: string, item: LimitRangeItem): void {
  const isPod = item.type === 'Pod';
  checkNames(errors, `${path}.max`, item.type, item.max);
  checkNames(errors, `${path}.min`, item.type, item.min);
  if (isPod) checkPodHasNoDefaults(errors, path, item);
  else {
    checkNames(errors, `${path}.default`, item.type, item.default);
    checkNames(errors, `${path}.defaultRequest`, item.type, item.defaultRequest);
  }
  if (item.type === 'PersistentVolumeClaim' && item.min?.storage === undefined && item.max?.storage === undefined) {
    errors.push(fieldError.required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided'));
  }
  checkNames(errors, `${path}.maxLimitRequestRatio`, item.type, item.maxLimitRequestRatio);
  const { max, min, maxLimitRequestRatio: ratio } = item;
  const defaults = isPod ? undefined : item.default;
  const requests = isPod ? undefined : item.defaultRequest;
  const names = new Set([max, min, defaults, requests, ratio].flatMap((amounts) => keysOf(amounts)));
  for (const name of names) {
    const of = (amounts: Amounts): Quantity | undefined => (amounts?.[name] === undefined ? undefined : parseQuantity(amounts[name]));
    const bounds = { name, max: of(max), min: of(min), limit: of(defaults), request: of(requests), ratio: of(ratio) };
    checkBounds(errors, path, bounds);
    checkRatio(errors, path, bounds);
    checkOvercommit(errors, path, bounds);
  }
}

function checkPodHasNoDefaults(errors: Errors, path: string, item: LimitRangeItem): void {
  for (const field of ['default', 'defaultRequest'] as const) {
    if (keysOf(item[field]).length > 0) errors.push(fieldError.forbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'"));
  }
}

function checkNames(errors: Errors, path: string, type: string, amounts: Amounts): void {
  const check = type === 'Pod' || type === 'Container' ? checkContainerResourceName : checkResourceName;
  for (const name of keysOf(amounts)) check(errors, `${path}[${name}]`, name);
}

interface Bounds {
  readonly name: string;
  readonly max: Quantity | undefined;
  readonly min: Quantity | undefined;
  readonly limit: Quantity | undefined;
  readonly request: Quantity | undefined;
  readonly ratio: Quantity | undefined;
}

const isAbove = (a: Quantity | undefined, b: Quantity | undefined): boolean => a !== undefined && b !== undefined && a.cmp(b) > 0;

function checkBounds(errors: Errors, path: string, { name, max, min, limit, request }: Bounds): void {
  const invalid = (field: string, value: Quantity | undefined, why: string) =>
    errors.push(fieldError.invalid(`${path}.${field}[${name}]`, String(value), why));
  if (isAbove(min, max)) invalid('min', min, `min value ${min} is greater than max value ${max}`);
  if (isAbove(min, request)) invalid('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
  if (isAbove(request, max)) invalid('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
  if (isAbove(request, limit))
    invalid('defaultRequest', request, `default request value ${request} is greater than default limit value ${limit}`);
  if (isAbove(min, limit)) invalid('default', min, `min value ${min} is greater than default value ${limit}`);
  if (isAbove(limit, max)) invalid('default', max, `default value ${limit} is greater than max value ${max}`);
}

function checkOvercommit(errors: Errors, path: string, { name, limit, request }: Bounds): void {
  if (isOvercommitAllowed(name) || !limit || !request || limit.cmp(request) === 0) return;
  const why = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
  errors.push(fieldError.invalid(`${path}.defaultRequest[${name}]`, String(request), why));
}

function checkRatio(errors: Errors, path: string, { name, max, min, ratio }: Bounds): void {
  if (!ratio) return;
  const at = `${path}.maxLimitRequestRatio[${name}]`;
  if (ratio.cmp(parseQuantity('1')) < 0) errors.push(fieldError.invalid(at, String(ratio), `ratio ${ratio} is less than 1`));
  if (!min || !max) return;
  const isSmall = [ratio, min, max].every((amount) => amount.value() < MILLI_VALUE_MAX);
  const wanted = isSmall ? ratio.milli() / 1000 : ratio.value();
  const possible = isSmall ? max.milli() / min.milli() : max.value() / min.value();
  if (wanted <= possible) return;
  errors.push(fieldError.invalid(at, String(ratio), `ratio ${ratio} is greater than max/min = ${possible.toFixed(6)}`));
}
