import { isExtendedResource, isNativeResource, parseQuantity, type Quantity, QuantityError } from '../../api/index.ts';

// What upstream knows of resource names (pkg/apis/core/helper).

const HUGE_PAGES = 'hugepages-';
const QUOTA_PREFIX = 'requests.';

const CONTAINER_RESOURCES: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

const COUNTED_RESOURCES: readonly string[] = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const INTEGER_RESOURCES: ReadonlySet<string> = new Set(COUNTED_RESOURCES);

const STANDARD_RESOURCES: ReadonlySet<string> = new Set([
  ...CONTAINER_RESOURCES,
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  ...COUNTED_RESOURCES,
  'storage',
  'requests.storage',
]);

const NOT_IN_QUOTAS = 'storage';

/** What a quota may count under a plain name. */
export const isStandardQuotaResource = (name: string): boolean => isStandardResource(name) && name !== NOT_IN_QUOTAS;

/** What a pod may ask for as a whole: names, and how those of huge pages begin. */
export const POD_LEVEL_RESOURCES: readonly string[] = ['cpu', HUGE_PAGES, 'memory'];

export const isHugePages = (name: string): boolean => name.startsWith(HUGE_PAGES);

export const isStandardResource = (name: string): boolean =>
  STANDARD_RESOURCES.has(name) || isHugePages(name) || name.startsWith(`${QUOTA_PREFIX}${HUGE_PAGES}`);

export const isStandardContainerResource = (name: string): boolean => CONTAINER_RESOURCES.has(name) || isHugePages(name);

export const isPodLevelResource = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);

/** Requests may be below limits. */
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePages(name);

/** Counted in whole units. */
export const isIntegerResource = (name: string): boolean => INTEGER_RESOURCES.has(name) || isExtendedResource(name);

/** An amount of huge pages is a whole number of pages; of pages that have no size, nothing is. */
export function isWholePages(name: string, amount: string): boolean {
  const page = readQuantity(name.slice(HUGE_PAGES.length));
  return page !== undefined && page.value() > 0 && page.milli() % 1000 === 0 && parseQuantity(amount).value() % page.value() === 0;
}

function readQuantity(text: string): Quantity | undefined {
  try {
    return parseQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}
