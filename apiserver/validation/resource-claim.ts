// Claims for devices: upstream's `pkg/apis/resource/validation/validation.go` of 1.34.
import {
  type DeviceClaim,
  type DeviceConstraint,
  type DeviceRequest,
  type DeviceSubRequest,
  type DeviceToleration,
  type ExactDeviceRequest,
  fieldError,
  isDns1123Subdomain,
  isValidLabelValue,
} from '../../api/index.ts';
import { CONFIG_MAX, checkConfiguration, checkFullyQualifiedName, checkLabel, checkSelectors } from './device.ts';
import { checkList, checkSet } from './device-lists.ts';
import { checkChoiceOf, type Errors, isEmpty, listOf, NOT_POSITIVE_MESSAGE, pushInvalid } from './field-errors.ts';
import { checkLabelName } from './meta.ts';

export const REQUESTS_MAX = 32;
const CONSTRAINTS_MAX = 32;
const ALTERNATIVES_MAX = 8;
const NO_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
const ONE_OF = 'exactly one of `exactly` or `firstAvailable` is required';

/** The requests of a claim, each with its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export const requestNamesOf = ({ requests }: Partial<DeviceClaim> = {}): RequestNames =>
  new Map(listOf(requests).map(({ name, firstAvailable }) => [name, new Set(listOf(firstAvailable).map((each) => each.name))]));

/** @param stored it cannot be changed any more: what is there may go beyond what new claims may. */
export function checkDeviceClaim(errors: Errors, path: string, claim: Partial<DeviceClaim> | undefined, stored: boolean): void {
  const names = requestNamesOf(claim);
  checkSet(errors, `${path}.requests`, claim?.requests, { max: REQUESTS_MAX, item: checkRequest, key: ({ name }) => name, at: '.name' });
  checkList(errors, `${path}.constraints`, claim?.constraints, {
    max: CONSTRAINTS_MAX,
    item: (_errors, at, constraint) => checkConstraint(errors, at, constraint, names),
  });
  checkList(errors, `${path}.config`, claim?.config, {
    max: CONFIG_MAX,
    item: (_errors, at, config) => {
      checkRequestRefs(errors, `${at}.requests`, config.requests, names);
      checkConfiguration(errors, at, config, stored);
    },
  });
}

function checkRequest(errors: Errors, path: string, { name, exactly, firstAvailable }: DeviceRequest): void {
  checkLabel(errors, `${path}.name`, name);
  const hasAlternatives = listOf(firstAvailable).length > 0;
  if (hasAlternatives) {
    checkSet(errors, `${path}.firstAvailable`, firstAvailable, {
      max: ALTERNATIVES_MAX,
      item: checkAlternative,
      key: (each) => each.name,
      at: '.name',
    });
  }
  if (exactly) checkWanted(errors, `${path}.exactly`, exactly);
  if (!exactly && !hasAlternatives) errors.push(fieldError.required(path, ONE_OF));
  if (exactly && hasAlternatives) errors.push(fieldError.invalid(path, null, `${ONE_OF}, but multiple fields are set`));
}

function checkAlternative(errors: Errors, path: string, request: DeviceSubRequest): void {
  checkLabel(errors, `${path}.name`, request.name);
  checkWanted(errors, path, request);
}

function checkWanted(errors: Errors, path: string, request: ExactDeviceRequest | DeviceSubRequest): void {
  const { deviceClassName, selectors, allocationMode = '', count = 0 } = request;
  const at = `${path}.deviceClassName`;
  if (isEmpty(deviceClassName)) errors.push(fieldError.required(at));
  else pushInvalid(errors, at, deviceClassName, isDns1123Subdomain(deviceClassName));
  checkSelectors(errors, `${path}.selectors`, selectors);
  checkAllocation(errors, path, { mode: allocationMode, count: Number(count) });
  listOf(request.tolerations).forEach((toleration, i) => {
    checkToleration(errors, `${path}.tolerations[${i}]`, toleration);
  });
}

function checkToleration(errors: Errors, path: string, { key = '', operator = '', value = '', effect }: DeviceToleration): void {
  if (key !== '') checkLabelName(errors, `${path}.key`, key);
  if (operator === 'Exists') {
    if (value !== '') errors.push(fieldError.invalid(`${path}.value`, value, 'must be empty for operator `Exists`'));
  } else if (operator === 'Equal') {
    pushInvalid(errors, `${path}.value`, value, isValidLabelValue(value));
  } else {
    checkChoiceOf(errors, `${path}.operator`, operator, ['Equal', 'Exists']);
  }
  if (effect) checkChoiceOf(errors, `${path}.effect`, effect, ['NoExecute', 'NoSchedule']);
}

function checkAllocation(errors: Errors, path: string, { mode, count }: { mode: string; count: number }): void {
  switch (mode) {
    case 'All':
      if (count !== 0) errors.push(fieldError.invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'"));
      break;
    case 'ExactCount':
      if (count <= 0) errors.push(fieldError.invalid(`${path}.count`, count, NOT_POSITIVE_MESSAGE));
      break;
    default:
      errors.push(fieldError.notSupported(`${path}.allocationMode`, mode, ['All', 'ExactCount']));
  }
}

function checkConstraint(errors: Errors, path: string, constraint: DeviceConstraint, names: RequestNames): void {
  const { requests, matchAttribute, distinctAttribute } = constraint;
  checkRequestRefs(errors, `${path}.requests`, requests, names);
  if (matchAttribute !== undefined) checkFullyQualifiedName(errors, `${path}.matchAttribute`, matchAttribute);
  else if (distinctAttribute !== undefined) checkFullyQualifiedName(errors, `${path}.distinctAttribute`, distinctAttribute);
  else errors.push(fieldError.required(`${path}.matchAttribute`));
}

/** Names of requests in the claim, each once. */
export function checkRequestRefs(errors: Errors, path: string, refs: readonly string[] | undefined, names: RequestNames): void {
  checkSet(errors, path, refs, {
    max: REQUESTS_MAX,
    item: (_errors, at, ref) => checkRequestRef(errors, at, ref, names),
    key: (ref) => ref,
  });
}

/** `REQUEST` or `REQUEST/ALTERNATIVE`. */
export function checkRequestRef(errors: Errors, path: string, ref: string, names: RequestNames): void {
  const parts = ref.split('/');
  const [request = '', alternative] = parts;
  if (parts.length <= 2) for (const part of parts) checkLabel(errors, path, part);
  const isKnown = parts.length <= 2 && names.has(request) && (alternative === undefined || names.get(request)?.has(alternative));
  if (!isKnown) errors.push(fieldError.invalid(path, ref, NO_REQUEST));
}
