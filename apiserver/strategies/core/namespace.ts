import { type FieldError, fieldError, isQualifiedName, type Namespace, nameIsDnsLabel } from '../../../api/index.ts';
import { validateKnownFinalizers } from '../../registry/metadata-validation.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';

const FINALIZER = 'kubernetes';
const NAME_LABEL = 'kubernetes.io/metadata.name';

const keepsDeletion = (namespace: Namespace): boolean => (namespace.spec.finalizers?.length ?? 0) > 0;

/** Upstream: `pkg/registry/core/namespace`. A namespace goes when spec.finalizers are gone, which /finalize alone can change. */
export const namespaceStrategy = strategyOf<Namespace>({
  metadataLooks: ['whole', 'changes'],
  validateName: nameIsDnsLabel,
  deleteReturnsObject: true,
  setDefaults: (namespace) => {
    const { name } = namespace.metadata;
    if (name) namespace.metadata.labels = { ...namespace.metadata.labels, [NAME_LABEL]: name };
  },
  prepareForCreate: (_context, namespace) => {
    namespace.status = { phase: 'Active' };
    const finalizers = namespace.spec.finalizers ?? [];
    if (!finalizers.includes(FINALIZER)) namespace.spec.finalizers = [...finalizers, FINALIZER];
  },
  prepareForUpdate: (_context, namespace, old) => {
    namespace.spec = old.spec;
    namespace.status = old.status;
  },
  validateCreate: (_context, { spec }) => finalizerErrors(spec, () => 'spec.finalizers'),
  validateUpdate: (_context, { spec }) => finalizerErrors(spec, () => 'spec.finalizers'),
  holdsDeletion: keepsDeletion,
  prepareForDeletion: (_context, namespace) => {
    namespace.status.phase = 'Terminating';
  },
  fieldSelectors: { 'status.phase': ({ status }) => status.phase ?? '', name: ({ metadata }) => metadata.name ?? '' },
  tableRow: (namespace, now) => [namespace.metadata.name, namespace.status.phase, ageOf(namespace.metadata.creationTimestamp, now)],
  subresources: {
    status: updateOf<Namespace>({
      prepareForUpdate: (_context, namespace, old) => {
        namespace.spec = old.spec;
      },
      validateUpdate: (_context, namespace) => phaseErrors(namespace),
    }),
    finalize: updateOf<Namespace>({
      resetFields: ['status'],
      prepareForUpdate: (_context, namespace, old) => {
        namespace.status = old.status;
      },
      validateUpdate: (_context, { spec }) => finalizerErrors(spec, (i) => `spec.finalizers[${i}]`),
    }),
  },
});

const finalizerErrors = ({ finalizers }: Namespace['spec'], pathOf: (index: number) => string): FieldError[] =>
  (finalizers ?? []).flatMap((name, i) => [
    ...isQualifiedName(name).map((detail) => fieldError.invalid(pathOf(i), name, detail)),
    ...validateKnownFinalizers([name]).map((error) => ({ ...error, field: pathOf(i) })),
  ]);

function phaseErrors({ metadata, status }: Namespace) {
  const active = status.phase === 'Active' || status.phase === undefined;
  if (metadata.deletionTimestamp) {
    return status.phase === 'Terminating'
      ? []
      : [fieldError.invalid('status.Phase', status.phase ?? '', "may only be 'Terminating' if `deletionTimestamp` is not empty")];
  }
  return active ? [] : [fieldError.invalid('status.Phase', status.phase ?? '', "may only be 'Active' if `deletionTimestamp` is empty")];
}
