import { type FieldError, fieldError, type PriorityClass } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { checkChoice } from '../../validation/container.ts';
import { type Errors, IMMUTABLE_MESSAGE } from '../../validation/field-errors.ts';
import { ageOf, strategyOf } from '../shared.ts';

/** The highest priority that users may give out. */
const USER_PRIORITY_MAX = 1_000_000_000;
const SYSTEM_PREFIX = 'system-';
/** Upstream: `pkg/apis/scheduling/v1/helpers.go`. */
const SYSTEM_PRIORITIES: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);
const PREEMPTION_POLICIES: readonly string[] = ['PreemptLowerPriority', 'Never'];

/** Upstream: `pkg/registry/scheduling/priorityclass`, `pkg/apis/scheduling/validation`. */
export const priorityClassStrategy: Strategy<PriorityClass> = strategyOf<PriorityClass>({
  formerNames: ['scheduling.k8s.io/v1beta1', 'scheduling.k8s.io/v1alpha1'],
  setDefaults: (priorityClass) => {
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  prepareForCreate: (_context, { metadata }) => {
    metadata.generation = 1;
  },
  validateCreate: (_context, priorityClass) => validate(priorityClass),
  validateUpdate: (_context, { value, preemptionPolicy }, old) => {
    const errors: Errors = [];
    if (value !== old.value) errors.push(fieldError.forbidden('value', 'may not be changed in an update.'));
    if (preemptionPolicy !== old.preemptionPolicy) errors.push(fieldError.invalid('preemptionPolicy', preemptionPolicy, IMMUTABLE_MESSAGE));
    return errors;
  },
  refusesDeletion: (name) => (SYSTEM_PRIORITIES.has(name) ? 'this is a system priority class and cannot be deleted' : undefined),
  tableRow: ({ metadata, value, globalDefault = false, preemptionPolicy = '' }, now) => [
    metadata.name,
    value,
    globalDefault,
    ageOf(metadata.creationTimestamp, now),
    preemptionPolicy,
  ],
});

function validate({ metadata, value, globalDefault, preemptionPolicy }: PriorityClass): FieldError[] {
  const errors: Errors = [];
  const { name = '' } = metadata;
  if (name.startsWith(SYSTEM_PREFIX)) {
    const why = notSystem(name, value, globalDefault ?? false);
    const reserved = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${why}`;
    if (why !== undefined) errors.push(fieldError.forbidden('metadata.name', reserved));
  } else if (value > USER_PRIORITY_MAX) {
    errors.push(fieldError.forbidden('value', `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`));
  }
  if (preemptionPolicy !== undefined) checkChoice(errors, 'preemptionPolicy', preemptionPolicy, PREEMPTION_POLICIES);
  return errors;
}

/** Why a class is none of the system's. Upstream: `IsKnownSystemPriorityClass`. */
function notSystem(name: string, value: number, globalDefault: boolean): string | undefined {
  const known = SYSTEM_PRIORITIES.get(name);
  if (known === undefined) return `${name} is not a known system priority class`;
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}
