import {
  type ExemptPriorityLevelConfiguration,
  type FieldError,
  fieldError,
  flowcontrolKinds,
  type LimitedPriorityLevelConfiguration,
  type PriorityLevelConfiguration,
  type PriorityLevelConfigurationSpec,
} from '../../../api/index.ts';
import { EXEMPT, MANDATORY_LEVELS } from '../../flow-control/bootstrap-objects.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { checkChoiceOf, type Errors } from '../../validation/field-errors.ts';
import { checkFlowConditions, checkLimitResponse } from '../../validation/flow-control.ts';
import { goPart } from '../../validation/go-struct.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';

const DEFAULTS = { shares: 30, handSize: 8, queues: 64, queueLengthLimit: 50 } as const;
const TYPES = ['Exempt', 'Limited'];
const PERCENT_RANGE = 'must be between 0 and 100, inclusive';
const NOT_NEGATIVE = 'must be a non-negative integer';

/** Upstream: `pkg/registry/flowcontrol/prioritylevelconfiguration`, `ValidatePriorityLevelConfiguration`, `printPriorityLevelConfiguration`. */
export const priorityLevelConfigurationStrategy: Strategy<PriorityLevelConfiguration> = strategyOf<PriorityLevelConfiguration>({
  metadataLooks: ['whole'],
  setDefaults,
  prepareForCreate: (_context, level) => {
    level.status = {};
    level.metadata.generation = 1;
  },
  validateCreate: (_context, level) => validate(level),
  prepareForUpdate: (_context, level, old) => {
    if (!semanticEqual(level.spec, old.spec)) level.metadata.generation = (old.metadata.generation ?? 0) + 1;
    level.status = old.status;
  },
  validateUpdate: (_context, level) => validate(level),
  tableRow: ({ metadata, spec: { type = '', limited } }, now) => {
    const queuing = limited?.limitResponse?.queuing;
    return [
      metadata.name,
      type,
      limited ? (limited.nominalConcurrencyShares ?? 0) : '<none>',
      ...(queuing ? [queuing.queues, queuing.handSize, queuing.queueLengthLimit] : ['<none>', '<none>', '<none>']),
      ageOf(metadata.creationTimestamp, now),
    ];
  },
  subresources: {
    status: updateOf<PriorityLevelConfiguration>({
      metadataLooks: [],
      resetFields: ['metadata', 'spec'],
      prepareForUpdate: (_context, level, old) => {
        level.metadata = { ...old.metadata, managedFields: level.metadata.managedFields };
        level.spec = old.spec;
      },
      validateUpdate: (_context, { status }) => {
        const errors: Errors = [];
        checkFlowConditions(errors, status.conditions);
        return errors;
      },
    }),
  },
});

/** Upstream: `pkg/apis/flowcontrol/v1/defaults.go`; shares of none at all are kept. */
function setDefaults({ spec: { exempt, limited } }: PriorityLevelConfiguration): void {
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (!limited) return;
  limited.nominalConcurrencyShares ??= DEFAULTS.shares;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (!queuing) return;
  queuing.handSize ||= DEFAULTS.handSize;
  queuing.queues ||= DEFAULTS.queues;
  queuing.queueLengthLimit ||= DEFAULTS.queueLengthLimit;
}

function validate({ metadata, spec, status }: PriorityLevelConfiguration): FieldError[] {
  const errors: Errors = [];
  const { name = '' } = metadata;
  checkSpec(errors, name, spec);
  const why = notTheFixed(name, spec);
  if (why !== undefined) {
    errors.push(fieldError.invalid('spec', goPart(flowcontrolKinds.prioritylevelconfigurations, ['spec'], spec), why));
  }
  checkFlowConditions(errors, status.conditions);
  return errors;
}

/** Upstream: `ValidateIfMandatoryPriorityLevelConfigurationObject`. */
function notTheFixed(name: string, spec: PriorityLevelConfigurationSpec): string | undefined {
  const mandatory = MANDATORY_LEVELS.find((each) => each.metadata.name === name);
  if (!mandatory) return undefined;
  if (name !== EXEMPT) return semanticEqual(spec, mandatory.spec) ? undefined : `spec of '${name}' must equal the fixed value`;
  const { exempt: _, ...rest } = spec;
  const { exempt: __, ...fixed } = mandatory.spec;
  return semanticEqual(rest, fixed) ? undefined : `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`;
}

function checkSpec(errors: Errors, name: string, { type = '', exempt, limited }: PriorityLevelConfigurationSpec): void {
  if ((name === EXEMPT) !== (type === 'Exempt')) {
    errors.push(fieldError.invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  }
  switch (type) {
    case 'Exempt':
      if (limited) errors.push(fieldError.forbidden('spec.limited', 'must be nil if the type is not Limited'));
      if (exempt) checkExempt(errors, exempt);
      return;
    case 'Limited':
      if (exempt) errors.push(fieldError.forbidden('spec.exempt', 'must be nil if the type is Limited'));
      if (limited) checkLimited(errors, limited);
      else errors.push(fieldError.required('spec.limited', 'must not be empty when type is Limited'));
      return;
    default:
      checkChoiceOf(errors, 'spec.type', type, TYPES);
  }
}

function checkExempt(errors: Errors, { nominalConcurrencyShares: shares, lendablePercent }: ExemptPriorityLevelConfiguration): void {
  checkNotNegative(errors, 'spec.exempt.nominalConcurrencyShares', shares, NOT_NEGATIVE);
  checkPercent(errors, 'spec.exempt.lendablePercent', lendablePercent);
}

function checkLimited(errors: Errors, limited: LimitedPriorityLevelConfiguration): void {
  checkNotNegative(errors, 'spec.limited.nominalConcurrencyShares', limited.nominalConcurrencyShares, NOT_NEGATIVE);
  checkLimitResponse(errors, 'spec.limited.limitResponse', limited.limitResponse ?? { type: '' });
  checkPercent(errors, 'spec.limited.lendablePercent', limited.lendablePercent);
  checkNotNegative(errors, 'spec.limited.borrowingLimitPercent', limited.borrowingLimitPercent, `if specified, ${NOT_NEGATIVE}`);
}

function checkNotNegative(errors: Errors, path: string, value: number | null | undefined, why: string): void {
  if (typeof value === 'number' && value < 0) errors.push(fieldError.invalid(path, value, why));
}

function checkPercent(errors: Errors, path: string, value: number | undefined): void {
  if (value !== undefined && (value < 0 || value > 100)) errors.push(fieldError.invalid(path, value, PERCENT_RANGE));
}
