import { type FieldError, fieldError, type Lease } from '../../../api/index.ts';
import { ageOf, strategyOf } from '../shared.ts';

/** Upstream: `pkg/registry/coordination/lease`, `ValidateLeaseSpec`. What CoordinatedLeaderElection brings is dropped: the gate is off in 1.34. */
export const leaseStrategy = strategyOf<Lease>({
  formerNames: ['coordination.k8s.io/v1beta1'],
  allowsPlainFinalizers: true,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  prepareForCreate: (_context, { spec }) => {
    delete spec.strategy;
    delete spec.preferredHolder;
  },
  prepareForUpdate: (_context, { spec }, { spec: old }) => {
    if (!old.strategy) delete spec.strategy;
    if (!old.preferredHolder) delete spec.preferredHolder;
  },
  validateCreate: (_context, lease) => validate(lease),
  validateUpdate: (_context, lease) => validate(lease),
  tableRow: (lease, now) => [lease.metadata.name, lease.spec.holderIdentity ?? '', ageOf(lease.metadata.creationTimestamp, now)],
});

function validate({ spec }: Lease): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = spec;
  return [
    ...(leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0
      ? [fieldError.invalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0')]
      : []),
    ...(leaseTransitions !== undefined && leaseTransitions < 0
      ? [fieldError.invalid('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0')]
      : []),
    ...(preferredHolder && !strategy
      ? [fieldError.forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined')]
      : []),
  ];
}
