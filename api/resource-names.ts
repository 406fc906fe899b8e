// What the names of resources say (pkg/apis/core/helper).
import { isQualifiedName } from './names.ts';

const NATIVE_DOMAIN = 'kubernetes.io/';
const QUOTA_PREFIX = 'requests.';

/** A resource of Kubernetes itself. Upstream: `IsNativeResource`. */
export const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes(NATIVE_DOMAIN);

/** A resource that somebody else defines and nodes offer. Upstream: `IsExtendedResourceName`. */
export const isExtendedResource = (name: string): boolean =>
  !isNativeResource(name) && !name.startsWith(QUOTA_PREFIX) && isQualifiedName(`${QUOTA_PREFIX}${name}`).length === 0;
