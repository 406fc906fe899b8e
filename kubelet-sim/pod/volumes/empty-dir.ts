import { type EmptyDirVolumeSource, type Pod, parseQuantity } from '../../../api/index.ts';
import { controlGroupOf } from '../control-group.ts';
import type { PodFacts } from '../field-ref.ts';
import { impossibleVolume, ownershipOf, type PodVolume, readyVolume, type VolumeScope } from './volume.ts';

/**
 * A directory that lives as long as its pod. In memory its limit is that of the file system; on disk the pod is evicted when it is
 * found to be beyond it ({@link storageVerdict}). Upstream: `pkg/volume/emptydir`.
 */
export function emptyDirVolume(name: string, { medium = '', sizeLimit }: EmptyDirVolumeSource, scope: VolumeScope): PodVolume {
  const problem = mediumProblem(medium, scope.facts().pod);
  if (problem !== undefined) return impossibleVolume(name, problem);
  return readyVolume(name, {
    name,
    ...ownershipOf(scope.facts()),
    ...(medium === 'Memory' ? { medium: 'tmpfs', capacityBytes: sizeInMemory(sizeLimit, scope.facts()) } : {}),
  });
}

const HUGE_PAGES = 'HugePages';

/** Why a medium cannot be had: huge pages have to be asked for, too. Upstream: `getPageSizeMountOption`. */
function mediumProblem(medium: string, { spec }: Pod): string | undefined {
  if (medium === '' || medium === 'Memory') return undefined;
  if (medium !== HUGE_PAGES && !medium.startsWith(`${HUGE_PAGES}-`)) return `unknown storage medium ${JSON.stringify(medium)}`;
  const lists = [spec.resources, ...[...spec.containers, ...(spec.initContainers ?? [])].map(({ resources }) => resources)];
  const sizes = new Set(
    lists.flatMap((list) => Object.keys(list?.requests ?? {})).flatMap((name) => /^hugepages-(.+)$/.exec(name)?.[1] ?? []),
  );
  if (medium === HUGE_PAGES && sizes.size > 1) return `medium: ${medium} can't be used if container requests multiple huge page sizes`;
  const isAsked = medium === HUGE_PAGES ? sizes.size > 0 : sizes.has(medium.slice(HUGE_PAGES.length + 1));
  return isAsked ? undefined : `medium ${medium}: hugePages storage requested, but there is no resource request for huge pages`;
}

/** What may be in it: no more than it says, than its pod may use, or than there is. Upstream: `calculateEmptyDirMemorySize`. */
function sizeInMemory(sizeLimit: string | undefined, { pod, allocatable }: PodFacts): number {
  const bounds = [bytes(sizeLimit), controlGroupOf(pod).memoryLimitBytes ?? 0, bytes(allocatable.memory)];
  return Math.min(...bounds.filter((bound) => bound > 0));
}

const bytes = (quantity: string | undefined): number => (quantity === undefined ? 0 : parseQuantity(quantity).value());
