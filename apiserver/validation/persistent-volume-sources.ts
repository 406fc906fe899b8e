// What persistent volumes are made of, where they have more to say than pods' own volumes (`volume-sources.ts`): their secrets may be in any namespace.
import {
  type AzureFilePersistentVolumeSource,
  type CinderPersistentVolumeSource,
  type CSIPersistentVolumeSource,
  fieldError,
  type GlusterfsPersistentVolumeSource,
  type ISCSIPersistentVolumeSource,
  isDns1123Label,
  isDns1123Subdomain,
  type LocalVolumeSource,
  type PersistentVolumeSpec,
  type ScaleIOPersistentVolumeSource,
  type SecretReference,
  type StorageOSPersistentVolumeSource,
} from '../../api/index.ts';
import { checkRequired, type Errors, isEmpty, pushInvalid } from './field-errors.ts';
import { checkNoBacksteps } from './paths.ts';
import { checkCsiDriverName } from './storage.ts';
import { checkHostPathVolume } from './volume-files.ts';
import {
  checkAwsElasticBlockStore,
  checkAzureDisk,
  checkAzureFile,
  checkCephFs,
  checkFc,
  checkFlexVolume,
  checkFlocker,
  checkGcePersistentDisk,
  checkGlusterfs,
  checkIscsiName,
  checkLun,
  checkNfs,
  checkPhotonPersistentDisk,
  checkPortworx,
  checkQuobyte,
  checkRbd,
  checkVsphere,
} from './volume-sources.ts';

const ISCSI_NAME_LENGTH_MAX = 64;
const ISCSI_FORM_MESSAGE = 'must be valid format';
const MANY_MESSAGE = 'may not specify more than 1 volume type';

/** The volume that a source is of, as far as sources need it. */
interface Subject {
  /** `''` for a volume that is part of an attachment. */
  readonly name: string;
  readonly spec: PersistentVolumeSpec;
  /** Where the spec is. */
  readonly path: string;
}

interface SourceCheck {
  readonly name: keyof PersistentVolumeSpec;
  /** The path element, where upstream's differs from the name. */
  readonly path?: string | undefined;
  /** The same for a second source in one volume. */
  readonly secondPath?: string | undefined;
  /** It is looked at even if it is the second. */
  readonly always?: boolean | undefined;
  check(errors: Errors, path: string, subject: Subject): void;
}

function source<N extends keyof PersistentVolumeSpec>(
  name: N,
  check: (errors: Errors, path: string, source: NonNullable<PersistentVolumeSpec[N]>, subject: Subject) => void,
  more: Pick<SourceCheck, 'path' | 'secondPath' | 'always'> = {},
): SourceCheck {
  return {
    name,
    ...more,
    check: (errors, path, subject) => {
      const given = subject.spec[name];
      if (given) check(errors, path, given, subject);
    },
  };
}

/** In upstream's order, which decides what is the second source of a volume. */
const SOURCES: readonly SourceCheck[] = [
  source('hostPath', checkHostPathVolume),
  source('gcePersistentDisk', checkGcePersistentDisk, { path: 'persistentDisk' }),
  source('awsElasticBlockStore', checkAwsElasticBlockStore),
  source('glusterfs', checkPersistentGlusterfs),
  source('flocker', checkFlocker),
  source('nfs', checkNfs),
  source('rbd', checkRbd),
  source('quobyte', checkQuobyte),
  source('cephfs', checkCephFs, { secondPath: 'cephFS' }),
  source('iscsi', checkPersistentIscsi),
  source('cinder', checkPersistentCinder),
  source('fc', checkFc),
  source('flexVolume', checkFlexVolume, { always: true }),
  source('azureFile', checkPersistentAzureFile),
  source('vsphereVolume', checkVsphere),
  source('photonPersistentDisk', checkPhotonPersistentDisk),
  source('portworxVolume', checkPortworx),
  source('azureDisk', checkAzureDisk),
  source('scaleIO', checkPersistentScaleIo),
  source('local', checkLocal),
  source('storageos', checkPersistentStorageOs),
  source('csi', checkPersistentCsi),
];

/** One source, and that one good. Upstream: the middle of `ValidatePersistentVolumeSpec`. */
export function checkPersistentVolumeSource(errors: Errors, subject: Subject): void {
  const { spec, path } = subject;
  let found = false;
  for (const check of SOURCES) {
    if (!spec[check.name]) continue;
    if (found && !check.always) errors.push(fieldError.forbidden(`${path}.${check.secondPath ?? check.name}`, MANY_MESSAGE));
    else check.check(errors, `${path}.${check.path ?? check.name}`, subject);
    found = true;
  }
  if (!found) errors.push(fieldError.required(path, 'must specify a volume type'));
}

