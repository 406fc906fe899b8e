import type { Live, PersistentVolume, PersistentVolumeClaim } from '../../api/index.ts';
import { pluginOf } from '../shared/volume-plugins.ts';

/** How many of something there are with the same labels. */
interface LabelledCount {
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
}

/** What is counted. */
export const VOLUME_COUNTS = ['total', 'boundVolumes', 'unboundVolumes', 'boundClaims', 'unboundClaims'] as const;
export type VolumeCounts = Readonly<Record<(typeof VOLUME_COUNTS)[number], readonly LabelledCount[]>>;

/** Volumes and claims, by what upstream tells them apart: `pvAndPVCCountCollector`, `pkg/controller/volume/persistentvolume/metrics`. */
export function countVolumes(volumes: readonly Live<PersistentVolume>[], claims: readonly Live<PersistentVolumeClaim>[]): VolumeCounts {
  const ofVolume = ({ spec }: Live<PersistentVolume>) => ({ storage_class: spec.storageClassName ?? '' });
  const ofClaim = ({ metadata: { namespace = '' }, spec }: Live<PersistentVolumeClaim>) => ({
    namespace,
    storage_class: spec.storageClassName ?? '',
    volume_attributes_class: spec.volumeAttributesClassName ?? '',
  });
  const isBound = ({ status }: { readonly status: { readonly phase?: string | undefined } }) => status.phase === 'Bound';
  const isNot =
    <T>(test: (one: T) => boolean) =>
    (one: T) =>
      !test(one);
  return {
    total: tally(volumes, (volume) => ({ plugin_name: pluginOf(volume), volume_mode: volume.spec.volumeMode ?? 'Filesystem' })),
    boundVolumes: tally(volumes.filter(isBound), ofVolume),
    unboundVolumes: tally(volumes.filter(isNot(isBound)), ofVolume),
    boundClaims: tally(claims.filter(isBound), ofClaim),
    unboundClaims: tally(claims.filter(isNot(isBound)), ofClaim),
  };
}

function tally<T>(all: readonly T[], labelsOf: (one: T) => Readonly<Record<string, string>>): LabelledCount[] {
  const counts = new Map<string, { labels: Readonly<Record<string, string>>; count: number }>();
  for (const one of all) {
    const labels = labelsOf(one);
    const key = JSON.stringify(labels);
    const known = counts.get(key);
    if (known) known.count += 1;
    else counts.set(key, { labels, count: 1 });
  }
  return [...counts.values()];
}
