import type {
  ConfigMap,
  ConfigMapProjection,
  DownwardAPIProjection,
  KeyToPath,
  Live,
  Secret,
  SecretProjection,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from '../../api/index.ts';
import type { MountableVolume, VolumeFile } from '../runtime/cri.ts';
import type { ConfigSource } from './config-source.ts';
import { fieldValue, type PodFacts, resourceValue } from './field-ref.ts';

const MODE_DEFAULT = 0o644;
const TOKEN_SECONDS_DEFAULT = 3600;

/** A volume that cannot be set up; the text is the event's. */
export class MountError extends Error {
  override readonly name = 'MountError';
}

/** Volumes that outlive a pod: claims and host paths, by name. */
export type LastingVolumes = Map<string, MountableVolume>;

/** What a pod's volumes need to know. */
export interface VolumeScope {
  readonly facts: () => PodFacts;
  readonly source: ConfigSource;
  readonly lasting: LastingVolumes;
}

type Files = Map<string, VolumeFile>;

/** The volumes of a pod, by name. Their files are made when somebody looks at them. */
export function volumesOf(volumes: readonly Volume[], scope: VolumeScope): ReadonlyMap<string, MountableVolume> {
  return new Map(volumes.map((volume) => [volume.name, mountableOf(volume, scope)]));
}

function mountableOf(volume: Volume, scope: VolumeScope): MountableVolume {
  const namespace = scope.facts().pod.metadata.namespace ?? '';
  if (volume.persistentVolumeClaim) return lasting(scope.lasting, `claim/${namespace}/${volume.persistentVolumeClaim.claimName}`);
  if (volume.hostPath) return lasting(scope.lasting, `host/${scope.facts().pod.spec.nodeName}${volume.hostPath.path}`);
  const parts = partsOf(volume);
  return parts ? { name: volume.name, files: () => collect(parts, scope) } : { name: volume.name };
}

function lasting(volumes: LastingVolumes, key: string): MountableVolume {
  const held = volumes.get(key) ?? { name: key };
  volumes.set(key, held);
  return held;
}

interface Parts {
  readonly sources: readonly VolumeProjection[];
  readonly mode: number;
}

/** Config maps, secrets and the downward API are projections of one source. */
function partsOf({ configMap, secret, downwardAPI, projected }: Volume): Parts | undefined {
  if (configMap) return { sources: [{ configMap }], mode: configMap.defaultMode ?? MODE_DEFAULT };
  if (secret)
    return {
      sources: [{ secret: { name: secret.secretName, items: secret.items, optional: secret.optional } }],
      mode: secret.defaultMode ?? MODE_DEFAULT,
    };
  if (downwardAPI) return { sources: [{ downwardAPI }], mode: downwardAPI.defaultMode ?? MODE_DEFAULT };
  return projected ? { sources: projected.sources ?? [], mode: projected.defaultMode ?? MODE_DEFAULT } : undefined;
}

async function collect({ sources, mode }: Parts, scope: VolumeScope): Promise<Files> {
  const files: Files = new Map();
  for (const source of sources) await project(source, { files, mode, scope });
  return files;
}

interface Into {
  readonly files: Files;
  readonly mode: number;
  readonly scope: VolumeScope;
}

async function project(projection: VolumeProjection, into: Into): Promise<void> {
  const namespace = into.scope.facts().pod.metadata.namespace ?? '';
  const { configMap, secret, downwardAPI, serviceAccountToken } = projection;
  if (configMap) await projectConfigMap(configMap, namespace, into);
  if (secret) await projectSecret(secret, namespace, into);
  if (downwardAPI) projectFields(downwardAPI, into);
  if (serviceAccountToken) await projectToken(serviceAccountToken, into);
}

async function projectConfigMap({ name = '', items, optional }: ConfigMapProjection, namespace: string, into: Into): Promise<void> {
  const found = await into.scope.source.configMap(namespace, name);
  if (found) place(into, configMapBytes(found), items, { optional, label: 'configmap' });
  else if (!optional) throw new MountError(`configmap "${name}" not found`);
}

async function projectSecret({ name = '', items, optional }: SecretProjection, namespace: string, into: Into): Promise<void> {
  const found = await into.scope.source.secret(namespace, name);
  if (found) place(into, secretBytes(found), items, { optional, label: 'secret' });
  else if (!optional) throw new MountError(`secret "${name}" not found`);
}

function projectFields({ items = [] }: DownwardAPIProjection, { files, mode, scope }: Into): void {
  const facts = scope.facts();
  for (const { path, fieldRef, resourceFieldRef, mode: own } of items) {
    const container = facts.pod.spec.containers.find(({ name }) => name === resourceFieldRef?.containerName);
    const ofResource = resourceFieldRef && container ? resourceValue(facts, container, resourceFieldRef) : '';
    files.set(path, { content: Buffer.from(fieldRef ? fieldValue(facts, fieldRef.fieldPath) : ofResource), mode: own ?? mode });
  }
}

async function projectToken(projection: ServiceAccountTokenProjection, { files, mode, scope }: Into): Promise<void> {
  const { audience = '', expirationSeconds = TOKEN_SECONDS_DEFAULT, path } = projection;
  const token = await scope.source.serviceAccountToken(scope.facts().pod, { audience, expirationSeconds });
  files.set(path, { content: Buffer.from(token), mode });
}

function place(
  into: Into,
  data: ReadonlyMap<string, Buffer>,
  items: readonly KeyToPath[] | undefined,
  about: { readonly optional?: boolean | undefined; readonly label: string },
): void {
  if (!items || items.length === 0) {
    for (const [key, content] of data) into.files.set(key, { content, mode: into.mode });
    return;
  }
  for (const { key, path, mode } of items) {
    const content = data.get(key);
    if (content) into.files.set(path, { content, mode: mode ?? into.mode });
    else if (!about.optional)
      throw new MountError(`${about.label} references non-existent ${about.label === 'secret' ? 'secret' : 'config'} key: ${key}`);
  }
}

const configMapBytes = ({ data = {}, binaryData = {} }: Live<ConfigMap>): Map<string, Buffer> =>
  new Map([
    ...Object.entries(data).map(([key, text]) => [key, Buffer.from(text)] as const),
    ...Object.entries(binaryData).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const),
  ]);

const secretBytes = ({ data = {} }: Live<Secret>): Map<string, Buffer> =>
  new Map(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')]));

/**
 * Sets up what can fail before the first container starts, as an event of the pod would tell: config maps and secrets must be there.
 * The volume that carries the service account's token is set up when it is looked at: it is in every pod and few look.
 *
 * @throws MountError
 */
export async function checkVolumes(volumes: readonly Volume[], scope: VolumeScope): Promise<void> {
  for (const volume of volumes) {
    const parts = partsOf(volume);
    if (!parts || parts.sources.some(({ serviceAccountToken }) => serviceAccountToken)) continue;
    try {
      await collect(parts, scope);
    } catch (error) {
      throw new MountError(
        `MountVolume.SetUp failed for volume "${volume.name}" : ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
