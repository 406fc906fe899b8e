import { isExtendedResource, type Pod, type Toleration } from '../../api/index.ts';
import { semanticEqual } from '../validation/semantic-equal.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { onPods } from './pods.ts';

/**
 * A pod that asks for a device tolerates the taint that keeps others off the nodes that have it. Upstream:
 * `plugin/pkg/admission/extendedresourcetoleration`.
 */
export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  admit: onPods(['CREATE', 'UPDATE'], (_context, { pod }) => {
    for (const key of devicesOf(pod)) tolerate(pod, { key, operator: 'Exists', effect: 'NoSchedule' });
  }),
};

function devicesOf({ spec }: Pod): string[] {
  const asked = [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) => Object.keys(resources?.requests ?? {}));
  return [...new Set(asked.filter(isExtendedResource))].sort();
}

/** Upstream: `AddOrUpdateTolerationInPodSpec`. */
function tolerate({ spec }: Pod, wanted: Toleration): void {
  const present = spec.tolerations ?? [];
  const isMatch = ({ key, operator, effect, value }: Toleration) =>
    key === wanted.key && operator === wanted.operator && effect === wanted.effect && !value;
  if (present.some((toleration) => semanticEqual(toleration, wanted))) return;
  spec.tolerations = present.some(isMatch)
    ? present.map((toleration) => (isMatch(toleration) ? wanted : toleration))
    : [...present, wanted];
}
