// Which volumes are to be attached to a node, and which are no more. Upstream: `pkg/controller/volume/attachdetach`.
import { createHash } from 'node:crypto';
import type { Live, Node, PersistentVolume, Pod, VolumeAttachment } from '../../api/index.ts';
import { isPodTerminal } from '../shared/pods.ts';

/** On a node: volumes are attached to it by this controller, not by its kubelet. */
const MANAGED = 'volumes.kubernetes.io/controller-managed-attach-detach';
/** On a node: pods that have ended keep their volumes. */
const KEEP_TERMINATED = 'volumes.kubernetes.io/keep-terminated-pod-volumes';
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';
/** How long a volume may be in use on a node that is not ready before it is taken away all the same. */
const UNMOUNT_MS_MAX = 6 * 60_000;

type Volume = Live<PersistentVolume>;
type Attachment = Live<VolumeAttachment>;

/** What a plan for a node looks at. */
export interface AttachWorld {
  readonly nodeName: string;
  /** Undefined when it is gone. */
  readonly node: Live<Node> | undefined;
  /** Pods on the node. */
  readonly pods: readonly Live<Pod>[];
  /** Volumes that the pod's claims are bound to and a driver has to attach. */
  volumesOf(pod: Live<Pod>): readonly Volume[];
  volume(name: string): Volume | undefined;
  /** Attachments of the node. */
  readonly attachments: readonly Attachment[];
  /** Attachments of a volume, on any node, those that are being made among them. */
  attachmentsOf(volumeName: string): readonly VolumeAttachment[];
  /** Pods on any node. */
  podsOn(nodeName: string): readonly Live<Pod>[];
  /** When a volume was first found not to be wanted any more, by the attachment's uid. */
  unwantedSince(uid: string): number;
  readonly now: number;
  readonly canForce: boolean;
}

/** A volume that waits for another node to let go of it. */
export interface AttachConflict {
  readonly volume: Volume;
  readonly pods: readonly Live<Pod>[];
  /** Pods on the other nodes that use it. */
  readonly users: readonly Live<Pod>[];
}

/** Why a volume is taken away from a node that still uses it. */
export type Force = 'out-of-service' | 'timeout';

/** What is to be done about the volumes of a node. */
export interface AttachPlan {
  readonly create: readonly VolumeAttachment[];
  readonly remove: readonly Attachment[];
  /** Not wanted any more, but in use. */
  readonly held: readonly Attachment[];
  /** For each that is taken by force, why. */
  readonly forced: readonly Force[];
  readonly conflicts: readonly AttachConflict[];
  /** What the node is to be told is attached; undefined when it says so, or is gone. */
  readonly volumesAttached: NonNullable<Node['status']['volumesAttached']> | undefined;
  /** When to look again, if nothing happens before. */
  readonly requeueAfterMs?: number | undefined;
}

/** Name of an attachment. Upstream: `getAttachmentName`, `pkg/volume/csi/csi_attacher.go`. */
export const attachmentName = (handle: string, driver: string, nodeName: string): string =>
  `csi-${createHash('sha256').update(`${handle}${driver}${nodeName}`).digest('hex')}`;

/** How a node calls a volume. */
export const uniqueName = ({ spec: { csi } }: Volume): string => `kubernetes.io/csi/${csi?.driver ?? ''}^${csi?.volumeHandle ?? ''}`;

/** Volumes with the pods that want them, by the volume's name. */
function wantedVolumes({ node, pods, volumesOf }: AttachWorld): ReadonlyMap<string, Omit<AttachConflict, 'users'>> {
  const wanted = new Map<string, { volume: Volume; pods: Live<Pod>[] }>();
  const { annotations } = node?.metadata ?? {};
  if (annotations?.[MANAGED] !== 'true') return wanted;
  const keepsTerminated = annotations[KEEP_TERMINATED] === 'true';
  for (const pod of pods) {
    if (isPodTerminal(pod) && !keepsTerminated) continue;
    for (const volume of volumesOf(pod)) {
      const known = wanted.get(volume.metadata.name);
      if (known) known.pods.push(pod);
      else wanted.set(volume.metadata.name, { volume, pods: [pod] });
    }
  }
  return wanted;
}

