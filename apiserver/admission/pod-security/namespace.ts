import { apiError, coreKinds, type KubeObject, type Live, type Namespace, type Pod } from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { checkedPod } from './check.ts';
import type { PodSecurityConfiguration } from './configuration.ts';
import { reasonsOf, violationsOf } from './evaluator.ts';
import {
  compareLevels,
  isEquivalent,
  isFullyPrivileged,
  isSameLevel,
  type LevelVersion,
  levelLabel,
  type Policy,
  PRIVILEGED,
  policyOf,
  type ReadPolicy,
  versionLabel,
  writeLevel,
} from './policy.ts';

/** Pods that are looked at when a namespace becomes stricter. */
const PODS_MAX = 3000;
const DEFAULTS: Policy = { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED };

/** Looks at the labels of namespaces, and at the pods that are there when they change. Upstream: `ValidateNamespace`. */
export class NamespaceCheck {
  readonly #objects: ObjectReader;
  readonly #configuration: PodSecurityConfiguration;

  constructor(objects: ObjectReader, configuration: PodSecurityConfiguration) {
    this.#objects = objects;
    this.#configuration = configuration;
  }

  /** @throws ApiError (422) when labels are wrong that were not before. */
  validate(context: RequestContext, { operation, object, old }: AdmissionAttributes): void {
    const { name = '', labels } = object?.metadata ?? {};
    const next = this.#policyOf(object);
    const before = operation === 'UPDATE' ? this.#policyOf(old) : undefined;
    if (next.errors.length > 0 && writeErrors(next) !== (before ? writeErrors(before) : '')) {
      throw apiError.invalid({ group: '', resource: coreKinds.namespaces.kind }, name, next.errors);
    }
    if (before && !isStricter(next.policy.enforce, before.policy.enforce)) return;
    if (this.#configuration.exemptions.namespaces.includes(name)) this.#warnOfExemption(context, { name, labels, policy: next.policy });
    else if (before) for (const warning of this.#warningsOf(name, next.policy.enforce)) context.warn(warning);
  }

  #policyOf(namespace: KubeObject | undefined): ReadPolicy {
    return policyOf(namespace?.metadata.labels, this.#configuration.defaults);
  }

  #warnOfExemption(
    context: RequestContext,
    { name, labels = {}, policy }: { name: string; labels: Namespace['metadata']['labels']; policy: Policy },
  ): void {
    if (isFullyPrivileged(policy) || isEquivalent(policy, this.#configuration.defaults ?? DEFAULTS)) return;
    const said = (['enforce', 'audit', 'warn'] as const)
      .filter((mode) => policy[mode].level !== 'privileged' && (levelLabel(mode) in labels || versionLabel(mode) in labels))
      .map((mode) => `${mode}=${writeLevel(policy[mode])}`);
    context.warn(`namespace "${name}" is exempt from Pod Security, and the policy (${said.join(', ')}) will be ignored`);
  }

  /** What the pods that are there already do that they could not do now. Upstream: `EvaluatePodsInNamespace`. */
  #warningsOf(namespace: string, enforce: LevelVersion): string[] {
    const pods = this.#inTurn(this.#objects.list<Pod>(coreKinds.pods, namespace));
    const names = new Map<string, string[]>();
    for (const { metadata, spec } of pods.slice(0, PODS_MAX)) {
      const violations = violationsOf(enforce, checkedPod(metadata.annotations, spec));
      if (violations.length === 0) continue;
      const reasons = reasonsOf(violations);
      const others = names.get(reasons);
      if (others) others.push(metadata.name);
      else names.set(reasons, [metadata.name]);
    }
    const warnings: string[] = [];
    if (pods.length > PODS_MAX) {
      warnings.push(`new PodSecurity enforce level only checked against the first ${PODS_MAX} of ${pods.length} existing pods`);
    }
    if (names.size > 0) {
      warnings.push(`existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${writeLevel(enforce)}"`);
    }
    return [...warnings, ...[...names].map(([reasons, of]) => `${writePods(of)}: ${reasons}`).sort()];
  }

  /** Of the pods of one controller, which are much alike, the first comes before all others. */
  #inTurn(pods: readonly Live<Pod>[]): Live<Pod>[] {
    const { runtimeClasses } = this.#configuration.exemptions;
    const seen = new Set<string>();
    const first: Live<Pod>[] = [];
    const rest: Live<Pod>[] = [];
    for (const pod of pods) {
      if (pod.spec.runtimeClassName && runtimeClasses.includes(pod.spec.runtimeClassName)) continue;
      const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller)?.uid;
      (controller !== undefined && seen.has(controller) ? rest : first).push(pod);
      if (controller !== undefined) seen.add(controller);
    }
    return [...first, ...rest];
  }
}

/** Whether pods may now be refused that were not. */
function isStricter(next: LevelVersion, before: LevelVersion): boolean {
  if (isSameLevel(next, before) || next.level === 'privileged') return false;
  return next.version !== before.version || compareLevels(next.level, before.level) > 0;
}

const writeErrors = ({ errors }: ReadPolicy): string => JSON.stringify(errors);

function writePods(names: readonly string[]): string {
  const [first = ''] = [...names].sort();
  if (names.length === 1) return first;
  return names.length === 2 ? `${first} (and 1 other pod)` : `${first} (and ${names.length - 1} other pods)`;
}
