import {
  type CSIDriver,
  coreKinds,
  isAlreadyExists,
  isNotFound,
  type Live,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  storageKinds,
  type VolumeAttachment,
} from '../../api/index.ts';
import { type ReconcileResult, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_CLAIM, BY_NODE } from '../informers.ts';
import type { Counted } from '../shared/census.ts';
import { runPeriodically } from '../shared/periodic.ts';
import { claimKeysOf } from '../shared/pod-claims.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { subjectOf } from '../shared/subject.ts';
import { csiPlugin, pluginOf } from '../shared/volume-plugins.ts';
import { type AttachConflict, type AttachPlan, type AttachWorld, conflictMessage, planNode } from './plan.ts';

/** Index of attachments by node, and by volume. */
const BY_ATTACHED_NODE = 'attached-node';
const BY_VOLUME = 'volume';
const WORKERS = 10;

/**
 * Has the volumes of pods attached to their nodes, by VolumeAttachments for the drivers that have to, and tells nodes what is attached to
 * them. Upstream: `pkg/controller/volume/attachdetach`.
 */
export const attachDetachController: ControllerDescriptor = {
  name: 'persistentvolume-attach-detach-controller',
  alias: 'attachdetach',
  create: (context) => new AttachDetachController(context),
};

class AttachDetachController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  /** When attachments were first found not to be wanted any more, by uid. */
  readonly #unwanted = new Map<string, number>();
  /** Volumes of which a node was told that another has them. */
  readonly #conflicts = new Map<string, ReadonlySet<string>>();
  /** Attachments that are made and not in the cache yet, by name: two nodes must not both get what one alone can have. */
  readonly #making = new Map<string, VolumeAttachment>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    const { informers } = context;
    const attachments = informers.volumeAttachments();
    attachments.addIndex(BY_ATTACHED_NODE, ({ spec }) => [spec.nodeName]);
    attachments.addIndex(BY_VOLUME, ({ spec }) => [spec.source.persistentVolumeName ?? '']);
    informers.csiDrivers();
    const wakePod = (pod: Live<Pod>) => {
      if (pod.spec.nodeName && claimKeysOf(pod).length > 0) this.#queue.add(pod.spec.nodeName);
    };
    informers.pods().addHandler({ onAdd: wakePod, onUpdate: wakePod, onDelete: wakePod });
    const wakeClaim = ({ metadata }: Live<PersistentVolumeClaim>) => {
      for (const pod of informers.pods().byIndex(BY_CLAIM, `${metadata.namespace}/${metadata.name}`)) wakePod(pod);
    };
    informers.persistentVolumeClaims().addHandler({ onAdd: wakeClaim, onUpdate: wakeClaim });
    attachments.addHandler({
      onAdd: ({ metadata, spec }) => {
        this.#making.delete(metadata.name);
        this.#queue.add(spec.nodeName);
      },
      onUpdate: (attachment, old) => this.#changed(attachment, old),
      onDelete: (attachment) => this.#gone(attachment),
    });
    informers.nodes().addHandler({
      onUpdate: (node, old) => isNews(node, old) && this.#queue.add(node.metadata.name),
      onDelete: ({ metadata }) => this.#queue.add(metadata.name),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings, metrics } = this.#context;
    const { name } = attachDetachController;
    metrics.attachments.inUse.take(signal, () => this.#inUse());
    metrics.attachments.total.take(signal, () => this.#total());
    const resync = settings.disableAttachDetachReconcileSync
      ? Promise.resolve()
      : runPeriodically({
          name: 'attachments of volumes',
          periodMs: settings.attachDetachReconcileSyncPeriodMs,
          immediately: false,
          run: () => Promise.resolve(this.#resync()),
          clock,
          logger,
          signal,
        });
    await runController({ name, queue: this.#queue, workers: WORKERS, reconcile: (key) => this.#reconcile(key), clock, logger, signal });
    await resync;
  }

  /** What was made and never seen is gone again by now. */
  #resync(): void {
    for (const { metadata, spec } of [...this.#making.values()]) this.#notMade(metadata.name, spec.source.persistentVolumeName);
    for (const { spec } of this.#context.informers.volumeAttachments().list()) this.#queue.add(spec.nodeName);
  }

  #changed(attachment: Live<VolumeAttachment>, old: Live<VolumeAttachment>): void {
    const { nodeName, source } = attachment.spec;
    this.#queue.add(nodeName);
    const error = attachment.status?.attachError?.message;
    const isNewError = error !== undefined && error !== old.status?.attachError?.message;
    const isAttached = attachment.status?.attached && !old.status?.attached;
    if (!isNewError && !isAttached) return;
    const volume = `for volume "${source.persistentVolumeName ?? ''}"`;
    for (const pod of this.#podsWith(nodeName, source.persistentVolumeName ?? '')) {
      if (isAttached) this.#tell(pod, 'Normal', 'SuccessfulAttachVolume', `AttachVolume.Attach succeeded ${volume} `);
      else this.#tell(pod, 'Warning', 'FailedAttachVolume', `AttachVolume.Attach failed ${volume} : ${error}`);
    }
  }

  /** A volume is free: other nodes may wait for it. */
  #gone({ metadata, spec }: Live<VolumeAttachment>): void {
    this.#unwanted.delete(metadata.uid);
    this.#queue.add(spec.nodeName);
    this.#notMade(metadata.name, spec.source.persistentVolumeName);
  }

  #notMade(attachment: string | undefined, volumeName = ''): void {
    this.#making.delete(attachment ?? '');
    for (const [nodeName, volumes] of this.#conflicts) if (volumes.has(volumeName)) this.#queue.add(nodeName);
  }

  async #reconcile(nodeName: string): Promise<ReconcileResult | undefined> {
    const world = this.#world(nodeName);
    const first = planNode(world);
    await Promise.all(first.create.map((attachment) => this.#create(attachment)));
    // A node is told first: what it is told to be attached it may mount.
    const told = first.volumesAttached && (await this.#tellNode(nodeName, first.volumesAttached));
    const plan = first.remove.length > 0 && world.node ? await this.#review(world, told) : first;
    this.#forgetWanted(world, plan);
    const attachments = this.#context.client.resource<VolumeAttachment>(storageKinds.volumeattachments);
    for (const { metadata } of plan.remove) {
      await attachments.delete(metadata.name, { preconditions: { uid: metadata.uid } }).catch(unless(isNotFound));
    }
    for (const reason of plan.forced) this.#context.metrics.attachments.forced.inc({ reason });
    this.#tellConflicts(nodeName, plan.conflicts);
    return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: plan.requeueAfterMs };
  }

  /** What is wanted again, is not wanted any more from a later time on. */
  #forgetWanted({ attachments }: AttachWorld, { remove, held }: AttachPlan): void {
    const unwanted = new Set([...remove, ...held].map(({ metadata }) => metadata.uid));
    for (const { metadata } of attachments) if (!unwanted.has(metadata.uid)) this.#unwanted.delete(metadata.uid);
  }

  async #create(attachment: VolumeAttachment): Promise<void> {
    this.#making.set(attachment.metadata.name ?? '', attachment);
    try {
      await this.#context.client.resource<VolumeAttachment>(storageKinds.volumeattachments).create(attachment);
    } catch (error) {
      // It will be in the cache.
      if (isAlreadyExists(error)) return;
      this.#notMade(attachment.metadata.name, attachment.spec.source.persistentVolumeName);
      throw error;
    }
  }

  /** Whether the node uses a volume is asked of the server, since the cache may be behind. Upstream: `verifyVolumeIsSafeToDetach`. */
  async #review(world: AttachWorld, told: Live<Node> | undefined): Promise<AttachPlan> {
    const { nodeName } = world;
    const nodes = this.#context.client.resource<Node>(coreKinds.nodes);
    const plan = planNode({ ...world, node: told ?? (await nodes.get(nodeName).catch(unless(isNotFound))) });
    if (plan.volumesAttached) await this.#tellNode(nodeName, plan.volumesAttached);
    return plan;
  }

  #world(nodeName: string): AttachWorld {
    const { informers, clock, settings } = this.#context;
    const attachments = informers.volumeAttachments();
    const now = clock.now();
    return {
      nodeName,
      node: informers.nodes().getByKey(nodeName),
      pods: informers.pods().byIndex(BY_NODE, nodeName),
      volumesOf: (pod) => this.#volumesOf(pod),
      volume: (name) => informers.persistentVolumes().getByKey(name),
      attachments: attachments.byIndex(BY_ATTACHED_NODE, nodeName),
      attachmentsOf: (volumeName) => [
        ...attachments.byIndex(BY_VOLUME, volumeName),
        ...[...this.#making.values()].filter(({ spec }) => spec.source.persistentVolumeName === volumeName),
      ],
      podsOn: (name) => informers.pods().byIndex(BY_NODE, name),
      unwantedSince: (uid) => {
        const since = this.#unwanted.get(uid) ?? now;
        this.#unwanted.set(uid, since);
        return since;
      },
      now,
      canForce: !settings.disableForceDetachOnTimeout,
    };
  }

  #volumesOf(pod: Live<Pod>): Live<PersistentVolume>[] {
    const { informers } = this.#context;
    return claimKeysOf(pod).flatMap((key) => {
      const claim = informers.persistentVolumeClaims().getByKey(key);
      const volume = claim?.status.phase === 'Bound' ? informers.persistentVolumes().getByKey(claim.spec.volumeName ?? '') : undefined;
      const { csi } = volume?.spec ?? {};
      return volume && csi && isAttachable(informers.csiDrivers().getByKey(csi.driver)) ? [volume] : [];
    });
  }

  /** Volumes of every pod, as often as pods use them. */
  #inUse(): Counted[] {
    return this.#context.informers
      .pods()
      .list()
      .filter(({ spec }) => spec.nodeName)
      .flatMap((pod) =>
        this.#volumesOf(pod).map((volume) => ({ labels: { node: pod.spec.nodeName ?? '', volume_plugin: pluginOf(volume) } })),
      );
  }

  /** What is to be attached, and what is, each volume once for a node. */
  #total(): Counted[] {
    const { informers } = this.#context;
    const wanted = new Map<string, Live<PersistentVolume>>();
    for (const pod of informers.pods().list()) {
      if (!pod.spec.nodeName || isPodTerminal(pod)) continue;
      for (const volume of this.#volumesOf(pod)) wanted.set(`${pod.spec.nodeName}/${volume.metadata.name}`, volume);
    }
    const attached = informers
      .volumeAttachments()
      .list()
      .filter(({ status }) => status?.attached);
    return [
      ...[...wanted.values()].map((volume) => ({ labels: { plugin_name: pluginOf(volume), state: 'desired_state_of_world' } })),
      ...attached.map(({ spec }) => ({ labels: { plugin_name: csiPlugin(spec.attacher), state: 'actual_state_of_world' } })),
    ];
  }

  #podsWith(nodeName: string, volumeName: string): Live<Pod>[] {
    const pods = this.#context.informers.pods().byIndex(BY_NODE, nodeName);
    return pods.filter((pod) => this.#volumesOf(pod).some(({ metadata }) => metadata.name === volumeName));
  }

  /** @returns the node as it is now; undefined when it is gone. */
  async #tellNode(nodeName: string, volumesAttached: NonNullable<Node['status']['volumesAttached']>): Promise<Live<Node> | undefined> {
    const status = { volumesAttached: volumesAttached.length > 0 ? volumesAttached : null };
    const nodes = this.#context.client.resource<Node>(coreKinds.nodes);
    return await nodes.patch(nodeName, { status }, { type: 'merge', subresource: 'status' }).catch(unless(isNotFound));
  }

  #tellConflicts(nodeName: string, conflicts: readonly AttachConflict[]): void {
    const told = this.#conflicts.get(nodeName);
    for (const conflict of conflicts) {
      if (told?.has(conflict.volume.metadata.name)) continue;
      for (const pod of conflict.pods) {
        this.#tell(pod, 'Warning', 'FailedAttachVolume', conflictMessage(conflict, pod.metadata.namespace));
      }
    }
    if (conflicts.length > 0) this.#conflicts.set(nodeName, new Set(conflicts.map(({ volume }) => volume.metadata.name)));
    else this.#conflicts.delete(nodeName);
  }

  #tell(pod: Live<Pod>, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.recorder('attachdetach-controller').event(subjectOf(coreKinds.pods, pod), type, reason, message);
  }
}

/** A driver that is not known is waited for. */
const isAttachable = (driver: Live<CSIDriver> | undefined): boolean => driver?.spec.attachRequired !== false;

/** Nodes report all the time; little of that matters here. */
const isNews = (node: Live<Node>, old: Live<Node>): boolean =>
  node.metadata.annotations !== old.metadata.annotations ||
  node.spec.taints !== old.spec.taints ||
  node.status.volumesInUse !== old.status.volumesInUse ||
  node.status.volumesAttached !== old.status.volumesAttached;

const unless =
  (isFine: (error: unknown) => boolean) =>
  (error: unknown): undefined => {
    if (!isFine(error)) throw error;
  };
