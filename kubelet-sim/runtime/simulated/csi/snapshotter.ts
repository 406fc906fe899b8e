import { toTime } from '../../../../api/index.ts';
import { GrpcError } from '../../../../runtime/grpc.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import type { ProcessContext, Program } from '../program.ts';
import type { CsiDriver, CsiSnapshot } from './csi-driver.ts';
import { Retries } from './retries.ts';
import { type ControllerWorld, sidecar } from './sidecar.ts';
import { BEING_DELETED, CONTENT_FINALIZER } from './snapshot-plan.ts';
import {
  CLASSES,
  CONTENTS,
  type ContentStatus,
  SNAPSHOT_GROUP,
  type VolumeSnapshotClass,
  type VolumeSnapshotContent,
} from './snapshot-types.ts';

const BEING_CREATED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-created';
const RESERVED = 'csi.storage.k8s.io/';
const NS_PER_MS = 1_000_000;

/** What a sidecar does with a content of its driver. Upstream: `syncContent`, `pkg/sidecar-controller`. */
export type TakeStep = 'delete' | 'release' | 'take' | 'look' | undefined;

export function takeStep({ metadata, spec, status }: VolumeSnapshotContent): TakeStep {
  if (isToBeDeleted({ metadata, spec })) {
    if (spec.deletionPolicy === 'Delete' && status?.snapshotHandle !== undefined) return 'delete';
    return metadata.finalizers?.includes(CONTENT_FINALIZER) ? 'release' : undefined;
  }
  if (status?.readyToUse === true) return undefined;
  return spec.source.snapshotHandle === undefined ? 'take' : 'look';
}

/** Not while it is being taken, and not before the snapshot controller has said so. */
function isToBeDeleted({ metadata, spec }: Pick<VolumeSnapshotContent, 'metadata' | 'spec'>): boolean {
  if (metadata.deletionTimestamp === undefined) return false;
  if (spec.source.snapshotHandle !== undefined && !spec.volumeSnapshotRef.uid) return true;
  return metadata.annotations?.[BEING_CREATED] === undefined && metadata.annotations?.[BEING_DELETED] !== undefined;
}

/** `csi-snapshotter`: takes and deletes the snapshots that contents of its driver stand for. */
export const csiSnapshotter = (argv: readonly string[]): Program =>
  sidecar(argv, 'external-snapshotter-leader-', (context) => {
    const snapshotter = new Snapshotter(context);
    return (world, driver) => snapshotter.look(world, driver);
  });

class Snapshotter {
  readonly #context: ProcessContext;
  readonly #retries = new Retries();
  #component = '';

  constructor(context: ProcessContext) {
    this.#context = context;
  }

  async look(world: ControllerWorld, driver: CsiDriver): Promise<void> {
    this.#component = `csi-snapshotter ${driver.name}`;
    const contents = (await world.client.list<VolumeSnapshotContent>(CONTENTS)) as readonly VolumeSnapshotContent[];
    this.#retries.keepOnly(new Set(contents.map(({ metadata }) => metadata.uid)));
    for (const content of contents) {
      if (content.spec.driver !== driver.name) continue;
      const told = (error: unknown) =>
        world.log('E', `snapshot_controller_base.go:300] could not sync content "${content.metadata.name}": ${messageOf(error)}`);
      await this.#retries.attempt(content, this.#context.clock, () => this.#sync(world, driver, content), told);
    }
  }

