import { ephemeralClaimName, type Volume, type VolumeProjection } from '../../../api/index.ts';
import { claimVolume } from './claim.ts';
import { csiVolume } from './csi.ts';
import { emptyDirVolume } from './empty-dir.ts';
import { hostPathVolume } from './host-path.ts';
import { networkKey, networkVolume } from './network.ts';
import { MODE_DEFAULT, type PayloadSource, PayloadVolume } from './payload.ts';
import { sourceFiles, together } from './projected.ts';
import {
  impossibleVolume,
  MountError,
  type MountedVolume,
  type PodVolume,
  readyVolume,
  UnprocessedError,
  type VolumeScope,
} from './volume.ts';

/** The volumes of a pod. A source that has a file of its own here is a row in this list; what nobody knows is an empty directory. */
export const volumesOf = (volumes: readonly Volume[], scope: VolumeScope): readonly PodVolume[] =>
  volumes.length === 0 ? NONE : volumes.map((volume) => volumeOf(volume, scope));

const NONE: readonly PodVolume[] = [];

function volumeOf(volume: Volume, scope: VolumeScope): PodVolume {
  const { name, persistentVolumeClaim, ephemeral, hostPath, emptyDir, csi, gitRepo } = volume;
  if (persistentVolumeClaim) return claimVolume({ name, claimName: persistentVolumeClaim.claimName, isEphemeral: false }, scope);
  if (ephemeral) return claimVolume({ name, claimName: ephemeralClaimName(scope.facts().pod, name), isEphemeral: true }, scope);
  if (csi) return csiVolume(name, csi, scope);
  if (hostPath) return hostPathVolume(name, hostPath, scope);
  if (emptyDir) return emptyDirVolume(name, emptyDir, scope);
  if (gitRepo) return impossibleVolume(name, NO_GIT);
  if (networkKey(volume) !== undefined) return networkVolume(volume, scope);
  return partsOf(volume) ? new PayloadVolume(volume, scope, filesOf) : readyVolume(name, { name });
}

/** Since 1.33 (KEP 5040). */
const NO_GIT =
  'git-repo volume plugin has been disabled; if necessary, it may be re-enabled by enabling the feature-gate `GitRepoVolumeDriver`';

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

/** All but tokens must be there before the first container starts. */
function filesOf(volume: Volume, scope: VolumeScope): PayloadSource {
  const { sources, mode } = partsOf(volume) ?? { sources: [], mode: MODE_DEFAULT };
  const all = sources.map((source) => ({ source, collect: sourceFiles(source, mode, scope) }));
  const checked = all.filter(({ source }) => !source.serviceAccountToken);
  return { collect: together(all.map(({ collect }) => collect)), check: together(checked.map(({ collect }) => collect)) };
}

/** The volumes as far as they could be set up, and why the others could not. */
export interface SetUp {
  readonly mounted: readonly MountedVolume[];
  readonly errors: readonly MountError[];
}

/** Takes each volume that was set up, or could not be. */
export type OnSetUp = (volume: PodVolume, startedAt: number, isDone: boolean) => void;

/** Sets up a pod's volumes. @param told is told of each, with the time that `now` told before. Upstream: `pkg/volume/util/operationexecutor/operation_generator.go`. */
export async function setUpVolumes(
  volumes: readonly PodVolume[],
  told?: { readonly now: () => number; readonly onSetUp: OnSetUp },
): Promise<SetUp> {
  const mounted: MountedVolume[] = [];
  const errors: MountError[] = [];
  for (const volume of volumes) {
    const startedAt = told?.now() ?? 0;
    try {
      const mountable = await volume.setUp();
      told?.onSetUp(volume, startedAt, true);
      mounted.push({ name: volume.name, mountable, ...(volume.gid === undefined ? {} : { gid: volume.gid }) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      errors.push(error instanceof MountError ? error : new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`));
      if (!(error instanceof UnprocessedError)) told?.onSetUp(volume, startedAt, false);
    }
  }
  // A copy has no room to grow.
  return { mounted: mounted.slice(), errors };
}
