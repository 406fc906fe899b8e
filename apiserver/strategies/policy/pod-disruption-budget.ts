import { type FieldError, fieldError, type PodDisruptionBudget, type PodDisruptionBudgetSpec, policyKinds } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { checkConditions } from '../../validation/conditions.ts';
import { checkChoiceOf, checkNonnegative, type Errors } from '../../validation/field-errors.ts';
import { goPart } from '../../validation/go-struct.ts';
import { checkLabelSelector } from '../../validation/meta.ts';
import { checkAtMostAll, checkIntOrPercent, type IntOrPercent } from '../../validation/workload.ts';
import { ageOf, raiseGeneration, strategyOf, updateOf } from '../shared.ts';
import { podDisruptionBudgetV1beta1, stripLabel } from './v1beta1-view.ts';

const EVICTION_POLICIES: readonly string[] = ['AlwaysAllow', 'IfHealthyBudget'];

/** Upstream: `pkg/registry/policy/poddisruptionbudget`, `pkg/apis/policy/validation`. */
export const podDisruptionBudgetStrategy: Strategy<PodDisruptionBudget> = strategyOf<PodDisruptionBudget>({
  // Upstream's own validation leaves the metadata alone: what is asked of all kinds is asked of budgets, after it.
  validatesMetadata: true,
  setDefaults: stripLabel,
  // The older version takes counts below nothing in its status.
  views: { 'policy/v1beta1': podDisruptionBudgetV1beta1({ subresources: { status: statusUpdate(conditionErrors) } }) },
  // Who changes one, evictions among them, must have seen its last state.
  allowUnconditionalUpdate: false,
  prepareForCreate: (_context, budget) => {
    budget.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
    budget.metadata.generation = 1;
  },
  validateCreate: (_context, { spec }) => validate(spec),
  prepareForUpdate: (_context, budget, old) => {
    budget.status = old.status;
    raiseGeneration(budget, old);
  },
  validateUpdate: (_context, { spec }) => validate(spec),
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    amountCell(spec.minAvailable),
    amountCell(spec.maxUnavailable),
    status.disruptionsAllowed,
    ageOf(metadata.creationTimestamp, now),
  ],
  subresources: {
    status: statusUpdate((budget) => {
      const errors = conditionErrors(budget);
      const { status } = budget;
      checkNonnegative(errors, 'status.disruptionsAllowed', status.disruptionsAllowed);
      checkNonnegative(errors, 'status.currentHealthy', status.currentHealthy);
      checkNonnegative(errors, 'status.desiredHealthy', status.desiredHealthy);
      checkNonnegative(errors, 'status.expectedPods', status.expectedPods);
      return errors;
    }),
  },
});

function statusUpdate(validate: (budget: PodDisruptionBudget) => Errors) {
  return updateOf<PodDisruptionBudget>({
    prepareForUpdate: (_context, budget, old) => {
      budget.spec = old.spec;
    },
    validateUpdate: (_context, budget) => validate(budget),
  });
}

function conditionErrors({ status }: PodDisruptionBudget): Errors {
  const errors: Errors = [];
  checkConditions(errors, 'status.conditions', status.conditions);
  return errors;
}

const amountCell = (amount: IntOrPercent): string => (amount === undefined ? 'N/A' : String(amount));

function validate(spec: PodDisruptionBudgetSpec): FieldError[] {
  const errors: Errors = [];
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const value = goPart(policyKinds.poddisruptionbudgets, ['spec'], spec);
    errors.push(fieldError.invalid('spec', value, 'minAvailable and maxUnavailable cannot be both set'));
  }
  checkIntOrPercent(errors, 'spec.minAvailable', minAvailable);
  checkAtMostAll(errors, 'spec.minAvailable', minAvailable);
  checkIntOrPercent(errors, 'spec.maxUnavailable', maxUnavailable);
  checkAtMostAll(errors, 'spec.maxUnavailable', maxUnavailable);
  checkLabelSelector(errors, 'spec.selector', selector);
  if (unhealthyPodEvictionPolicy !== undefined) {
    checkChoiceOf(errors, 'spec.unhealthyPodEvictionPolicy', unhealthyPodEvictionPolicy, EVICTION_POLICIES);
  }
  return errors;
}
