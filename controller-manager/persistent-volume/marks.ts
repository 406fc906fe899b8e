// What claims and volumes say of the plugins that make them: which driver took over, and that a volume may not go before what it stands for.
// Upstream: `updateMigrationAnnotations` and `modifyDeletionFinalizers`.
import { MIGRATED_TO, PROVISIONED_BY, STORAGE_PROVISIONER, STORAGE_PROVISIONER_BETA } from '../../api/index.ts';
import type { Claim, Volume } from './plan-claim.ts';
import { isInTree, migratedDriver } from './plugins.ts';

/** Volumes that a plugin of upstream made go once it has deleted what they stand for. */
const OURS = 'kubernetes.io/pv-controller';
/** The same, of provisioners beside the controller manager. */
const PROVISIONERS = 'external-provisioner.volume.kubernetes.io/finalizer';

/** A claim that names the driver which took over from its plugin; undefined when it says so already. */
export function markedClaim(claim: Claim): Claim | undefined {
  const { annotations } = claim.metadata;
  const marked = told(annotations, annotations?.[STORAGE_PROVISIONER] ?? annotations?.[STORAGE_PROVISIONER_BETA]);
  return marked && { ...claim, metadata: { ...claim.metadata, annotations: marked } };
}

/** A volume with the driver that took over, and the finalizers, that its maker asks for; undefined when it has them. */
export function markedVolume(volume: Volume): Volume | undefined {
  const { metadata, spec } = volume;
  const maker = metadata.annotations?.[PROVISIONED_BY];
  if (maker === undefined) return undefined;
  const annotations = told(metadata.annotations, maker);
  const finalizers = finalizersFor(metadata, maker, spec.persistentVolumeReclaimPolicy);
  if (!annotations && !finalizers) return undefined;
  return { ...volume, metadata: { ...metadata, ...(annotations ? { annotations } : {}), ...(finalizers ? { finalizers } : {}) } };
}

/** A volume whose plugin has deleted what it stands for. */
export function freedVolume(volume: Volume): Volume | undefined {
  const { finalizers } = volume.metadata;
  if (!finalizers?.includes(OURS)) return undefined;
  return { ...volume, metadata: { ...volume.metadata, finalizers: finalizers.filter((finalizer) => finalizer !== OURS) } };
}

type Annotations = Readonly<Record<string, string>>;

function told(annotations: Annotations | undefined, maker: string | undefined): Record<string, string> | undefined {
  if (maker === undefined) return undefined;
  const driver = migratedDriver(maker);
  const now = annotations?.[MIGRATED_TO];
  if (driver !== undefined) return now === driver ? undefined : { ...annotations, [MIGRATED_TO]: driver };
  if (!now) return undefined;
  const { [MIGRATED_TO]: _, ...others } = annotations ?? {};
  return others;
}

function finalizersFor({ finalizers = [], deletionTimestamp }: Volume['metadata'], maker: string, policy: string | undefined) {
  const isHeld = finalizers.includes(OURS);
  const without = (...gone: string[]) => finalizers.filter((finalizer) => !gone.includes(finalizer));
  if (migratedDriver(maker) !== undefined) return isHeld ? without(OURS) : undefined;
  if (!isInTree(maker)) return undefined;
  // What is going gets no new finalizers: the API server takes none.
  const adds = policy === 'Delete' && !isHeld && !deletionTimestamp;
  const removes = isHeld && (policy === 'Retain' || policy === 'Recycle');
  if (!adds && !removes && !finalizers.includes(PROVISIONERS)) return undefined;
  return [...(removes ? without(OURS, PROVISIONERS) : without(PROVISIONERS)), ...(adds ? [OURS] : [])];
}
