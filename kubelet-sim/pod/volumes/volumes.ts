import { ephemeralClaimName, type Volume, type VolumeProjection } from '../../../api/index.ts';
import type { MountableVolume } from '../../runtime/cri.ts';
import { claimVolume } from './claim.ts';
import { csiVolume } from './csi.ts';
import { emptyDirVolume } from './empty-dir.ts';
import { hostPathVolume } from './host-path.ts';
import { MODE_DEFAULT, payloadVolume } from './payload.ts';
import { sourceFiles, together } from './projected.ts';
import { MountError, type PodVolume, readyVolume, type VolumeScope } from './volume.ts';

/** The volumes of a pod. A source that has a file of its own here is a row in this list; what nobody knows is an empty directory. */
export const volumesOf = (volumes: readonly Volume[], scope: VolumeScope): readonly PodVolume[] =>
  volumes.map((volume) => volumeOf(volume, scope));

function volumeOf(volume: Volume, scope: VolumeScope): PodVolume {
  const { name, persistentVolumeClaim, ephemeral, hostPath, emptyDir, csi } = volume;
  if (persistentVolumeClaim) return claimVolume({ name, claimName: persistentVolumeClaim.claimName, isEphemeral: false }, scope);
  if (ephemeral) return claimVolume({ name, claimName: ephemeralClaimName(scope.facts().pod, name), isEphemeral: true }, scope);
  if (csi) return csiVolume(name, csi, scope);
  if (hostPath) return hostPathVolume(name, hostPath, scope);
  if (emptyDir) return emptyDirVolume(name, emptyDir, scope);
  const parts = partsOf(volume);
  return parts ? filesVolume(name, parts, scope) : readyVolume(name, { name });
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

/**
 * The volume that carries the service account's token is in every pod and few look at it: it is set up when somebody does. Of others,
 * all but tokens must be there before the first container starts.
 */
function filesVolume(name: string, { sources, mode }: Parts, scope: VolumeScope): PodVolume {
  const all = sources.map((source) => ({ source, collect: sourceFiles(source, mode, scope) }));
  const checked = name.startsWith(ACCESS_VOLUME) ? [] : all.filter(({ source }) => !source.serviceAccountToken);
  return payloadVolume(name, scope, together(all.map(({ collect }) => collect)), together(checked.map(({ collect }) => collect)));
}

/** How the volume is called that admission puts into every pod. */
const ACCESS_VOLUME = 'kube-api-access-';

/** The volumes as far as they could be set up, and why the others could not. */
export interface SetUp {
  readonly mountables: ReadonlyMap<string, MountableVolume>;
  readonly errors: readonly MountError[];
}

/** Sets up a pod's volumes. Upstream: `pkg/volume/util/operationexecutor/operation_generator.go`. */
export async function setUpVolumes(volumes: readonly PodVolume[]): Promise<SetUp> {
  const mountables = new Map<string, MountableVolume>();
  const errors: MountError[] = [];
  for (const volume of volumes)
    try {
      mountables.set(volume.name, await volume.setUp());
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      errors.push(error instanceof MountError ? error : new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`));
    }
  return { mountables, errors };
}
