import {
  type FieldError,
  fieldError,
  isDns1123Label,
  isExtendedResource,
  isNativeResource,
  isQualifiedName,
  parseQuantity,
  type ResourceRequirements,
} from '../../api/index.ts';
import { type Errors, keysOf, listOf, NEGATIVE_MESSAGE, pushInvalid } from './field-errors.ts';
import {
  isHugePages,
  isIntegerResource,
  isOvercommitAllowed,
  isPodLevelResource,
  isStandardContainerResource,
  isStandardResource,
  isWholePages,
  POD_LEVEL_RESOURCES,
} from './resource-names.ts';

type NameCheck = (errors: Errors, path: string, name: string) => void;

/** Requests and limits of a container (or, with only limits, a pod's overhead). */
export function checkContainerResources(
  errors: Errors,
  path: string,
  resources: ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
): void {
  if (!resources) return;
  if (resources.limits || resources.requests) checkAmounts(errors, path, resources, checkContainerResourceName);
  if (resources.claims) checkClaims(errors, `${path}.claims`, resources.claims, claimNames);
}

/** Requests and limits of a pod as a whole. */
export function checkPodLevelResources(
  errors: Errors,
  path: string,
  resources: ResourceRequirements,
  claimNames: ReadonlySet<string>,
): void {
  checkAmounts(errors, path, resources, checkPodLevelResourceName);
  if (resources.claims) checkClaims(errors, `${path}.claims`, resources.claims, claimNames);
}

/** Below zero, or a fraction of what is counted. */
export function checkAmount(errors: Errors, path: string, name: string, amount: string): void {
  if (amount.startsWith('-')) errors.push(fieldError.invalid(path, amount, NEGATIVE_MESSAGE));
  if (isIntegerResource(name) && parseQuantity(amount).milli() % 1000 !== 0) {
    errors.push(fieldError.invalid(path, amount, 'must be an integer'));
  }
}

function checkAmounts(errors: Errors, path: string, { limits, requests }: ResourceRequirements, checkName: NameCheck): void {
  for (const name of keysOf(limits))
    checkNamedAmount(errors, `${path}.limits[${name}]`, { name, amount: limits?.[name] ?? '0', checkName });
  for (const name of keysOf(requests)) {
    const amount = requests?.[name] ?? '0';
    checkNamedAmount(errors, `${path}.requests[${name}]`, { name, amount, checkName }, () =>
      checkAgainstLimit(errors, path, { name, amount, limit: limits?.[name] }),
    );
  }
  const names = [...keysOf(limits), ...keysOf(requests)];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    errors.push(fieldError.forbidden(path, 'HugePages require cpu or memory'));
  }
}

interface NamedAmount {
  readonly name: string;
  readonly amount: string;
  readonly checkName: NameCheck;
}

function checkNamedAmount(errors: Errors, path: string, { name, amount, checkName }: NamedAmount, then?: () => void): void {
  checkName(errors, path, name);
  checkAmount(errors, path, name, amount);
  then?.();
  if (isHugePages(name) && !isWholePages(name, amount)) {
    errors.push(fieldError.invalid(path, amount, `${amount} is not positive integer multiple of ${name}`));
  }
}

interface Request {
  readonly name: string;
  readonly amount: string;
  readonly limit: string | undefined;
}

function checkAgainstLimit(errors: Errors, path: string, { name, amount, limit }: Request): void {
  if (limit === amount) return;
  const overcommit = isOvercommitAllowed(name);
  if (limit === undefined) {
    if (!overcommit) errors.push(fieldError.required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    return;
  }
  const order = parseQuantity(amount).cmp(parseQuantity(limit));
  if (order !== 0 && !overcommit) {
    errors.push(fieldError.invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`));
  } else if (order > 0) {
    errors.push(fieldError.invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`));
  }
}

/** A name that may stand in any list of resources. Returns whether it may. */
export function checkResourceName(errors: Errors, path: string, name: string): boolean {
  const messages = isQualifiedName(name);
  pushInvalid(errors, path, name, messages);
  if (messages.length > 0) return false;
  if (name.includes('/') || isStandardResource(name)) return true;
  errors.push(fieldError.invalid(path, name, 'must be a standard resource type or fully qualified'));
  return false;
}

export function checkContainerResourceName(errors: Errors, path: string, name: string): void {
  if (name === 'cpu' || name === 'memory') return;
  checkResourceName(errors, path, name);
  if (!name.includes('/')) {
    if (!isStandardContainerResource(name)) errors.push(fieldError.invalid(path, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(fieldError.invalid(path, name, "doesn't follow extended resource name standard"));
  }
}

function checkPodLevelResourceName(errors: Errors, path: string, name: string): void {
  if (checkResourceName(errors, path, name) && !isPodLevelResource(name)) {
    errors.push(fieldError.notSupported(path, name, POD_LEVEL_RESOURCES));
  }
}

type Claims = NonNullable<ResourceRequirements['claims']>;

function checkClaims(errors: Errors, path: string, claims: Claims, claimNames: ReadonlySet<string>): void {
  const seen = new Set<string>();
  listOf(claims).forEach((claim, i) => {
    const at = `${path}[${i}]`;
    if (claim.name === '') {
      errors.push(fieldError.required(at));
      return;
    }
    checkUniqueClaim(errors, at, claim, seen);
    if (!claimNames.has(claim.name)) errors.push(unknownClaim(at, claim.name, claimNames));
  });
}

function checkUniqueClaim(errors: Errors, path: string, { name, request }: Claims[number], seen: Set<string>): void {
  if (seen.has(name)) {
    errors.push(fieldError.duplicate(path, name));
    return;
  }
  if (request) pushInvalid(errors, `${path}.request`, request, isDns1123Label(request));
  const key = request ? `${name}/${request}` : name;
  if (seen.has(key)) errors.push(fieldError.duplicate(path, key));
  else if (!request) for (const other of seen) if (other.startsWith(`${name}/`)) errors.push(fieldError.duplicate(path, name));
  seen.add(key);
}

function unknownClaim(path: string, name: string, claimNames: ReadonlySet<string>): FieldError {
  const known = claimNames.size === 0 ? ' which is empty' : `: ${[...claimNames].sort().join(', ')}`;
  const error = fieldError.notFound(path, name);
  return { ...error, body: `${error.body}: must be one of the names in pod.spec.resourceClaims${known}` };
}
