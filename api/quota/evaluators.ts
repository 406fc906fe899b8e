import type { KindInfo } from '../kind-info.ts';
import { objectCount, objectCountName, type QuotaEvaluator } from './evaluator.ts';
import { persistentVolumeClaimQuota } from './persistent-volume-claims.ts';
import { podQuota } from './pods.ts';
import { resourceClaimQuota } from './resource-claims.ts';
import { serviceQuota } from './services.ts';

type Kind = Pick<KindInfo, 'group' | 'resource'>;

/** Kinds of which more than the number counts. */
const OWN: ReadonlyMap<string, QuotaEvaluator> = new Map([
  ['/pods', podQuota],
  ['/services', serviceQuota],
  ['/persistentvolumeclaims', persistentVolumeClaimQuota],
  ['resource.k8s.io/resourceclaims', resourceClaimQuota],
]);

/** Kinds whose number also goes by the name it had before `count/`. */
const ALIASED: readonly string[] = ['/configmaps', '/resourcequotas', '/replicationcontrollers', '/secrets'];

/** No quota counts these. Upstream: `DefaultIgnoredResources`. */
const UNCOUNTED = '/events';

/**
 * How quotas count the objects of a kind: any kind, custom ones too. Undefined for what is not counted. Upstream:
 * `pkg/quota/v1/evaluator/core/registry.go`, `pkg/quota/v1/install/registry.go`.
 */
export function quotaEvaluatorOf(kind: Kind): QuotaEvaluator | undefined {
  const key = `${kind.group}/${kind.resource}`;
  if (key === UNCOUNTED) return undefined;
  return OWN.get(key) ?? objectCount([objectCountName(kind), ...(ALIASED.includes(key) ? [kind.resource] : [])]);
}
