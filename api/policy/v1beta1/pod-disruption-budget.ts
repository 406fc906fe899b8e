import { labelSelector } from '../../meta/v1/selector.ts';
import { ref } from '../../schema/fields.ts';
import { otherVersion } from '../../schema/other-version.ts';
import { type PodDisruptionBudget, podDisruptionBudget as present } from '../v1/pod-disruption-budget.ts';

/** The same fields; what an empty selector means differs, and how a patch treats it. */
export const podDisruptionBudget = otherVersion<PodDisruptionBudget>(present, {
  from: 'io.k8s.api.policy.v1.',
  to: 'io.k8s.api.policy.v1beta1.',
  fields: {
    PodDisruptionBudgetSpec: { selector: ref(labelSelector, 2, 'Pods it protects; an empty selector is none.', { pointer: true }) },
  },
});
