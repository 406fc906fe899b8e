import type { AppArmorProfile, LabelSelector, Pod, PodAffinity, PodAffinityTerm } from '../../../api/index.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import type { Errors } from '../../validation/field-errors.ts';
import { listOf } from '../../validation/field-errors.ts';
import { APP_ARMOR_PREFIX } from '../../validation/pod-annotations.ts';
import { visitContainers } from '../../validation/pod-os.ts';
import { checkAppArmorProfile } from '../../validation/security-context.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { setPodCondition } from './pod-conditions.ts';

type Labels = Readonly<Record<string, string>> | undefined;

/** A gated pod says so from the start. */
export function addGatedCondition(pod: Pod, now: number): void {
  if (listOf(pod.spec.schedulingGates).length === 0) return;
  const message = 'Scheduling is blocked due to non-empty scheduling gates';
  setPodCondition(pod.status, { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message }, now);
}

/** Label keys of affinity terms and spread constraints become requirements of their selectors, with the pod's own values. */
export function mergeLabelKeys({ spec, metadata: { labels } }: Pod): void {
  mergeAffinityKeys(spec.affinity?.podAffinity, labels);
  mergeAffinityKeys(spec.affinity?.podAntiAffinity, labels);
  for (const { labelSelector, matchLabelKeys } of listOf(spec.topologySpreadConstraints)) {
    if (labelSelector && matchLabelKeys) addRequirements(labelSelector, matchLabelKeys, 'In', labels);
  }
}

function mergeAffinityKeys(affinity: PodAffinity | undefined, labels: Labels): void {
  if (!affinity) return;
  for (const { podAffinityTerm } of listOf(affinity.preferredDuringSchedulingIgnoredDuringExecution))
    mergeTermKeys(podAffinityTerm, labels);
  for (const term of listOf(affinity.requiredDuringSchedulingIgnoredDuringExecution)) mergeTermKeys(term, labels);
}

function mergeTermKeys({ labelSelector, matchLabelKeys, mismatchLabelKeys }: PodAffinityTerm, labels: Labels): void {
  if (!labelSelector) return;
  addRequirements(labelSelector, listOf(matchLabelKeys), 'In', labels);
  addRequirements(labelSelector, listOf(mismatchLabelKeys), 'NotIn', labels);
}

function addRequirements(selector: LabelSelector, keys: readonly string[], operator: 'In' | 'NotIn', labels: Labels): void {
  for (const key of keys) {
    const value = labels?.[key];
    if (value === undefined) continue;
    selector.matchExpressions = [...listOf(selector.matchExpressions), { key, operator, values: [value] }];
  }
}

/** AppArmor annotations of old become fields, with a warning. */
export function applyAppArmorAnnotations(context: RequestContext, pod: Pod): void {
  const { annotations } = pod.metadata;
  if (!annotations || pod.spec.os?.name === 'windows') return;
  const podProfile = pod.spec.securityContext?.appArmorProfile;
  visitContainers(pod.spec, 'spec', (container) => {
    const key = `${APP_ARMOR_PREFIX}${container.name}`;
    const annotation = annotations[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile) return;
    const profile = profileOf(annotation);
    const differs = profile && !semanticEqual(profile, podProfile);
    if (differs) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    if (differs || !profile) {
      context.warn(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
    }
  });
}

/** Nothing for what is no good profile. */
function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!annotation.startsWith('localhost/')) return undefined;
  const profile = { type: 'Localhost', localhostProfile: annotation.slice('localhost/'.length) };
  const errors: Errors = [];
  checkAppArmorProfile(errors, '', profile);
  return errors.length === 0 ? profile : undefined;
}
