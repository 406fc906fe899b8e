// Upstream: `ValidatePersistentVolume…` of `pkg/apis/core/validation/validation.go`, and `pkg/volume/validation`.
import {
  coreKinds,
  fieldError,
  isDns1123Subdomain,
  type NodeSelector,
  type NodeSelectorRequirement,
  type PersistentVolume,
  type PersistentVolumeSpec,
  parseQuantity,
  type VolumeNodeAffinity,
} from '../../api/index.ts';
import { sharesEmpties } from '../../api/schema.ts';
import { sortedMap } from '../strategies/shared.ts';
import { checkNodeSelector } from './affinity.ts';
import { type Errors, IMMUTABLE_MESSAGE, isEmpty, keysOf, listOf, NOT_POSITIVE_MESSAGE, pushInvalid } from './field-errors.ts';
import { goPart, goPersistentVolumeSource, PERSISTENT_VOLUME_SOURCES } from './go-struct.ts';
import { isRootPath } from './paths.ts';
import { checkAccessModes, checkNotNegative, VOLUME_MODES } from './persistent-volume-claim.ts';
import { checkPersistentVolumeSource } from './persistent-volume-sources.ts';
import { semanticEqual } from './semantic-equal.ts';
import { diffJson } from './unified-diff.ts';

const RECLAIM_POLICIES: readonly string[] = ['Delete', 'Recycle', 'Retain'];
const INLINE_MESSAGE = 'may not be specified in the context of inline volumes';

/** Mount options were an annotation once. */
export const MOUNT_OPTIONS_ANNOTATION = 'volume.beta.kubernetes.io/mount-options';
/** The sources that take mount options from the annotation. */
const MOUNTABLE: readonly (keyof PersistentVolumeSpec)[] = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'cinder',
  'cephfs',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
];