  async #sync(world: ControllerWorld, driver: CsiDriver, content: VolumeSnapshotContent): Promise<void> {
    const path = pathOf(content);
    switch (takeStep(content)) {
      case 'delete':
        await this.#delete(world, driver, content);
        return;
      case 'release':
        await world.client.merge(path, {
          metadata: { finalizers: content.metadata.finalizers?.filter((name) => name !== CONTENT_FINALIZER) },
        });
        return;
      case 'take':
        await this.#try(world, content, ['SnapshotCreationFailed', 'Failed to create snapshot'], () => this.#take(world, driver, content));
        return;
      case 'look':
        await this.#try(world, content, ['SnapshotContentCheckandUpdateFailed', 'Failed to check and update snapshot content'], () =>
          this.#find(driver, content),
        );
        return;
      case undefined:
    }
  }

  async #delete(world: ControllerWorld, driver: CsiDriver, content: VolumeSnapshotContent): Promise<void> {
    try {
      await driver.deleteSnapshot(content.status?.snapshotHandle ?? '');
    } catch (error) {
      this.#tell(world, content, 'SnapshotDeleteError', 'Failed to delete snapshot');
      throw error;
    }
    const { client } = world;
    const cleared = { snapshotHandle: null, readyToUse: null, creationTime: null, restoreSize: null };
    await client.merge(`${pathOf(content)}/status`, { status: cleared });
    await client.merge(pathOf(content), {
      metadata: { finalizers: content.metadata.finalizers?.filter((name) => name !== CONTENT_FINALIZER) },
    });
  }

  /** Writes what became of it into the content's status. */
  async #try(
    world: ControllerWorld,
    content: VolumeSnapshotContent,
    [reason, what]: readonly [string, string],
    attempt: () => Promise<CsiSnapshot>,
  ): Promise<void> {
    const { client } = world;
    const path = `${pathOf(content)}/status`;
    try {
      const { id, createdAt, sizeBytes } = await attempt();
      const { error: _, ...before } = content.status ?? {};
      const status: ContentStatus = {
        ...before,
        snapshotHandle: before.snapshotHandle ?? id,
        creationTime: before.creationTime ?? createdAt * NS_PER_MS,
        readyToUse: true,
        ...(sizeBytes > 0 ? { restoreSize: before.restoreSize ?? sizeBytes } : {}),
      };
      await client.merge(path, { status: { ...status, error: null } });
      this.#retries.succeeded(content);
    } catch (error) {
      if (!(error instanceof TakeError)) throw error;
      const message = `${what}: ${error.message}`;
      const isKnown = content.status?.error?.message === message;
      const failure = { time: toTime(this.#context.clock.now()), message };
      const written = isKnown ? content : await client.merge(path, { status: { readyToUse: false, error: failure } });
      this.#retries.failed(content, this.#context.clock.now(), written.metadata.resourceVersion);
      if (!isKnown) this.#tell(world, content, reason, message);
      return;
    }
    if (content.metadata.annotations?.[BEING_CREATED] !== undefined || content.spec.source.volumeHandle !== undefined)
      await client.merge(pathOf(content), { metadata: { annotations: { [BEING_CREATED]: null } } });
  }

  /** @throws TakeError */
  async #take({ client }: ControllerWorld, driver: CsiDriver, content: VolumeSnapshotContent): Promise<CsiSnapshot> {
    const { metadata, spec } = content;
    const { volumeSnapshotClassName: className, volumeSnapshotRef, source } = spec;
    const classes = (await client.list<VolumeSnapshotClass>(CLASSES)) as readonly VolumeSnapshotClass[];
    const unusable = (why: string) =>
      new TakeError(`failed to get input parameters to create snapshot for content ${metadata.name}: ${JSON.stringify(why)}`);
    if (className === undefined) throw unusable(`failed to take snapshot ${metadata.name} without a snapshot class`);
    const snapshotClass = classes.find((one) => one.metadata.name === className);
    if (!snapshotClass) throw unusable(`volumesnapshotclass.${SNAPSHOT_GROUP} "${className}" not found`);
    const parameters = Object.fromEntries(Object.entries(snapshotClass.parameters ?? {}).filter(([key]) => !key.startsWith(RESERVED)));
    await client.merge(pathOf(content), { metadata: { annotations: { [BEING_CREATED]: 'yes' } } });
    const { volumeHandle = '' } = source;
    try {
      return await driver.createSnapshot(`snapshot-${volumeSnapshotRef.uid ?? ''}`, volumeHandle, parameters);
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      await client.merge(pathOf(content), { metadata: { annotations: { [BEING_CREATED]: null } } });
      throw new TakeError(`failed to take snapshot of the volume ${volumeHandle}: ${JSON.stringify(error.message)}`);
    }
  }

  /** @throws TakeError */
  async #find(driver: CsiDriver, { metadata, spec }: VolumeSnapshotContent): Promise<CsiSnapshot> {
    const { snapshotHandle = '' } = spec.source;
    const found = await driver.findSnapshot(snapshotHandle);
    const why = `can not find snapshot for snapshotID ${snapshotHandle}`;
    if (!found) throw new TakeError(`failed to list snapshot for content ${metadata.name}: ${JSON.stringify(why)}`);
    return { ...found, id: snapshotHandle };
  }

  #tell({ tell }: ControllerWorld, content: VolumeSnapshotContent, reason: string, message: string): void {
    const object = { ...content, apiVersion: `${SNAPSHOT_GROUP}/v1`, kind: 'VolumeSnapshotContent' };
    tell(this.#component, object, { type: 'Warning', reason, message });
  }
}

/** Why a snapshot was not taken. */
class TakeError extends Error {
  override readonly name = 'TakeError';
}

const pathOf = ({ metadata }: VolumeSnapshotContent): string => `${CONTENTS}/${metadata.name}`;
