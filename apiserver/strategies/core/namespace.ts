import { type FieldError, fieldError, isQualifiedName, type Namespace, nameIsDnsLabel } from '../../../api/index.ts';
import { validateKnownFinalizers } from '../../registry/metadata-validation.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';

const FINALIZER = 'kubernetes';
const NAME_LABEL = 'kubernetes.io/metadata.name';

/** The first deletion only begins its end, whatever is to be waited for. */
const keepsDeletion = ({ metadata, spec }: Namespace): boolean => !metadata.deletionTimestamp || (spec.finalizers?.length ?? 0) > 0;

function setNameLabel({ metadata }: Namespace): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

/** Upstream: `pkg/registry/core/namespace`. A namespace goes when spec.finalizers are gone, which /finalize alone can change. */
export const namespaceStrategy = strategyOf<Namespace>({
  metadataLooks: ['whole', 'changes'],
  validateName: nameIsDnsLabel,
  deleteReturnsObject: true,
  deleteTellsStatus: true,
  setDefaults: (namespace) => {
    setNameLabel(namespace);
    namespace.status.phase ||= 'Active';
  },
  prepareForCreate: (_context, namespace) => {
    // A generated name is known only now; upstream: `Canonicalize`.
    setNameLabel(namespace);
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
  marksPropagation: true,
  prepareForDeletion: (_context, namespace) => {
    namespace.status.phase = 'Terminating';
  },
  fieldSelectors: { 'status.phase': ({ status }) => status.phase ?? '' },
  tableRow: (namespace, now) => [namespace.metadata.name, namespace.status.phase ?? '', ageOf(namespace.metadata.creationTimestamp, now)],
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

function phaseErrors({ metadata, status }: Namespace): FieldError[] {
  const [wanted, state] = metadata.deletionTimestamp ? ['Terminating', 'not empty'] : ['Active', 'empty'];
  if (status.phase === wanted) return [];
  return [fieldError.invalid('status.Phase', status.phase, `may only be '${wanted}' if \`deletionTimestamp\` is ${state}`)];
}
