import { fieldError, isDns1123Label, isDns1123Subdomain, type PodSpec, parseQuantity, type Volume } from '../../api/index.ts';
import { type Errors, isEmpty, listOf, pushInvalid } from './field-errors.ts';
import { checkPersistentVolumeClaimTemplate } from './persistent-volume-claim.ts';
import {
  checkConfigMapVolume,
  checkDownwardApiVolume,
  checkHostPathVolume,
  checkProjectedVolume,
  checkSecretVolume,
} from './volume-files.ts';
import {
  checkAwsElasticBlockStore,
  checkAzureDisk,
  checkAzureFile,
  checkCephFs,
  checkCinder,
  checkCsi,
  checkFc,
  checkFlexVolume,
  checkFlocker,
  checkGcePersistentDisk,
  checkGitRepo,
  checkGlusterfs,
  checkIscsi,
  checkNfs,
  checkPhotonPersistentDisk,
  checkPortworx,
  checkQuobyte,
  checkRbd,
  checkScaleIo,
  checkStorageOs,
  checkVsphere,
} from './volume-sources.ts';

/** A volume's source by the name it has in the volume. */
type SourceName = Exclude<keyof Volume, 'name'>;

interface SourceCheck<N extends SourceName = SourceName> {
  readonly name: N;
  /** The path element, where upstream's differs from the name. */
  readonly path?: string;
  /** The same for a second source in one volume. */
  readonly secondPath?: string;
  check(errors: Errors, path: string, volume: Volume, podName: string): void;
}

function source<N extends SourceName>(
  name: N,
  check: (errors: Errors, path: string, source: NonNullable<Volume[N]>) => void,
  paths: Pick<SourceCheck, 'path' | 'secondPath'> = {},
): SourceCheck<N> {
  return {
    name,
    ...paths,
    check: (errors, path, volume) => {
      const given = volume[name];
      if (given) check(errors, path, given);
    },
  };
}

