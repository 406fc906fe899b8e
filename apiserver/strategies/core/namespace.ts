import { fieldError, isQualifiedName, type Namespace, nameIsDnsLabel } from '../../../api/index.ts';
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
      validateUpdate: (_context, namespace) =>
        (namespace.spec.finalizers ?? []).flatMap((name, i) => [
          ...isQualifiedName(name).map((detail) => fieldError.invalid(`spec.finalizers[${i}]`, name, detail)),
        ]),
    }),
  },
});

function phaseErrors({ metadata, status }: Namespace) {
  const active = status.phase === 'Active' || status.phase === undefined;
  if (metadata.deletionTimestamp) {
    return status.phase === 'Terminating'
      ? []
      : [fieldError.invalid('status.Phase', status.phase ?? '', "may only be 'Terminating' if `deletionTimestamp` is not empty")];
  }
  return active ? [] : [fieldError.invalid('status.Phase', status.phase ?? '', "may only be 'Active' if `deletionTimestamp` is empty")];
}