function checkPersistentGlusterfs(errors: Errors, path: string, source: GlusterfsPersistentVolumeSource): void {
  checkGlusterfs(errors, path, source);
  const { endpointsNamespace: namespace } = source;
  if (namespace === undefined) return;
  const messages = namespace === '' ? ['if the endpointnamespace is set, it must be a valid namespace name'] : isDns1123Label(namespace);
  pushInvalid(errors, `${path}.endpointsNamespace`, namespace, messages);
}

function checkPersistentIscsi(errors: Errors, path: string, source: ISCSIPersistentVolumeSource, { name }: Subject): void {
  const { targetPortal, iqn, initiatorName, secretRef } = source;
  checkRequired(errors, `${path}.targetPortal`, targetPortal);
  if (initiatorName !== undefined && `${name}:${targetPortal}`.length > ISCSI_NAME_LENGTH_MAX) {
    const message = 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
    errors.push(fieldError.invalid(`${path}.targetportal`, targetPortal, message));
  }
  if (iqn === '') errors.push(fieldError.required(`${path}.iqn`));
  else checkIscsiName(errors, `${path}.iqn`, iqn, ISCSI_FORM_MESSAGE);
  checkLun(errors, `${path}.lun`, source.lun);
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !secretRef) errors.push(fieldError.required(`${path}.secretRef`));
  if (secretRef) checkRequired(errors, `${path}.secretRef.name`, secretRef.name);
  if (initiatorName !== undefined) checkIscsiName(errors, `${path}.initiatorname`, initiatorName, ISCSI_FORM_MESSAGE);
}

function checkPersistentCinder(errors: Errors, path: string, { volumeID, secretRef }: CinderPersistentVolumeSource): void {
  checkRequired(errors, `${path}.volumeID`, volumeID);
  if (secretRef) checkNamed(errors, `${path}.secretRef`, secretRef);
}

function checkPersistentAzureFile(errors: Errors, path: string, source: AzureFilePersistentVolumeSource): void {
  checkAzureFile(errors, path, source);
  if (source.secretNamespace === '') errors.push(fieldError.required(`${path}.secretNamespace`));
}

function checkPersistentScaleIo(errors: Errors, path: string, source: ScaleIOPersistentVolumeSource): void {
  checkRequired(errors, `${path}.gateway`, source.gateway);
  checkRequired(errors, `${path}.system`, source.system);
  checkRequired(errors, `${path}.volumeName`, source.volumeName);
}

/** Only the volume's node has it, so the volume has to say which that is. */
function checkLocal(errors: Errors, path: string, { path: directory }: LocalVolumeSource, subject: Subject): void {
  if (directory === '') errors.push(fieldError.required(`${path}.path`));
  else checkNoBacksteps(errors, `${path}.path`, directory);
  if (!subject.spec.nodeAffinity) errors.push(fieldError.required(`${subject.path}.nodeAffinity`, 'Local volume requires node affinity'));
}

function checkPersistentStorageOs(errors: Errors, path: string, source: StorageOSPersistentVolumeSource): void {
  const { volumeName, volumeNamespace, secretRef } = source;
  if (isEmpty(volumeName)) errors.push(fieldError.required(`${path}.volumeName`));
  else pushInvalid(errors, `${path}.volumeName`, volumeName, isDns1123Label(volumeName ?? ''));
  if (volumeNamespace) pushInvalid(errors, `${path}.volumeNamespace`, volumeNamespace, isDns1123Label(volumeNamespace));
  if (secretRef) checkNamed(errors, `${path}.secretRef`, secretRef);
}

function checkPersistentCsi(errors: Errors, path: string, source: CSIPersistentVolumeSource): void {
  checkCsiDriverName(errors, `${path}.driver`, source.driver);
  checkRequired(errors, `${path}.volumeHandle`, source.volumeHandle);
  for (const field of ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const) {
    const secret = source[field];
    if (secret) checkSecret(errors, `${path}.${field}`, secret);
  }
}

function checkNamed(errors: Errors, path: string, { name, namespace }: SecretReference): void {
  checkRequired(errors, `${path}.name`, name);
  checkRequired(errors, `${path}.namespace`, namespace);
}

/** Upstream: `validatePVSecretReference`. */
function checkSecret(errors: Errors, path: string, { name = '', namespace = '' }: SecretReference): void {
  if (name === '') errors.push(fieldError.required(`${path}.name`));
  else pushInvalid(errors, `${path}.name`, name, isDns1123Subdomain(name));
  if (namespace === '') errors.push(fieldError.required(`${path}.namespace`));
  else pushInvalid(errors, `${path}.namespace`, namespace, isDns1123Label(namespace));
}
