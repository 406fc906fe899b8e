// PodDisruptionBudgets as policy/v1beta1 has them: there an empty selector selects no pods, and a label that no pod has stands for what the
// other version calls empty. Upstream: `pkg/apis/policy/v1beta1/conversion.go`, `pkg/apis/policy/helper.go` (1.21 to 1.24).
import { type KubeObject, type LabelSelector, type PodDisruptionBudget, policyKinds } from '../../../api/index.ts';
import { cloneJson, olderKinds } from '../../../api/schema.ts';
import { rulesOfView, type VersionRules, type VersionView } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { normalForm } from '../normal-form.ts';

const LABEL = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';
/** Selects nothing in policy/v1. */
const NOTHING: LabelSelector = { matchExpressions: [{ key: LABEL, operator: 'Exists' }] };
/** Selects everything in policy/v1beta1. */
const EVERYTHING: LabelSelector = { matchExpressions: [{ key: LABEL, operator: 'DoesNotExist' }] };
/** Selects everything in policy/v1, and nothing in policy/v1beta1. */
const EMPTY: LabelSelector = {};

export const podDisruptionBudgetV1beta1 = (rules: VersionRules<PodDisruptionBudget>): VersionView => ({
  rules: rulesOfView(rules),
  toStored: (object) => {
    const budget = normalForm<PodDisruptionBudget>(policyKinds.poddisruptionbudgets, object);
    const { selector } = budget.spec;
    if (isEmpty(selector)) budget.spec.selector = cloneJson(NOTHING);
    else if (semanticEqual(selector, EVERYTHING)) budget.spec.selector = cloneJson(EMPTY);
    else withoutLabel(selector);
    return budget;
  },
  fromStored: (object) => {
    const budget = normalForm<PodDisruptionBudget>(olderKinds.poddisruptionbudgetsV1beta1, object);
    const { selector } = budget.spec;
    if (isEmpty(selector)) budget.spec.selector = cloneJson(EVERYTHING);
    else if (semanticEqual(selector, NOTHING)) budget.spec.selector = cloneJson(EMPTY);
    return budget;
  },
  // There are none in either version.
  setDefaults: (_object: KubeObject) => undefined,
});

/** In policy/v1 the label never stands beside what users say. Upstream: `pkg/apis/policy/v1/conversion.go`. */
export function stripLabel({ spec: { selector } }: PodDisruptionBudget): void {
  if (!semanticEqual(selector, NOTHING)) withoutLabel(selector);
}

const isEmpty = (selector: LabelSelector | undefined): boolean =>
  selector !== undefined && listOf(selector.matchExpressions).length === 0 && Object.keys(selector.matchLabels ?? {}).length === 0;

function withoutLabel(selector: LabelSelector | undefined): void {
  if (!selector?.matchExpressions) return;
  const kept = selector.matchExpressions.filter(({ key }) => key !== LABEL);
  if (kept.length > 0) selector.matchExpressions = kept;
  else delete selector.matchExpressions;
}