export function checkPersistentVolumeSpec(errors: Errors, { metadata, spec }: PersistentVolume): void {
  checkModes(errors, 'spec', spec);
  checkCapacity(errors, 'spec.capacity', spec.capacity);
  checkChoice(errors, 'spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, RECLAIM_POLICIES);
  if (spec.nodeAffinity) checkAffinity(errors, 'spec.nodeAffinity', spec.nodeAffinity);
  checkSources(errors, 'spec', spec, metadata.name ?? '');
  checkClass(errors, 'spec.storageClassName', spec.storageClassName);
  if (spec.volumeMode !== undefined && !VOLUME_MODES.includes(spec.volumeMode)) {
    errors.push(fieldError.notSupported('spec.volumeMode', spec.volumeMode, VOLUME_MODES));
  }
  const { volumeAttributesClassName: attributesClass } = spec;
  if (attributesClass === undefined) return;
  if (attributesClass === '') errors.push(fieldError.required('spec.volumeAttributesClassName', 'an empty string is disallowed'));
  else checkClass(errors, 'spec.volumeAttributesClassName', attributesClass);
  if (!spec.csi) errors.push(fieldError.required('spec.csi', 'has to be specified when using volumeAttributesClassName'));
}

/** A volume that is part of an attachment: it is a driver's, and bound to nothing. */
export function checkInlineVolumeSpec(errors: Errors, path: string, spec: PersistentVolumeSpec): void {
  if (spec.claimRef) errors.push(fieldError.forbidden(`${path}.claimRef`, INLINE_MESSAGE));
  if (keysOf(spec.capacity).length > 0) errors.push(fieldError.forbidden(`${path}.capacity`, INLINE_MESSAGE));
  if (!spec.csi) errors.push(fieldError.required(`${path}.csi`, 'has to be specified in the context of inline volumes'));
  checkModes(errors, path, spec);
  const { persistentVolumeReclaimPolicy: policy = '', volumeMode = 'Filesystem' } = spec;
  if (policy !== '' && policy !== 'Retain') {
    errors.push(fieldError.forbidden(`${path}.persistentVolumeReclaimPolicy`, 'may only be Retain in the context of inline volumes'));
  }
  if (spec.nodeAffinity) errors.push(fieldError.forbidden(`${path}.nodeAffinity`, INLINE_MESSAGE));
  checkSources(errors, path, spec, '');
  if (!isEmpty(spec.storageClassName)) errors.push(fieldError.forbidden(`${path}.storageClassName`, INLINE_MESSAGE));
  if (volumeMode !== 'Filesystem') {
    const message = 'may not specify volumeMode other than Filesystem in the context of inline volumes';
    errors.push(fieldError.forbidden(`${path}.volumeMode`, message));
  }
}

function checkModes(errors: Errors, path: string, { accessModes }: PersistentVolumeSpec): void {
  const modes = listOf(accessModes);
  if (modes.length === 0) errors.push(fieldError.required(`${path}.accessModes`));
  checkAccessModes(errors, `${path}.accessModes`, modes);
}

/** Storage, and nothing else. */
function checkCapacity(errors: Errors, path: string, capacity: PersistentVolumeSpec['capacity']): void {
  const names = keysOf(capacity).sort();
  if (names.length === 0) errors.push(fieldError.required(path));
  if (names.length !== 1 || names[0] !== 'storage')
    errors.push(fieldError.notSupported(path, capacity && sortedMap(capacity), ['storage']));
  for (const name of names) {
    const amount = capacity?.[name] ?? '0';
    checkNotNegative(errors, `${path}[${name}]`, amount);
    if (parseQuantity(amount).sign <= 0) errors.push(fieldError.invalid(`${path}[${name}]`, amount, NOT_POSITIVE_MESSAGE));
  }
}

function checkChoice(errors: Errors, path: string, value = '', choices: readonly string[]): void {
  if (value !== '' && !choices.includes(value)) errors.push(fieldError.notSupported(path, value, choices));
}

function checkAffinity(errors: Errors, path: string, { required }: VolumeNodeAffinity): void {
  if (required) checkNodeSelector(errors, `${path}.required`, required);
  else errors.push(fieldError.required(`${path}.required`, 'must specify required node constraints'));
}

function checkSources(errors: Errors, path: string, spec: PersistentVolumeSpec, name: string): void {
  checkPersistentVolumeSource(errors, { name, spec, path });
  if (spec.hostPath && spec.persistentVolumeReclaimPolicy === 'Recycle' && isRootPath(spec.hostPath.path)) {
    errors.push(fieldError.forbidden(`${path}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'"));
  }
}

function checkClass(errors: Errors, path: string, name = ''): void {
  if (name !== '') pushInvalid(errors, path, name, isDns1123Subdomain(name));
}

/** The annotation is for volumes that are mounted with options. Upstream: `checkMountOption` of `pkg/volume/validation`. */
export function checkMountOptions(errors: Errors, { metadata, spec }: PersistentVolume): void {
  if (metadata.annotations?.[MOUNT_OPTIONS_ANNOTATION] === undefined || MOUNTABLE.some((name) => spec[name])) return;
  const path = `metadata.annotations.${MOUNT_OPTIONS_ANNOTATION}`;
  errors.push(fieldError.forbidden(path, 'may not specify mount options for this volume type'));
}

/** What it is made of stays. Upstream: the second half of `ValidatePersistentVolumeUpdate`. */
export function checkPersistentVolumeChanges(errors: Errors, { spec }: PersistentVolume, old: PersistentVolume): void {
  const next = withoutNewExpandSecret(spec, old.spec);
  if (!semanticEqual(sourcesOf(old.spec), sourcesOf(next))) {
    const difference = diffJson(goPersistentVolumeSource(old.spec), goPersistentVolumeSource(next));
    const message = `spec.persistentvolumesource is immutable after creation\n${difference}`;
    errors.push(fieldError.forbidden('spec.persistentvolumesource', message));
  }
  if (spec.volumeMode !== old.spec.volumeMode) errors.push(fieldError.invalid('volumeMode', spec.volumeMode, IMMUTABLE_MESSAGE));
  if (old.spec.nodeAffinity) checkAffinityChange(errors, spec.nodeAffinity, old.spec.nodeAffinity);
  if (old.spec.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
    errors.push(fieldError.forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
  }
}

const sourcesOf = (spec: PersistentVolumeSpec): readonly unknown[] => PERSISTENT_VOLUME_SOURCES.map((name) => spec[name]);

/** The secret for growing a volume may be named later. */
function withoutNewExpandSecret(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): PersistentVolumeSpec {
  if (!spec.csi?.controllerExpandSecretRef || !old.csi || old.csi.controllerExpandSecretRef) return spec;
  return { ...spec, csi: sharesEmpties({ ...spec.csi, controllerExpandSecretRef: undefined }, spec.csi) };
}

/** What nodes' labels were called before they were settled. */
const SETTLED_LABELS: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'kubernetes.io/arch'],
  ['beta.kubernetes.io/os', 'kubernetes.io/os'],
  ['beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
]);

function checkAffinityChange(errors: Errors, affinity: VolumeNodeAffinity | undefined, old: VolumeNodeAffinity): void {
  if (semanticEqual(affinity, old) || semanticEqual(affinity, settleLabels(old, affinity))) return;
  const value = affinity && goPart(coreKinds.persistentvolumes, ['spec', 'nodeAffinity'], affinity);
  errors.push(fieldError.invalid('nodeAffinity', value, `${IMMUTABLE_MESSAGE}, except for updating from beta label to GA`));
}

/**
 * Old requirements under the keys that the new ones have in their place, where those are the settled names of theirs; and where those are
 * empty: upstream asks a map for what a label is called now, which gives the empty string for any that was settled from the start.
 */
const settleKeys = (
  old: readonly NodeSelectorRequirement[] | undefined,
  present: readonly NodeSelectorRequirement[] | undefined,
): NodeSelectorRequirement[] | undefined =>
  old?.map((expression, i) => {
    const settled = SETTLED_LABELS.get(expression.key) ?? '';
    return settled === (present?.[i]?.key ?? '') ? { ...expression, key: settled } : expression;
  });

/** The old affinity with those labels under their settled names that the new one has under them. */
function settleLabels({ required }: VolumeNodeAffinity, affinity: VolumeNodeAffinity | undefined): VolumeNodeAffinity {
  const nodeSelectorTerms = listOf(required?.nodeSelectorTerms).map((term, i) => {
    const present = affinity?.required?.nodeSelectorTerms?.[i];
    return {
      ...term,
      matchExpressions: settleKeys(term.matchExpressions, present?.matchExpressions),
      matchFields: settleKeys(term.matchFields, present?.matchFields),
    };
  });
  const selector: NodeSelector = { nodeSelectorTerms };
  return { required: selector };
}
