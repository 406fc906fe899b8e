// What kinds of storage.k8s.io share: upstream's `pkg/apis/storage/validation/validation.go` and `pkg/apis/core/validation`.
import {
  fieldError,
  isDns1123Subdomain,
  isQualifiedName,
  parseQuantity,
  type TopologySelectorTerm,
  ZERO_QUANTITY,
} from '../../api/index.ts';
import { bytesOf, type Errors, keysOf, listOf, NEGATIVE_MESSAGE, pushInvalid } from './field-errors.ts';
import { checkLabelName } from './meta.ts';

const PARAMETERS_MAX = 512;
/** Of all keys and values of a map that only a driver understands. */
export const MAP_BYTES_MAX = 256 * 1024;
const DRIVER_NAME_MAX = 63;

type StringMap = Readonly<Record<string, string>> | undefined;

export function checkProvisioner(errors: Errors, path: string, provisioner: string): void {
  const name = provisioner.toLowerCase();
  if (name === '') errors.push(fieldError.required(path));
  else pushInvalid(errors, path, name, isQualifiedName(name));
}

export function checkParameters(errors: Errors, path: string, parameters: StringMap, mayBeEmpty: boolean): void {
  const keys = keysOf(parameters);
  if (!mayBeEmpty && keys.length === 0) errors.push(fieldError.required(path, 'must contain at least one key/value pair'));
  else if (keys.length > PARAMETERS_MAX) errors.push(fieldError.tooLong(path, PARAMETERS_MAX));
  else checkStringMap(errors, path, parameters);
}

/** A map of texts that only a driver understands: no empty key, and not too big as a whole. */
export function checkStringMap(errors: Errors, path: string, map: StringMap): void {
  for (const key of keysOf(map)) if (key === '') errors.push(fieldError.invalid(path, key, 'field can not be empty.'));
  checkMapSize(errors, path, map);
}

export function checkMapSize(errors: Errors, path: string, map: StringMap): void {
  const bytes = keysOf(map).reduce((sum, key) => sum + bytesOf(key) + bytesOf(map?.[key] ?? ''), 0);
  if (bytes > MAP_BYTES_MAX) errors.push(fieldError.tooLong(path, MAP_BYTES_MAX));
}

/** Upstream: `ValidateCSIDriverName`. */
export function checkCsiDriverName(errors: Errors, path: string, name: string): void {
  if (name === '') errors.push(fieldError.required(path));
  if (name.length > DRIVER_NAME_MAX) errors.push(fieldError.tooLong(path, DRIVER_NAME_MAX));
  pushInvalid(errors, path, name, isDns1123Subdomain(name.toLowerCase()));
}

export function checkNonnegativeQuantity(errors: Errors, path: string, amount: string | undefined): void {
  if (amount !== undefined && parseQuantity(amount).cmp(ZERO_QUANTITY) < 0) errors.push(fieldError.invalid(path, amount, NEGATIVE_MESSAGE));
}

/** Upstream: `validateAllowedTopologies`, `ValidateTopologySelectorTerm`. */
export function checkAllowedTopologies(errors: Errors, path: string, terms: readonly TopologySelectorTerm[] | undefined): void {
  // Upstream's list of those it has seen begins with as many empty ones: a term that says nothing repeats each of them.
  const seen = listOf(terms).map(() => SAYS_NOTHING);
  listOf(terms).forEach((term, i) => {
    const at = `${path}[${i}].matchLabelExpressions`;
    const text = checkTerm(errors, at, term);
    for (const _ of seen.filter((other) => other === text)) errors.push(fieldError.duplicate(at, ''));
    seen.push(text);
  });
}

const SAYS_NOTHING = '[]';

/** @returns what the term says, as a text that is the same for terms that say the same. */
function checkTerm(errors: Errors, path: string, { matchLabelExpressions }: TopologySelectorTerm): string {
  const valuesOf = new Map<string, readonly string[]>();
  listOf(matchLabelExpressions).forEach(({ key, values }, i) => {
    const seen = new Set<string>();
    if (listOf(values).length === 0) errors.push(fieldError.required(`${path}[${i}].values`));
    listOf(values).forEach((value, j) => {
      if (seen.has(value)) errors.push(fieldError.duplicate(`${path}[${i}].values[${j}]`, value));
      seen.add(value);
    });
    checkLabelName(errors, `${path}[${i}].key`, key);
    if (valuesOf.has(key)) errors.push(fieldError.duplicate(`${path}[${i}].key`, key));
    valuesOf.set(key, [...seen].sort());
  });
  return JSON.stringify([...valuesOf].sort(([a], [b]) => (a < b ? -1 : 1)));
}