/** In upstream's order, which decides what is the second source of a volume. */
const SOURCES: readonly SourceCheck[] = [
  source('emptyDir', (errors, path, { sizeLimit }) => {
    if (sizeLimit !== undefined && parseQuantity(sizeLimit).sign < 0) {
      errors.push(fieldError.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
    }
  }),
  source('hostPath', checkHostPathVolume),
  source('gitRepo', checkGitRepo),
  source('gcePersistentDisk', checkGcePersistentDisk, { path: 'persistentDisk', secondPath: 'gcePersistentDisk' }),
  source('awsElasticBlockStore', checkAwsElasticBlockStore),
  source('secret', checkSecretVolume),
  source('nfs', checkNfs),
  source('iscsi', checkIscsi),
  source('glusterfs', checkGlusterfs),
  source('flocker', checkFlocker),
  source('persistentVolumeClaim', (errors, path, { claimName }) => {
    if (isEmpty(claimName)) errors.push(fieldError.required(`${path}.claimName`));
  }),
  source('rbd', checkRbd),
  source('cinder', checkCinder),
  source('cephfs', checkCephFs, { secondPath: 'cephFS' }),
  source('quobyte', checkQuobyte),
  source('downwardAPI', checkDownwardApiVolume, { secondPath: 'downwarAPI' }),
  source('fc', checkFc),
  source('flexVolume', checkFlexVolume),
  source('configMap', checkConfigMapVolume),
  source('azureFile', checkAzureFile),
  source('vsphereVolume', checkVsphere),
  source('photonPersistentDisk', checkPhotonPersistentDisk),
  source('portworxVolume', checkPortworx),
  source('azureDisk', checkAzureDisk),
  source('storageos', checkStorageOs),
  source('projected', checkProjectedVolume),
  source('scaleIO', checkScaleIo),
  source('csi', checkCsi),
  { name: 'ephemeral', check: checkEphemeral },
];

const SOURCES_BY_NAME: ReadonlyMap<string, SourceCheck> = new Map(SOURCES.map((check) => [check.name, check]));

/**
 * The volumes of a pod or template.
 *
 * @param podName decides the names of claims made for ephemeral volumes; empty in templates.
 * @returns the volumes without errors, by name.
 */
export function checkVolumes(errors: Errors, path: string, spec: PodSpec, podName: string): ReadonlyMap<string, Volume> {
  const good = new Map<string, Volume>();
  const volumes = listOf(spec.volumes);
  volumes.forEach((volume, i) => {
    const at = `${path}[${i}]`;
    const before = errors.length;
    checkSource(errors, at, volume, podName);
    if (isEmpty(volume.name)) errors.push(fieldError.required(`${at}.name`));
    else pushInvalid(errors, `${at}.name`, volume.name, isDns1123Label(volume.name));
    if (good.has(volume.name)) errors.push(fieldError.duplicate(`${at}.name`, volume.name));
    if (errors.length === before) good.set(volume.name, volume);
    if (volume.persistentVolumeClaim && podName !== '') checkNotOwnClaim(errors, at, { volume, volumes, podName });
  });
  return good;
}

interface OwnClaim {
  readonly volume: Volume;
  readonly volumes: readonly Volume[];
  readonly podName: string;
}

function checkNotOwnClaim(errors: Errors, path: string, { volume, volumes, podName }: OwnClaim): void {
  const claimName = volume.persistentVolumeClaim?.claimName ?? '';
  if (!volumes.some(({ ephemeral, name }) => ephemeral && `${podName}-${name}` === claimName)) return;
  const message = 'must not reference a PVC that gets created for an ephemeral volume';
  errors.push(fieldError.invalid(`${path}.persistentVolumeClaim.claimName`, claimName, message));
}

function checkSource(errors: Errors, path: string, volume: Volume, podName: string): void {
  const given = Object.keys(volume).filter((name) => SOURCES_BY_NAME.has(name));
  const [only, second] = given;
  if (only === undefined) {
    errors.push(fieldError.required(path, 'must specify a volume type'));
  } else if (second === undefined) {
    const check = SOURCES_BY_NAME.get(only);
    check?.check(errors, `${path}.${check.path ?? check.name}`, volume, podName);
  } else {
    checkSeveralSources(errors, path, volume, podName);
  }
  checkIscsiName(errors, path, volume);
}

function checkSeveralSources(errors: Errors, path: string, volume: Volume, podName: string): void {
  let first = true;
  for (const check of SOURCES) {
    if (!volume[check.name]) continue;
    if (first) check.check(errors, `${path}.${check.path ?? check.name}`, volume, podName);
    else errors.push(fieldError.forbidden(`${path}.${check.secondPath ?? check.name}`, 'may not specify more than 1 volume type'));
    first = false;
  }
}

const ISCSI_NAME_LENGTH_MAX = 64;

function checkIscsiName(errors: Errors, path: string, { name, iscsi }: Volume): void {
  if (iscsi?.initiatorName === undefined || `${name}:${iscsi.targetPortal}`.length <= ISCSI_NAME_LENGTH_MAX) return;
  const message = 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
  errors.push(fieldError.invalid(`${path}.name`, name, message));
}

function checkEphemeral(errors: Errors, path: string, volume: Volume, podName: string): void {
  const template = volume.ephemeral?.volumeClaimTemplate;
  if (template) checkPersistentVolumeClaimTemplate(errors, `${path}.volumeClaimTemplate`, template);
  else errors.push(fieldError.required(`${path}.volumeClaimTemplate`));
  if (podName === '' || volume.name === '') return;
  const claimName = `${podName}-${volume.name}`;
  const messages = isDns1123Subdomain(claimName).map((message) => `PVC name "${claimName}": ${message}`);
  pushInvalid(errors, `${path.slice(0, path.lastIndexOf('.'))}.name`, volume.name, messages);
}
