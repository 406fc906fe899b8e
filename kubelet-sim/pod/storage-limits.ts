import { type Container, type Pod, parseQuantity, type Quantity } from '../../api/index.ts';
import type { RuntimeService } from '../runtime/cri.ts';
import { isSidecar } from './container-names.ts';
import type { Verdict } from './observed.ts';
import { type MountedVolume, mountableNamed } from './volumes/volume.ts';

/** How often the use of disk is looked at, as upstream's eviction manager does. */
export const STORAGE_CHECK_MS = 10_000;

const ON_DISK = 'ephemeral-storage';

/** What is looked at. */
export interface StorageScope {
  readonly pod: Pod;
  readonly runtime: RuntimeService;
  readonly volumes: readonly MountedVolume[];
  readonly containerId: (name: string) => string | undefined;
}

/** Whether a pod says how much of the node's disk it may use: others need not be looked at. */
export const limitsStorage = ({ spec }: Pod): boolean =>
  (spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) ||
  [...(spec.initContainers ?? []), ...spec.containers].some(({ resources }) => resources?.limits?.[ON_DISK] !== undefined);

/** Why a pod that uses too much disk goes, and the signal under which that is counted. */
export interface StorageVerdict extends Verdict {
  readonly signal: 'emptydirfs.limit' | 'ephemeralpodfs.limit' | 'ephemeralcontainerfs.limit';
}

/**
 * Why a pod that uses more disk than it may is to be evicted: first its emptyDir volumes, then the whole of it, then each container.
 * Upstream: `localStorageEviction`, `pkg/kubelet/eviction/eviction_manager.go`.
 */
export function storageVerdict(scope: StorageScope): StorageVerdict | undefined {
  for (const { signal, excess } of LOOKS) {
    const message = excess(scope);
    if (message !== undefined) return { reason: 'Evicted', message, signal };
  }
  return undefined;
}

const bytes = (text: string): number => parseQuantity(text).value();

function volumeExcess({ pod, runtime, volumes }: StorageScope): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const volume = mountableNamed(volumes, name);
    const limit = emptyDir?.sizeLimit;
    if (volume && limit !== undefined && bytes(limit) > 0 && runtime.volumeUsage(volume).usedBytes > bytes(limit))
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". `;
  }
  return undefined;
}

function podExcess(scope: StorageScope): string | undefined {
  const { pod, runtime, volumes } = scope;
  const limit = podLimit(pod);
  if (!limit) return undefined;
  let used = 0;
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const volume = mountableNamed(volumes, name);
    if (volume && emptyDir && emptyDir.medium !== 'Memory') used += runtime.volumeUsage(volume).usedBytes;
  }
  for (const container of pod.spec.containers) used += containerUse(scope, container);
  return used > limit.value()
    ? `Pod ephemeral local storage usage exceeds the total limit of containers ${limit.canonical()}. `
    : undefined;
}

/** The limits of those containers that have one, together. Upstream: `PodLimits`, `component-helpers/resource`. */
function podLimit({ spec }: Pod): Quantity | undefined {
  const limits = [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers].flatMap(
    ({ resources }) => resources?.limits?.[ON_DISK] ?? [],
  );
  return limits.length === 0 ? undefined : limits.map((text) => parseQuantity(text)).reduce((sum, one) => sum.add(one));
}

function containerExcess(scope: StorageScope): string | undefined {
  for (const container of scope.pod.spec.containers) {
    const limit = container.resources?.limits?.[ON_DISK];
    if (limit !== undefined && containerUse(scope, container) > bytes(limit))
      return `Container ${container.name} exceeded its local ephemeral storage limit "${limit}". `;
  }
  return undefined;
}

function containerUse({ runtime, containerId }: StorageScope, { name }: Container): number {
  const id = containerId(name);
  const stats = id === undefined ? undefined : runtime.containerStats(id);
  return stats ? stats.writableLayer.usedBytes + stats.log.usedBytes : 0;
}

/** In the order in which they are looked at. */
const LOOKS = [
  { signal: 'emptydirfs.limit', excess: volumeExcess },
  { signal: 'ephemeralpodfs.limit', excess: podExcess },
  { signal: 'ephemeralcontainerfs.limit', excess: containerExcess },
] as const;
