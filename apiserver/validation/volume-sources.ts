// Volumes of storage systems, most of them long retired: what upstream still checks of them.
import type {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFileVolumeSource,
  CephFSVolumeSource,
  CinderVolumeSource,
  CSIVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  GitRepoVolumeSource,
  GlusterfsVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  RBDVolumeSource,
  ScaleIOVolumeSource,
  StorageOSVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from '../../api/index.ts';
import { fieldError, isDns1123Label, isDns1123Subdomain, rangeError } from '../../api/index.ts';
import { checkRequired, type Errors, keysOf, listOf, pushInvalid } from './field-errors.ts';
import { checkLocalDescendingPath } from './paths.ts';

const BYTE_MAX = 255;
const DRIVER_LENGTH_MAX = 63;
const TENANT_LENGTH_MAX = 64;
const HOST_PORT = /^(?:[^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/;
const ISCSI_FORMS: readonly (readonly [string, RegExp])[] = [
  ['iqn', /iqn\.\d{4}-\d{2}\.([0-9A-Za-z.-]+)(:[^,;*&$|\s]+)$/],
  ['eui', /^eui.[0-9A-Za-z]{16}$/],
  ['naa', /^naa.[0-9A-Za-z]{32}$/],
];
const AZURE_CACHING: readonly string[] = ['None', 'ReadOnly', 'ReadWrite'];
const AZURE_KINDS: readonly string[] = ['Dedicated', 'Managed', 'Shared'];

function checkSecretName(errors: Errors, path: string, secretRef: { readonly name?: string | undefined } | undefined): void {
  if (secretRef) checkRequired(errors, `${path}.secretRef.name`, secretRef.name);
}

function checkPartition(errors: Errors, path: string, partition = 0): void {
  if (partition < 0 || partition > BYTE_MAX) errors.push(fieldError.invalid(path, partition, rangeError(1, BYTE_MAX)));
}

export function checkLun(errors: Errors, path: string, lun: number): void {
  if (lun < 0 || lun > BYTE_MAX) errors.push(fieldError.invalid(path, lun, rangeError(0, BYTE_MAX)));
}

export function checkGitRepo(errors: Errors, path: string, { repository, directory }: GitRepoVolumeSource): void {
  checkRequired(errors, `${path}.repository`, repository);
  checkLocalDescendingPath(errors, `${path}.directory`, directory ?? '');
}

export function checkGcePersistentDisk(errors: Errors, path: string, { pdName, partition }: GCEPersistentDiskVolumeSource): void {
  checkRequired(errors, `${path}.pdName`, pdName);
  checkPartition(errors, `${path}.partition`, partition);
}

export function checkAwsElasticBlockStore(errors: Errors, path: string, source: AWSElasticBlockStoreVolumeSource): void {
  checkRequired(errors, `${path}.volumeID`, source.volumeID);
  checkPartition(errors, `${path}.partition`, source.partition);
}

export function checkNfs(errors: Errors, path: string, { server, path: directory }: NFSVolumeSource): void {
  checkRequired(errors, `${path}.server`, server);
  checkRequired(errors, `${path}.path`, directory);
  if (!directory.startsWith('/')) errors.push(fieldError.invalid(`${path}.path`, directory, 'must be an absolute path'));
}

export function checkIscsi(errors: Errors, path: string, source: ISCSIVolumeSource): void {
  checkRequired(errors, `${path}.targetPortal`, source.targetPortal);
  if (source.iqn === '') errors.push(fieldError.required(`${path}.iqn`));
  else checkIscsiName(errors, `${path}.iqn`, source.iqn);
  checkLun(errors, `${path}.lun`, source.lun);
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) errors.push(fieldError.required(`${path}.secretRef`));
  if (source.initiatorName !== undefined) checkIscsiName(errors, `${path}.initiatorname`, source.initiatorName);
}

/** @param unknownForm what is said of a name of no known form. */
export function checkIscsiName(
  errors: Errors,
  path: string,
  name: string,
  unknownForm = 'must be valid format starting with iqn, eui, or naa',
): void {
  const form = ISCSI_FORMS.find(([prefix]) => name.startsWith(prefix));
  if (!form) errors.push(fieldError.invalid(path, name, unknownForm));
  else if (!form[1].test(name)) errors.push(fieldError.invalid(path, name, 'must be valid format'));
}

export function checkGlusterfs(errors: Errors, path: string, source: Pick<GlusterfsVolumeSource, 'endpoints' | 'path'>): void {
  checkRequired(errors, `${path}.endpoints`, source.endpoints);
  checkRequired(errors, `${path}.path`, source.path);
}

export function checkFlocker(errors: Errors, path: string, { datasetName, datasetUUID }: FlockerVolumeSource): void {
  if (!datasetName && !datasetUUID) errors.push(fieldError.required(path, 'one of datasetName and datasetUUID is required'));
  if (datasetName && datasetUUID) {
    errors.push(fieldError.invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  }
  if (datasetName?.includes('/')) errors.push(fieldError.invalid(`${path}.datasetName`, datasetName, "must not contain '/'"));
}

export function checkRbd(errors: Errors, path: string, { monitors, image }: Pick<RBDVolumeSource, 'monitors' | 'image'>): void {
  if (listOf(monitors).length === 0) errors.push(fieldError.required(`${path}.monitors`));
  checkRequired(errors, `${path}.image`, image);
}

export function checkCinder(errors: Errors, path: string, { volumeID, secretRef }: CinderVolumeSource): void {
  checkRequired(errors, `${path}.volumeID`, volumeID);
  checkSecretName(errors, path, secretRef);
}

export function checkCephFs(errors: Errors, path: string, { monitors }: Pick<CephFSVolumeSource, 'monitors'>): void {
  if (listOf(monitors).length === 0) errors.push(fieldError.required(`${path}.monitors`));
}

export function checkQuobyte(errors: Errors, path: string, { registry, tenant = '', volume }: QuobyteVolumeSource): void {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  if (registry === '') errors.push(fieldError.required(`${path}.registry`, pairs));
  else if (tenant.length > TENANT_LENGTH_MAX) {
    const message = `must be a UUID and may not exceed a length of ${TENANT_LENGTH_MAX} characters`;
    errors.push(fieldError.required(`${path}.tenant`, message));
  } else {
    for (const pair of registry.split(',')) {
      if (!HOST_PORT.test(pair)) errors.push(fieldError.invalid(`${path}.registry`, registry, pairs));
    }
  }
  checkRequired(errors, `${path}.volume`, volume);
}

export function checkFc(errors: Errors, path: string, { targetWWNs, wwids, lun }: FCVolumeSource): void {
  const names = listOf(targetWWNs);
  const ids = listOf(wwids);
  if (names.length === 0 && ids.length === 0) {
    errors.push(fieldError.required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  }
  if (names.length > 0 && ids.length > 0) {
    errors.push(fieldError.invalid(`${path}.targetWWNs`, names, 'targetWWNs and wwids can not be specified simultaneously'));
  }
  if (names.length === 0) return;
  if (lun === undefined) errors.push(fieldError.required(`${path}.lun`, 'lun is required if targetWWNs is specified'));
  else checkLun(errors, `${path}.lun`, lun);
}

export function checkFlexVolume(errors: Errors, path: string, { driver, options }: Pick<FlexVolumeSource, 'driver' | 'options'>): void {
  checkRequired(errors, `${path}.driver`, driver);
  for (const key of keysOf(options)) {
    const domain = `.${(key.split('/', 1)[0] ?? key).toLowerCase()}`;
    if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io')) {
      errors.push(fieldError.invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'));
    }
  }
}

export function checkAzureFile(
  errors: Errors,
  path: string,
  { secretName, shareName }: Pick<AzureFileVolumeSource, 'secretName' | 'shareName'>,
): void {
  checkRequired(errors, `${path}.secretName`, secretName);
  checkRequired(errors, `${path}.shareName`, shareName);
}

export function checkAzureDisk(errors: Errors, path: string, source: AzureDiskVolumeSource): void {
  const { diskName, diskURI, cachingMode, kind } = source;
  checkRequired(errors, `${path}.diskName`, diskName);
  checkRequired(errors, `${path}.diskURI`, diskURI);
  if (cachingMode !== undefined && !AZURE_CACHING.includes(cachingMode)) {
    errors.push(fieldError.notSupported(`${path}.cachingMode`, cachingMode, AZURE_CACHING));
  }
  if (kind === undefined) return;
  if (!AZURE_KINDS.includes(kind)) errors.push(fieldError.notSupported(`${path}.kind`, kind, AZURE_KINDS));
  const form =
    kind === 'Managed'
      ? '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'
      : 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';
  if (!diskURI.startsWith(kind === 'Managed' ? '/subscriptions/' : 'https://')) {
    errors.push(fieldError.notSupported(`${path}.diskURI`, diskURI, [form]));
  }
}

export function checkVsphere(errors: Errors, path: string, { volumePath }: VsphereVirtualDiskVolumeSource): void {
  checkRequired(errors, `${path}.volumePath`, volumePath);
}

export function checkPhotonPersistentDisk(errors: Errors, path: string, { pdID }: PhotonPersistentDiskVolumeSource): void {
  checkRequired(errors, `${path}.pdID`, pdID);
}

export function checkPortworx(errors: Errors, path: string, { volumeID }: PortworxVolumeSource): void {
  checkRequired(errors, `${path}.volumeID`, volumeID);
}

export function checkScaleIo(errors: Errors, path: string, { gateway, system, volumeName }: ScaleIOVolumeSource): void {
  checkRequired(errors, `${path}.gateway`, gateway);
  checkRequired(errors, `${path}.system`, system);
  checkRequired(errors, `${path}.volumeName`, volumeName);
}

export function checkStorageOs(errors: Errors, path: string, source: StorageOSVolumeSource): void {
  const { volumeName, volumeNamespace, secretRef } = source;
  if (volumeName) pushInvalid(errors, `${path}.volumeName`, volumeName, isDns1123Label(volumeName));
  else errors.push(fieldError.required(`${path}.volumeName`));
  if (volumeNamespace) pushInvalid(errors, `${path}.volumeNamespace`, volumeNamespace, isDns1123Label(volumeNamespace));
  checkSecretName(errors, path, secretRef);
}

export function checkCsi(errors: Errors, path: string, { driver, nodePublishSecretRef }: CSIVolumeSource): void {
  checkRequired(errors, `${path}.driver`, driver);
  if (driver.length > DRIVER_LENGTH_MAX) errors.push(fieldError.tooLong(`${path}.driver`, DRIVER_LENGTH_MAX));
  pushInvalid(errors, `${path}.driver`, driver, isDns1123Subdomain(driver.toLowerCase()));
  if (!nodePublishSecretRef) return;
  const name = nodePublishSecretRef.name ?? '';
  if (name === '') errors.push(fieldError.required(`${path}.nodePublishSecretRef.name`));
  else pushInvalid(errors, `${path}.name`, name, isDns1123Subdomain(name));
}
