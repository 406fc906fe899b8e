import { type CSINode, type Live, type PersistentVolume, toTime, type VolumeAttachment } from '../../../../api/index.ts';
import { accessModeOf, capabilityOf } from '../../../plugins/csi/csi-protocol.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import type { ProcessContext, Program } from '../program.ts';
import type { CsiDriver } from './csi-driver.ts';
import { isRefusedAs } from './pod-client.ts';
import { Retries } from './retries.ts';
import { secretsOf } from './secrets.ts';
import { type ControllerWorld, sidecar } from './sidecar.ts';

const STORAGE = '/apis/storage.k8s.io/v1';
const pathOf = ({ metadata }: Attachment): string => `${STORAGE}/volumeattachments/${metadata.name}`;
const volumePath = (name: string): string => `/api/v1/persistentvolumes/${name}`;

type Attachment = Live<VolumeAttachment>;
type Volume = Live<PersistentVolume>;

/**
 * `csi-attacher`: attaches volumes of its driver to nodes, and detaches them; those of a driver that has no part in that are attached as soon as
 * that is wanted. Upstream: `kubernetes-csi/external-attacher`, `pkg/controller/{csi,trivial}_handler.go`.
 */
export const csiAttacher = (argv: readonly string[]): Program =>
  sidecar(argv, 'external-attacher-leader-', (context) => {
    const attacher = new Attacher(context);
    return (world, driver) => attacher.look(world, driver);
  });

class Attacher {
  readonly #context: ProcessContext;
  readonly #retries = new Retries();

  constructor(context: ProcessContext) {
    this.#context = context;
  }

  async look(world: ControllerWorld, driver: CsiDriver): Promise<void> {
    const all = await world.client.list<VolumeAttachment>(`${STORAGE}/volumeattachments`);
    const own = all.filter(({ spec }) => spec.attacher === driver.name);
    this.#retries.keepOnly(new Set(own.map(({ metadata }) => metadata.uid)));
    for (const attachment of own) {
      const told = (error: unknown) =>
        world.log('E', `csi_handler.go:200] failed to sync ${attachment.metadata.name}: ${messageOf(error)}`);
      await this.#retries.attempt(attachment, this.#context.clock, () => this.#sync(world, driver, attachment), told);
    }
    await this.#releaseVolumes(world, driver, own);
  }

