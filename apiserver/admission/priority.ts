import { apiError } from '../../api/index.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { onPods } from './pods.ts';

/** The classes every cluster has (upstream: `pkg/apis/scheduling/v1/helpers.go`). */
const SYSTEM_CLASSES: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);

/** Gives a pod the number its class stands for. Upstream: `plugin/pkg/admission/priority`. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  admit: onPods(['CREATE'], (_context, { kind, name, pod }) => {
    const { priorityClassName = '' } = pod.spec;
    const computed = priorityClassName === '' ? 0 : SYSTEM_CLASSES.get(priorityClassName);
    if (computed === undefined) throw apiError.forbidden(kind, name, `no PriorityClass with name ${priorityClassName} was found`);
    if (pod.spec.priority !== undefined && pod.spec.priority !== computed) {
      const why = `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`;
      throw apiError.forbidden(kind, name, why);
    }
    pod.spec.priority = computed;
    pod.spec.preemptionPolicy ??= 'PreemptLowerPriority';
  }),
};
