import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../core/v1/quota.ts';
import type { KindInfo } from '../kind-info.ts';
import type { KubeObject } from '../object.ts';
import { Quantity } from '../quantity.ts';
import type { ResourceList } from '../resources.ts';

/** A write, as far as quotas look at it. */
export interface QuotaWrite {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  /** `''` for the object itself. */
  readonly subresource: string;
  readonly object?: KubeObject | undefined;
  /** What the object was before. */
  readonly old?: KubeObject | undefined;
}

/**
 * Knows what the objects of a kind use of a quota. Upstream: `quota.Evaluator` (apiserver, `pkg/quota/v1/interfaces.go`). It is the API
 * server that charges a quota and the controller that corrects it: both have to count alike.
 */
export interface QuotaEvaluator {
  /** Whether such a write can change what is used. */
  handles(write: QuotaWrite): boolean;
  /** Those of a quota's resources that objects of the kind use. */
  matchingResources(names: readonly string[]): string[];
  /** Whether an object is in a scope. Absent: the kind has none. */
  matchesScope?(scope: ScopedResourceSelectorRequirement, object: KubeObject): boolean;
  /** What an object fails to say that it must where these resources are limited. */
  missing?(required: readonly string[], object: KubeObject): string | undefined;
  /** Whether all objects use the same, so that it is enough to know how many there are. */
  readonly countsOnly?: boolean | undefined;
  /** What an object uses. @param now milliseconds since the epoch. */
  usage(object: KubeObject, now: number): ResourceList;
}

export const ONE = Quantity.of(1);

/** How quotas count the objects of a kind: `count/deployments.apps`. */
export const objectCountName = ({ group, resource }: Pick<KindInfo, 'group' | 'resource'>): string =>
  group === '' ? `count/${resource}` : `count/${resource}.${group}`;

/** Counts objects. Upstream: `objectCountEvaluator`. @param names what the count goes by. */
export function objectCount(names: readonly string[]): QuotaEvaluator {
  const usage: ResourceList = new Map(names.map((name) => [name, ONE]));
  return {
    handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
    matchingResources: (given) => given.filter((name) => usage.has(name)),
    countsOnly: true,
    usage: () => usage,
  };
}

/** The scopes of a quota, in whichever of the two ways it names them. */
export const scopesOf = ({ spec }: Pick<ResourceQuota, 'spec'>): readonly ScopedResourceSelectorRequirement[] => [
  ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
  ...(spec.scopeSelector?.matchExpressions ?? []),
];

/**
 * Whether the values that an object has for a scope are what a requirement asks for, read as a label selector is. Upstream:
 * `ScopedResourceSelectorRequirementsAsSelector`.
 */
export function matchesValues({ operator, values }: ScopedResourceSelectorRequirement, given: readonly string[]): boolean {
  const wanted = values ?? [];
  switch (operator) {
    case 'Exists':
      return given.length > 0;
    case 'DoesNotExist':
      return given.length === 0;
    case 'In':
      return given.some((value) => wanted.includes(value));
    case 'NotIn':
      return given.length === 0 || given.some((value) => !wanted.includes(value));
    default:
      return false;
  }
}