  async #sync(world: ControllerWorld, driver: CsiDriver, attachment: Attachment): Promise<void> {
    const { metadata, status } = attachment;
    const finalizer = finalizerOf(driver);
    if (!(await driver.can('publishUnpublishVolume'))) {
      if (!metadata.deletionTimestamp && !status?.attached) await this.#write(world, attachment, { attached: true });
    } else if (metadata.deletionTimestamp) {
      if (metadata.finalizers?.includes(finalizer)) await this.#detach(world, driver, attachment);
    } else if (!status?.attached) await this.#attach(world, driver, attachment);
  }

  async #attach(world: ControllerWorld, driver: CsiDriver, attachment: Attachment): Promise<void> {
    const { client } = world;
    try {
      const volume = await this.#volumeOf(world, attachment);
      const { csi } = volume.spec;
      if (!csi) throw new Error(`cannot find CSI PersistentVolumeSource for volume ${volume.metadata.name}`);
      const finalizer = finalizerOf(driver);
      await hold(world, volumePath(volume.metadata.name), volume, finalizer);
      await hold(world, pathOf(attachment), attachment, finalizer);
      const mode = accessModeOf(volume.spec.accessModes?.[0] ?? '', await driver.can('singleNodeMultiWriter'));
      const isDevice = volume.spec.volumeMode === 'Block';
      const attachmentMetadata = await driver.publishVolume({
        volumeId: csi.volumeHandle,
        nodeId: await nodeIdOf(world, driver, attachment),
        volumeCapability: capabilityOf({ isDevice, mode, fsType: csi.fsType, mountFlags: volume.spec.mountOptions }),
        readonly: false,
        secrets: await secretsOf(world, csi.controllerPublishSecretRef),
        volumeContext: csi.volumeAttributes ?? {},
      });
      const isTold = Object.keys(attachmentMetadata).length > 0;
      await client.merge(`${pathOf(attachment)}/status`, {
        status: { attached: true, attachError: null, ...(isTold ? { attachmentMetadata } : {}) },
      });
    } catch (error) {
      const attachError = { time: toTime(this.#context.clock.now()), message: messageOf(error) };
      await this.#write(world, attachment, { attached: false, attachError });
      throw error;
    }
  }

  async #detach(world: ControllerWorld, driver: CsiDriver, attachment: Attachment): Promise<void> {
    try {
      const volume = await this.#volumeOf(world, attachment);
      const { csi } = volume.spec;
      const nodeId = await nodeIdOf(world, driver, attachment);
      if (csi) await driver.unpublishVolume(csi.volumeHandle, nodeId, await secretsOf(world, csi.controllerPublishSecretRef));
    } catch (error) {
      const detachError = { time: toTime(this.#context.clock.now()), message: messageOf(error) };
      await this.#write(world, attachment, { attached: attachment.status?.attached ?? false, detachError });
      throw error;
    }
    await this.#write(world, attachment, { attached: false });
    await world.client.merge(pathOf(attachment), { metadata: { finalizers: without(attachment, finalizerOf(driver)) } });
  }

  async #write({ client }: ControllerWorld, attachment: Attachment, status: NonNullable<VolumeAttachment['status']>): Promise<void> {
    await client.merge(`${pathOf(attachment)}/status`, { status });
  }

  async #volumeOf({ client }: ControllerWorld, { spec }: Attachment): Promise<Volume> {
    const name = spec.source.persistentVolumeName;
    if (name === undefined) throw new Error('VolumeAttachment.spec.persistentVolumeName is empty');
    return await client.get<PersistentVolume>(volumePath(name));
  }

  /** Volumes that are to go, and are attached nowhere any more. */
  async #releaseVolumes(world: ControllerWorld, driver: CsiDriver, attachments: readonly Attachment[]): Promise<void> {
    const finalizer = finalizerOf(driver);
    const used = new Set(attachments.map(({ spec }) => spec.source.persistentVolumeName));
    for (const volume of await world.client.list<PersistentVolume>('/api/v1/persistentvolumes')) {
      const { name, deletionTimestamp, finalizers } = volume.metadata;
      if (deletionTimestamp && finalizers?.includes(finalizer) && !used.has(name))
        await world.client.merge(volumePath(name), { metadata: { finalizers: without(volume, finalizer) } });
    }
  }
}

/** Upstream: `GetFinalizerName`, `pkg/controller/util.go`. */
const finalizerOf = ({ name }: CsiDriver): string => `external-attacher/${name.replaceAll('/', '-')}`;

const without = ({ metadata }: Attachment | Volume, finalizer: string): string[] =>
  (metadata.finalizers ?? []).filter((name) => name !== finalizer);

async function hold({ client }: ControllerWorld, path: string, object: Attachment | Volume, finalizer: string): Promise<void> {
  const { finalizers = [] } = object.metadata;
  if (!finalizers.includes(finalizer)) await client.merge(path, { metadata: { finalizers: [...finalizers, finalizer] } });
}

/** How the driver calls a node. @throws Error when it is not there */
async function nodeIdOf({ client }: ControllerWorld, driver: CsiDriver, { spec }: Attachment): Promise<string> {
  const failed = (why: string) => new Error(`failed to get NodeID for node ${spec.nodeName}: ${why}`);
  const node = await client.get<CSINode>(`${STORAGE}/csinodes/${spec.nodeName}`).catch((error: unknown) => {
    if (!isRefusedAs(error, 'NotFound')) throw error;
    throw failed(`csinodes.storage.k8s.io "${spec.nodeName}" not found`);
  });
  // A node without drivers has null on the wire.
  const drivers: CSINode['spec']['drivers'] | null = node.spec.drivers;
  const found = drivers?.find(({ name }) => name === driver.name);
  if (!found) throw failed(`CSINode ${spec.nodeName} does not contain driver ${driver.name}`);
  return found.nodeID;
}
