import type { Container } from '../core/v1/container.ts';
import type { Pod } from '../core/v1/pod.ts';
import type { PodAffinityTerm, WeightedPodAffinityTerm } from '../core/v1/pod-affinity.ts';
import type { ScopedResourceSelectorRequirement } from '../core/v1/quota.ts';
import type { KubeObject } from '../object.ts';
import type { Quantity } from '../quantity.ts';
import { isExtendedResource, isNativeResource } from '../resource-names.ts';
import { isPodLevelResource, podLimits, podRequests, qosClassOf, type ResourceList } from '../resources.ts';
import { matchesValues, ONE, type QuotaEvaluator } from './evaluator.ts';

const COUNT = 'count/pods';
const PODS = 'pods';
const REQUESTS = 'requests.';
const LIMITS = 'limits.';
const HUGE_PAGES = 'hugepages-';
/** Resources that quotas limit both requests and limits of. */
const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'] as const;
/** Resources that each container has to say something of where they are limited: upstream's early mistake, kept. */
const DEMANDED: ReadonlySet<string> = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);
const PLAIN: ReadonlySet<string> = new Set([COUNT, PODS, ...COMPUTE.flatMap((name) => [name, `${REQUESTS}${name}`, `${LIMITS}${name}`])]);

/** What pods use. Upstream: `pkg/quota/v1/evaluator/core/pods.go`. */
export const podQuota: QuotaEvaluator = {
  handles: ({ operation, subresource, object, old }) =>
    (operation === 'CREATE' && subresource === '') ||
    (operation === 'UPDATE' && (subresource === 'resize' || (subresource === '' && changesScope(object, old)))),
  matchingResources: (names) =>
    names.filter(
      (name) =>
        PLAIN.has(name) ||
        name.startsWith(HUGE_PAGES) ||
        name.startsWith(`${REQUESTS}${HUGE_PAGES}`) ||
        (name.startsWith(REQUESTS) && !isNativeResource(name)),
    ),
  matchesScope: (scope, object) => isInScope(scope, asPod(object)),
  missing: (required, object) => missingOf(required, asPod(object)),
  usage: (object, now) => usageOf(asPod(object), now),
};

/** The evaluator is asked about pods alone. */
const asPod = (object: KubeObject): Pod => object as Pod;

/** `count/pods` counts what is stored; everything else goes with the life of the pod. */
function usageOf(pod: Pod, now: number): ResourceList {
  const usage = new Map<string, Quantity>([[COUNT, ONE]]);
  if (isOver(pod, now)) return usage;
  const requests = podRequests(pod, { useStatus: true });
  return computeUsage(usage, requests, podLimits(pod, { useStatus: true }));
}

/** Ended, or stuck on its way out beyond its grace. Upstream: `QuotaV1Pod`. */
function isOver({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (!deletionTimestamp || deletionGracePeriodSeconds === undefined) return false;
  return now > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

/** Amounts as quotas name them. Upstream: `podComputeUsageHelper`. */
function computeUsage(usage: Map<string, Quantity>, requests: ResourceList, limits: ResourceList): Map<string, Quantity> {
  usage.set(PODS, ONE);
  for (const name of COMPUTE) {
    const request = requests.get(name);
    if (request) usage.set(name, request).set(`${REQUESTS}${name}`, request);
    const limit = limits.get(name);
    if (limit) usage.set(`${LIMITS}${name}`, limit);
  }
  for (const [name, request] of requests) {
    if (name.startsWith(HUGE_PAGES)) usage.set(name, request).set(`${REQUESTS}${name}`, request);
    if (isExtendedResource(name)) usage.set(`${REQUESTS}${name}`, request);
  }
  return usage;
}

function isInScope(scope: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return qosClassOf(pod) === 'BestEffort';
    case 'NotBestEffort':
      return qosClassOf(pod) !== 'BestEffort';
    case 'PriorityClass':
      return matchesValues(scope, pod.spec.priorityClassName ? [pod.spec.priorityClassName] : []);
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(pod);
    default:
      return false;
  }
}

/** Nothing else that a scope goes by can change. */
const changesScope = (object: KubeObject | undefined, old: KubeObject | undefined): boolean =>
  object !== undefined && old !== undefined && isTerminating(asPod(object)) !== isTerminating(asPod(old));

const isTerminating = ({ spec }: Pod): boolean => (spec.activeDeadlineSeconds ?? -1) >= 0;

function reachesOtherNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  return [podAffinity, podAntiAffinity].some(
    (affinity) =>
      affinity?.requiredDuringSchedulingIgnoredDuringExecution?.some(leavesNamespace) ||
      affinity?.preferredDuringSchedulingIgnoredDuringExecution?.some(({ podAffinityTerm }: WeightedPodAffinityTerm) =>
        leavesNamespace(podAffinityTerm),
      ),
  );
}

const leavesNamespace = ({ namespaces, namespaceSelector }: PodAffinityTerm): boolean =>
  (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined;

/** Which containers do not say what they use of limited resources: `must specify cpu for: a,b; memory for: a`. */
function missingOf(required: readonly string[], pod: Pod): string | undefined {
  const demanded = required.filter((name) => DEMANDED.has(name)).sort();
  if (demanded.length === 0 || hasPodLevelResources(pod)) return undefined;
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const said = containers.map((container) => ({ name: container.name, resources: namesSaid(container) }));
  const parts = demanded.flatMap((resource) => {
    const silent = said.filter(({ resources }) => !resources.has(resource)).map(({ name }) => name);
    return silent.length === 0 ? [] : [`${resource} for: ${[...new Set(silent)].sort().join(',')}`];
  });
  return parts.length === 0 ? undefined : `must specify ${parts.join('; ')}`;
}

function namesSaid({ resources }: Container): ReadonlySet<string> {
  const requests = Object.keys(resources?.requests ?? {});
  const limits = Object.keys(resources?.limits ?? {});
  return new Set([...requests, ...requests.map((name) => `${REQUESTS}${name}`), ...limits.map((name) => `${LIMITS}${name}`)]);
}

const hasPodLevelResources = ({ spec: { resources } }: Pod): boolean =>
  [...Object.keys(resources?.requests ?? {}), ...Object.keys(resources?.limits ?? {})].some(isPodLevelResource);
