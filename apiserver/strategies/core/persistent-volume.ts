import {
  type FieldError,
  type PersistentVolume,
  type PersistentVolumeSpec,
  parseQuantity,
  STORAGE_CLASS_ANNOTATION,
  storageClassOf,
  toTime,
} from '../../../api/index.ts';
import { dnsSubdomainName, validateCoreMetadataChanges, validateCoreObjectMeta } from '../../registry/metadata-validation.ts';
import type { RequestContext, Strategy } from '../../registry/strategy.ts';
import { type Errors, listOf } from '../../validation/field-errors.ts';
import {
  checkMountOptions,
  checkPersistentVolumeChanges,
  checkPersistentVolumeSpec,
  MOUNT_OPTIONS_ANNOTATION,
} from '../../validation/persistent-volume.ts';
import { warnOfTerm } from '../../validation/pod-warnings.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';
import { roundAmounts, setStorageDefaults } from './pod-template-defaults.ts';

/** Upstream: `pkg/registry/core/persistentvolume`, `SetDefaults_PersistentVolume`. */
export const persistentVolumeStrategy: Strategy<PersistentVolume> = strategyOf<PersistentVolume>({
  deleteReturnsObject: true,
  // Its errors are listed as often as upstream's update looks at the whole of a volume: twice.
  validatesMetadata: true,
  allowsPlainFinalizers: true,
  setDefaults: ({ spec, status }) => {
    status.phase ||= 'Pending';
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    setVolumeSourceDefaults(spec);
  },
  prepareForCreate: ({ now }, volume) => {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: toTime(now) };
  },
  prepareForUpdate: (_context, volume, old) => {
    volume.status = old.status;
  },
  validateCreate: (context, volume) => warned(context, volume, [...volumeErrors(volume), ...mountErrors(volume)]),
  validateUpdate: (context, volume, old) => {
    const errors: Errors = [...volumeErrors(volume), ...mountErrors(volume), ...volumeErrors(volume)];
    checkPersistentVolumeChanges(errors, volume, old);
    return warned(context, volume, errors);
  },
  tableRow: (volume, now) => {
    const { metadata, spec, status } = volume;
    return [
      metadata.name,
      sizeCell(spec.capacity),
      accessModesCell(spec.accessModes),
      spec.persistentVolumeReclaimPolicy ?? '',
      metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
      spec.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '',
      storageClassOf(volume),
      spec.volumeAttributesClassName ?? '<unset>',
      status.reason ?? '',
      ageOf(metadata.creationTimestamp, now),
      spec.volumeMode ?? '<unset>',
    ];
  },
  subresources: {
    status: updateOf<PersistentVolume>({
      prepareForUpdate: ({ now }, volume, old) => {
        volume.spec = old.spec;
        const { phase, lastPhaseTransitionTime: since } = volume.status;
        if (phase !== old.status.phase && (since === undefined || since === old.status.lastPhaseTransitionTime)) {
          volume.status.lastPhaseTransitionTime = toTime(now);
        }
        if (phase === old.status.phase) volume.status.lastPhaseTransitionTime ??= old.status.lastPhaseTransitionTime;
      },
      validateUpdate: (_context, { metadata }, old) => validateCoreMetadataChanges(metadata, old.metadata),
    }),
  },
});

/** What a volume's source is given, be it one of its own or part of an attachment. */
export function setVolumeSourceDefaults(spec: PersistentVolumeSpec): void {
  if (spec.capacity) roundAmounts(spec.capacity);
  setStorageDefaults(spec);
}

function volumeErrors(volume: PersistentVolume): FieldError[] {
  const errors: Errors = validateCoreObjectMeta(volume.metadata, false, dnsSubdomainName);
  checkPersistentVolumeSpec(errors, volume);
  return errors;
}

function mountErrors(volume: PersistentVolume): FieldError[] {
  const errors: Errors = [];
  checkMountOptions(errors, volume);
  return errors;
}

/** Retired sources: where they are, and what upstream calls them. */
const RETIRED_SOURCES: readonly (readonly [keyof PersistentVolumeSpec, string])[] = [
  ['cephfs', 'cephfs: deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO: deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS: deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs: deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd: deprecated in v1.28, non-functional in v1.31+'],
];

/** Only what is good is warned of. Upstream: `pkg/api/persistentvolume/util.go`. */
function warned(context: RequestContext, { metadata, spec }: PersistentVolume, errors: FieldError[]): FieldError[] {
  if (errors.length > 0) return errors;
  const { annotations } = metadata;
  if (annotations?.[STORAGE_CLASS_ANNOTATION] !== undefined) {
    context.warn(`metadata.annotations[${STORAGE_CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`);
  }
  if (annotations?.[MOUNT_OPTIONS_ANNOTATION] !== undefined) {
    context.warn(`metadata.annotations[${MOUNT_OPTIONS_ANNOTATION}]: deprecated since v1.31; use "mountOptions" attribute instead`);
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    const instead = 'Instead, the recommended approach is to use dynamic provisioning.';
    context.warn(`spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. ${instead}`);
  }
  listOf(spec.nodeAffinity?.required?.nodeSelectorTerms).forEach((term, i) => {
    warnOfTerm(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, false, (text) => context.warn(text));
  });
  const retired = RETIRED_SOURCES.find(([name]) => spec[name]);
  if (retired) context.warn(`spec.${retired[1]}`);
  return errors;
}

/** A size as tables show it: `0` where there is none. */
export const sizeCell = (amounts: Readonly<Record<string, string>> | undefined): string =>
  amounts?.storage === undefined ? '0' : parseQuantity(amounts.storage).canonical();

const MODE_LETTERS: readonly (readonly [mode: string, letters: string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

/** Access modes as tables show them, each once. Upstream: `GetAccessModesAsString`. */
export const accessModesCell = (modes: readonly string[] | undefined): string =>
  MODE_LETTERS.flatMap(([mode, letters]) => (modes?.includes(mode) ? [letters] : [])).join(',');
