import { type CSIDriver, type CSIDriverSpec, type FieldError, fieldError } from '../../../api/index.ts';
import { IMMUTABLE_MESSAGE, listOf } from '../../validation/field-errors.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { ageOf, strategyOf } from '../shared.ts';

const GROUP_POLICIES: readonly string[] = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLE_MODES: readonly string[] = ['Persistent', 'Ephemeral'];
const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;

/** Upstream: `pkg/registry/storage/csidriver`, `ValidateCSIDriver`, `ValidateCSIDriverUpdate`. */
export const csiDriverStrategy = strategyOf<CSIDriver>({
  formerNames: ['storage.k8s.io/v1beta1'],
  deleteReturnsObject: true,
  allowUnconditionalUpdate: false,
  setDefaults: ({ spec }) => {
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if (listOf(spec.volumeLifecycleModes).length === 0) spec.volumeLifecycleModes = ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  prepareForCreate: (_context, { spec }) => dropUpdatePeriod(spec),
  prepareForUpdate: (_context, { metadata, spec }, old) => {
    dropUpdatePeriod(spec);
    if (!semanticEqual(spec, old.spec)) metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validateCreate: (_context, { spec }) => specErrors(spec),
  validateUpdate: (_context, { spec }, old) => [
    ...specErrors(spec),
    // The name of the field is upstream's slip.
    ...immutable('spec.attachedRequired', spec.attachRequired, old.spec.attachRequired),
    ...immutable('spec.volumeLifecycleModes', spec.volumeLifecycleModes, old.spec.volumeLifecycleModes),
  ],
  tableRow: ({ metadata, spec }, now) => [
    metadata.name,
    spec.attachRequired ?? true,
    spec.podInfoOnMount ?? false,
    spec.storageCapacity ?? false,
    spec.tokenRequests ? spec.tokenRequests.map(({ audience }) => audience).join(',') : '<unset>',
    spec.requiresRepublish ?? false,
    listOf(spec.volumeLifecycleModes).join(',') || '<none>',
    ageOf(metadata.creationTimestamp, now),
  ],
});

/** MutableCSINodeAllocatableCount is off in 1.34. */
function dropUpdatePeriod(spec: CSIDriverSpec): void {
  spec.nodeAllocatableUpdatePeriodSeconds = undefined;
}

const immutable = (path: string, value: unknown, old: unknown): FieldError[] =>
  semanticEqual(value, old) ? [] : [fieldError.invalid(path, value, IMMUTABLE_MESSAGE)];

function specErrors({ fsGroupPolicy = '', volumeLifecycleModes, ...spec }: CSIDriverSpec): FieldError[] {
  return [
    ...(GROUP_POLICIES.includes(fsGroupPolicy) ? [] : [fieldError.notSupported('spec.fsGroupPolicy', fsGroupPolicy, GROUP_POLICIES)]),
    ...tokenErrors(spec),
    ...listOf(volumeLifecycleModes)
      .filter((mode) => !LIFECYCLE_MODES.includes(mode))
      .map((mode) => fieldError.notSupported('spec.volumeLifecycleModes', mode, LIFECYCLE_MODES)),
  ];
}

function tokenErrors({ tokenRequests }: Pick<CSIDriverSpec, 'tokenRequests'>): FieldError[] {
  const audiences = new Set<string>();
  return listOf(tokenRequests).flatMap(({ audience, expirationSeconds }, i) => {
    const path = `spec.tokenRequests[${i}]`;
    if (audiences.has(audience)) return [fieldError.duplicate(`${path}.audience`, audience)];
    audiences.add(audience);
    if (expirationSeconds === undefined) return [];
    const invalid = (detail: string): FieldError[] => [fieldError.invalid(`${path}.expirationSeconds`, expirationSeconds, detail)];
    if (expirationSeconds < TOKEN_SECONDS_MIN) return invalid('may not specify a duration less than 10 minutes');
    return expirationSeconds > TOKEN_SECONDS_MAX ? invalid('may not specify a duration larger than 2^32 seconds') : [];
  });
}