export function planNode(world: AttachWorld): AttachPlan {
  const wanted = wantedVolumes(world);
  const create: VolumeAttachment[] = [];
  const conflicts: AttachConflict[] = [];
  for (const [name, { volume, pods }] of wanted) {
    if (world.attachments.some((attachment) => volumeOf(attachment) === name)) continue;
    const others = world.attachmentsOf(name).filter(({ spec }) => spec.nodeName !== world.nodeName);
    if (others.length > 0 && isExclusive(volume)) conflicts.push({ volume, pods, users: usersOf(name, others, world) });
    else create.push(attachmentFor(volume, world.nodeName));
  }
  const unwanted = world.attachments.filter(
    (attachment) => !wanted.has(volumeOf(attachment)) && !attachment.metadata.deletionTimestamp && isOurs(attachment),
  );
  const releases = new Map(unwanted.map((attachment) => [attachment, releaseOf(attachment, world)]));
  const remove = unwanted.filter((attachment) => releases.get(attachment) !== 'held');
  const held = unwanted.filter((attachment) => !remove.includes(attachment));
  const waits = held.map(({ metadata }) => world.unwantedSince(metadata.uid) + UNMOUNT_MS_MAX - world.now).filter((ms) => ms > 0);
  return {
    create,
    remove,
    held,
    forced: [...releases.values()].filter((release) => release === 'out-of-service' || release === 'timeout'),
    conflicts,
    volumesAttached: attachedNews(world, remove),
    ...(waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : {}),
  };
}

const volumeOf = ({ spec }: VolumeAttachment): string => spec.source.persistentVolumeName ?? '';

function usersOf(volumeName: string, attachments: readonly VolumeAttachment[], { podsOn, volumesOf }: AttachWorld): Live<Pod>[] {
  return [...new Set(attachments.map(({ spec }) => spec.nodeName))]
    .flatMap(podsOn)
    .filter((pod) => !isPodTerminal(pod) && volumesOf(pod).some(({ metadata }) => metadata.name === volumeName));
}

/** Who has the volume, as a pod of this namespace is told. Upstream: `reportMultiAttachError`. */
export function conflictMessage({ volume, users }: AttachConflict, namespace: string | undefined): string {
  const own = users.flatMap(({ metadata }) => (metadata.namespace === namespace ? [metadata.name] : [])).sort();
  const others = users.length - own.length;
  const elsewhere = `${others} pod(s) in different namespaces`;
  const named = own.length > 0 ? `pod(s) ${own.join(', ')}${others > 0 ? ` and ${elsewhere}` : ''}` : elsewhere;
  const why =
    users.length > 0 ? `is already used by ${named}` : "is already exclusively attached to one node and can't be attached to another";
  return `Multi-Attach error for volume "${volume.metadata.name}" Volume ${why}`;
}

/** What others attached is theirs: names of attachments that this controller makes begin so. */
const isOurs = ({ metadata }: Attachment): boolean => /^csi-[0-9a-f]{64}$/.test(metadata.name);

/** A volume that one node alone can have. */
function isExclusive({ spec: { accessModes = [] } }: Volume): boolean {
  return accessModes.length > 0 && !accessModes.includes('ReadWriteMany') && !accessModes.includes('ReadOnlyMany');
}

function attachmentFor({ metadata, spec: { csi } }: Volume, nodeName: string): VolumeAttachment {
  const driver = csi?.driver ?? '';
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name: attachmentName(csi?.volumeHandle ?? '', driver, nodeName) },
    spec: { attacher: driver, nodeName, source: { persistentVolumeName: metadata.name } },
    status: { attached: false },
  };
}

/** Whether a volume may be taken away: the node does not use it, or will never say so any more. */
function releaseOf(attachment: Attachment, { node, now, unwantedSince, canForce, volume }: AttachWorld): 'free' | 'held' | Force {
  if (!node) return 'free';
  const found = volume(volumeOf(attachment));
  if (!found || !node.status.volumesInUse?.includes(uniqueName(found))) return 'free';
  if (node.spec.taints?.some(({ key }) => key === OUT_OF_SERVICE)) return 'out-of-service';
  const isReady = node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return canForce && !isReady && now - unwantedSince(attachment.metadata.uid) >= UNMOUNT_MS_MAX ? 'timeout' : 'held';
}

function attachedNews({ node, attachments, volume }: AttachWorld, removed: readonly Attachment[]): AttachPlan['volumesAttached'] {
  if (node?.metadata.annotations?.[MANAGED] !== 'true') return undefined;
  const told = new Set((node.status.volumesAttached ?? []).map(({ name }) => name));
  const attached = attachments
    .filter((attachment) => attachment.status?.attached && !attachment.metadata.deletionTimestamp && !removed.includes(attachment))
    .flatMap((attachment) => volume(volumeOf(attachment)) ?? [])
    .map((found) => ({ name: uniqueName(found), devicePath: '' }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const isSame = attached.length === told.size && attached.every(({ name }) => told.has(name));
  return isSame ? undefined : attached;
}
