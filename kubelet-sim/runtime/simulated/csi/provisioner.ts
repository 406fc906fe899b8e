import { type CSINode, type Live, type Node, PROVISIONED_BY, type StorageClass, type VolumeAttachment } from '../../../../api/index.ts';
import { GrpcError } from '../../../../runtime/grpc.ts';
import { commandLineOption } from '../command-line.ts';
import type { Told } from '../in-cluster/event-recorder.ts';
import { RefusedError } from '../in-cluster/in-cluster.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import type { ProcessContext, Program } from '../program.ts';
import type { ContentSource, CsiDriver } from './csi-driver.ts';
import { isRefusedAs } from './pod-client.ts';
import {
  CLONE_FINALIZER,
  type Claim,
  cloneSource,
  type DataSource,
  dataSourceOf,
  deletionSecret,
  isCopied,
  isOwnKind,
  isWanted,
  ProvisionError,
  requestFor,
  SELECTED_NODE,
  SNAPSHOT_FINALIZER,
  secretReference,
  snapshotSource,
  VOLUME_FINALIZER,
  type Volume,
  volumeFor,
  volumeNameOf,
  volumeStep,
} from './provisioning.ts';
import { Retries } from './retries.ts';
import { secretsOf } from './secrets.ts';
import { type ControllerWorld, sidecar } from './sidecar.ts';
import { CONTENTS, snapshotPath, type VolumeSnapshot, type VolumeSnapshotContent } from './snapshot-types.ts';
import { newUuid } from './uuid.ts';

const CORE = '/api/v1';
const STORAGE = '/apis/storage.k8s.io/v1';
const claimPath = ({ metadata }: Claim): string => `${CORE}/namespaces/${metadata.namespace ?? ''}/persistentvolumeclaims/${metadata.name}`;
const volumePath = (name: string): string => `${CORE}/persistentvolumes/${name}`;

/** `csi-provisioner`: makes the volumes that claims of its driver's classes ask for, from others if they say so, and deletes them. */
export const csiProvisioner = (argv: readonly string[]): Program =>
  sidecar(argv, '', (context) => {
    const provisioner = new Provisioner(context, commandLineOption(argv, 'default-fstype'));
    return (world, driver) => provisioner.look(world, driver);
  });

class Provisioner {
  readonly #context: ProcessContext;
  /** Of volumes whose class names none. */
  readonly #fsType: string;
  readonly #retries = new Retries();
  #component = '';
  #identity = '';

  constructor(context: ProcessContext, fsType: string) {
    this.#context = context;
    this.#fsType = fsType;
  }

  async look(world: ControllerWorld, driver: CsiDriver): Promise<void> {
    const { client } = world;
    const claims = await client.list<Claim>(`${CORE}/persistentvolumeclaims`);
    const volumes = await client.list<Volume>(`${CORE}/persistentvolumes`);
    this.#identity ||= `${this.#context.clock.now()}-${Math.floor(this.#context.random.next() * 10_000)}-${driver.name}`;
    this.#component ||= `${driver.name}_${this.#context.hostname}_${newUuid(this.#context.random)}`;
    this.#retries.keepOnly(new Set([...claims, ...volumes].map(({ metadata }) => metadata.uid)));
    const made = new Set(volumes.map(({ metadata }) => metadata.name));
    for (const claim of claims) {
      if (isWanted(claim, driver.name) && !made.has(volumeNameOf(claim)) && this.#retries.isDue(claim, this.#context.clock.now()))
        await this.#provision(world, driver, { claim, claims });
      if (isCopied(claim, claims)) await this.#setFinalizers(world, claim, claimPath(claim), without(claim, CLONE_FINALIZER));
    }
    for (const volume of volumes) {
      const told = (error: unknown) =>
        world.log('E', `controller.go:1040] error syncing volume "${volume.metadata.name}": ${messageOf(error)}`);
      await this.#retries.attempt(volume, this.#context.clock, () => this.#settle(world, driver, volume), told);
    }
  }

  #tell({ tell }: ControllerWorld, object: Claim | Volume, told: Told): void {
    const kind = object.kind || ('claimRef' in object.spec ? 'PersistentVolume' : 'PersistentVolumeClaim');
    tell(this.#component, { ...object, apiVersion: 'v1', kind }, told);
  }

  async #provision(
    world: ControllerWorld,
    driver: CsiDriver,
    { claim, claims }: { claim: Claim; claims: readonly Claim[] },
  ): Promise<void> {
    const { namespace = '', name } = claim.metadata;
    const storageClass = await this.#classOf(world, claim);
    if (!storageClass || storageClass.provisioner !== driver.name) return;
    if (storageClass.volumeBindingMode === 'WaitForFirstConsumer' && !claim.metadata.annotations?.[SELECTED_NODE]) return;
    const beginning = `External provisioner is provisioning volume for claim "${namespace}/${name}"`;
    this.#tell(world, claim, { type: 'Normal', reason: 'Provisioning', message: beginning });
    try {
      const dataSource = dataSourceOf(claim);
      if (dataSource && !isOwnKind(dataSource)) {
        const message = 'Assuming an external populator will provision the volume';
        this.#tell(world, claim, { type: 'Normal', reason: 'Provisioning', message });
        this.#retries.dropped(claim);
        return;
      }
      const source = dataSource && (await this.#contentSource(world, { claim, claims, storageClass, dataSource }));
      const topologies = (await driver.hasTopology()) ? await this.#topologies(world, driver, claim, storageClass) : undefined;
      const tellsWriters = await driver.can('singleNodeMultiWriter');
      const secrets = await secretsOf(world, secretReference(storageClass, 'provisioner', claim));
      const made = await driver.createVolume({
        ...requestFor(claim, storageClass, { source, tellsWriters, fsType: this.#fsType }),
        secrets,
        topologies,
      });
      const volume = volumeFor(claim, storageClass, made, { identity: this.#identity, fsType: this.#fsType });
      await world.client.create(`${CORE}/persistentvolumes`, volume);
      this.#retries.succeeded(claim);
      if (dataSource?.kind === 'VolumeSnapshot') await this.#protectSnapshot(world, claim, dataSource, false);
      const message = `Successfully provisioned volume ${volume.metadata.name}`;
      this.#tell(world, claim, { type: 'Normal', reason: 'ProvisioningSucceeded', message });
    } catch (error) {
      await this.#failed(world, driver, { claim, error });
    }
  }

  /** Another node is chosen where the chosen one has no room, if it matters which it is. Upstream: `checkError`. */
  async #failed(
    world: ControllerWorld,
    driver: CsiDriver,
    { claim, error }: { readonly claim: Claim; readonly error: unknown },
  ): Promise<void> {
    if (!(error instanceof ProvisionError) && !(error instanceof GrpcError) && !(error instanceof RefusedError)) throw error;
    this.#retries.failed(claim, this.#context.clock.now());
    if (error instanceof GrpcError && error.code === 'InvalidArgument') {
      this.#retries.infeasible(claim, this.#context.clock.now());
      const message = `Volume provisioning failed with infeasible error. Retries will be delayed. ${error.message}`;
      this.#tell(world, claim, { type: 'Warning', reason: 'ProvisioningFailed', message });
      return;
    }
    this.#tell(world, claim, { type: 'Warning', reason: 'ProvisioningFailed', message: error.message });
    const isElsewhere = error instanceof GrpcError && error.code === 'ResourceExhausted' && (await driver.hasTopology());
    if (!isElsewhere || claim.metadata.annotations?.[SELECTED_NODE] === undefined) return;
    const { [SELECTED_NODE]: _, ...annotations } = claim.metadata.annotations;
    await world.client.update(claimPath(claim), { ...claim, metadata: { ...claim.metadata, annotations } });
  }

  async #classOf({ client }: ControllerWorld, { spec }: Claim): Promise<StorageClass | undefined> {
    try {
      return await client.get<StorageClass>(`${STORAGE}/storageclasses/${spec.storageClassName ?? ''}`);
    } catch (error) {
      if (isRefusedAs(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** @throws ProvisionError */
  async #contentSource(world: ControllerWorld, wanted: Wanted): Promise<ContentSource> {
    const { claim, claims, storageClass, dataSource } = wanted;
    try {
      if (dataSource.kind === 'VolumeSnapshot') {
        const found = snapshotSource(claim, storageClass, await this.#snapshotOf(world, claim, dataSource.name));
        await this.#protectSnapshot(world, claim, dataSource, true);
        return found;
      }
      const source = claims.find(({ metadata }) => metadata.namespace === claim.metadata.namespace && metadata.name === dataSource.name);
      const volume = source?.spec.volumeName ? await this.#found<Volume>(world, volumePath(source.spec.volumeName)) : undefined;
      const found = cloneSource(claim, storageClass, source, volume);
      if (source && !source.metadata.finalizers?.includes(CLONE_FINALIZER))
        await this.#setFinalizers(world, source, claimPath(source), [...(source.metadata.finalizers ?? []), CLONE_FINALIZER]);
      return found;
    } catch (error) {
      if (!(error instanceof ProvisionError)) throw error;
      throw new ProvisionError(`error getting handle for DataSource Type ${dataSource.kind} by Name ${dataSource.name}: ${error.message}`);
    }
  }

  async #snapshotOf(world: ControllerWorld, { metadata }: Claim, name: string) {
    const snapshot = await world.client.get<VolumeSnapshot>(snapshotPath(metadata.namespace ?? '', name)).catch((error: unknown) => {
      throw new ProvisionError(`error getting snapshot ${name} from api server: ${messageOf(error)}`);
    });
    const bound = (snapshot as VolumeSnapshot).status?.boundVolumeSnapshotContentName;
    const content = bound === undefined ? undefined : await this.#found<VolumeSnapshotContent>(world, `${CONTENTS}/${bound}`);
    return { snapshot: snapshot as VolumeSnapshot, content: content as VolumeSnapshotContent | undefined };
  }

  async #found<T extends Claim | Volume | VolumeSnapshotContent>({ client }: ControllerWorld, path: string): Promise<Live<T> | undefined> {
    return await client.get<T>(path).catch((error: unknown) => {
      if (isRefusedAs(error, 'NotFound')) return undefined;
      throw error;
    });
  }

  /** Keeps a snapshot while a volume is made of it; not every role of this sidecar may do so, and then it is not done. */
  async #protectSnapshot({ client }: ControllerWorld, { metadata }: Claim, { name }: DataSource, isHeld: boolean): Promise<void> {
    const path = snapshotPath(metadata.namespace ?? '', name);
    try {
      const snapshot = await client.get<VolumeSnapshot>(path);
      const others = without(snapshot, SNAPSHOT_FINALIZER);
      if (isHeld === (snapshot.metadata.finalizers?.includes(SNAPSHOT_FINALIZER) ?? false)) return;
      const finalizers = isHeld ? [...others, SNAPSHOT_FINALIZER] : others;
      await client.update(path, { ...snapshot, metadata: { ...snapshot.metadata, finalizers } });
    } catch (error) {
      if (!isRefusedAs(error, 'Forbidden') && !isRefusedAs(error, 'NotFound') && !isRefusedAs(error, 'Conflict')) throw error;
    }
  }

  /**
   * What tells apart the nodes that a volume may be for: of the chosen node, or else of all that have the driver, each once. Upstream:
   * `GenerateAccessibilityRequirements`. @throws ProvisionError when there are none
   */
  async #topologies(
    { client }: ControllerWorld,
    driver: CsiDriver,
    { metadata }: Claim,
    storageClass: StorageClass,
  ): Promise<readonly Readonly<Record<string, string>>[]> {
    const failed = (why: string) => new ProvisionError(`error generating accessibility requirements: ${why}`);
    const keysOf = ({ spec }: Live<CSINode>) => {
      // A node without drivers has null on the wire.
      const drivers: CSINode['spec']['drivers'] | null = spec.drivers;
      return drivers?.find(({ name }) => name === driver.name)?.topologyKeys ?? [];
    };
    const labelsOf = ({ metadata: { labels = {} } }: Live<Node>, keys: readonly string[]) =>
      keys.every((key) => key in labels) ? [Object.fromEntries(keys.map((key) => [key, labels[key] ?? '']))] : [];
    const selected = metadata.annotations?.[SELECTED_NODE] ?? '';
    if (selected !== '') {
      const keys = keysOf(await client.get<CSINode>(`${STORAGE}/csinodes/${selected}`));
      if (keys.length === 0) throw failed(`no topology key found for node ${selected}`);
      return labelsOf(await client.get<Node>(`${CORE}/nodes/${selected}`), keys);
    }
    const allowed = (storageClass.allowedTopologies ?? []).flatMap(({ matchLabelExpressions = [] }) => segmentsOf(matchLabelExpressions));
    if (allowed.length > 0) return allowed;
    const keys = (await client.list<CSINode>(`${STORAGE}/csinodes`)).map(keysOf).find(({ length }) => length > 0) ?? [];
    const nodes = keys.length > 0 ? await client.list<Node>(`${CORE}/nodes`) : [];
    const all = new Map(nodes.flatMap((node) => labelsOf(node, keys)).map((segments) => [JSON.stringify(segments), segments]));
    if (all.size === 0) throw failed('no available topology found');
    return [...all.values()];
  }

  async #setFinalizers<T extends Claim | Volume>(
    { client }: ControllerWorld,
    object: Live<T>,
    path: string,
    finalizers: readonly string[],
  ) {
    await client.update(path, { ...object, metadata: { ...object.metadata, finalizers: [...finalizers] } });
  }

  async #settle(world: ControllerWorld, driver: CsiDriver, volume: Volume): Promise<void> {
    const path = volumePath(volume.metadata.name);
    const finalizers = without(volume, VOLUME_FINALIZER);
    switch (volumeStep(volume, driver.name)) {
      case 'protect':
        await world.client.merge(path, { metadata: { finalizers: [...finalizers, VOLUME_FINALIZER] } });
        return;
      case 'unprotect':
        await world.client.merge(path, { metadata: { finalizers } });
        return;
      case 'delete':
        await this.#delete(world, driver, volume);
        return;
      case undefined:
    }
  }

  async #delete(world: ControllerWorld, driver: CsiDriver, volume: Volume): Promise<void> {
    const { name } = volume.metadata;
    const attachments = await world.client.list<VolumeAttachment>(`${STORAGE}/volumeattachments`);
    const attached = attachments.find(({ spec }) => spec.source.persistentVolumeName === name);
    try {
      if (attached) throw new ProvisionError(`persistentvolume ${name} is still attached to node ${attached.spec.nodeName}`);
      await driver.deleteVolume(volume.spec.csi?.volumeHandle ?? '', await secretsOf(world, deletionSecret(volume)));
    } catch (error) {
      this.#retries.failed(volume, this.#context.clock.now());
      this.#tell(world, volume, { type: 'Warning', reason: 'VolumeFailedDelete', message: messageOf(error) });
      return;
    }
    await world.client.delete(volumePath(name));
    const left = await this.#found<Volume>(world, volumePath(name));
    if (left?.metadata.finalizers?.includes(VOLUME_FINALIZER))
      await world.client.merge(volumePath(name), { metadata: { finalizers: without(left, VOLUME_FINALIZER) } });
    world.log('I', `controller.go:1509] volume "${name}" of ${volume.metadata.annotations?.[PROVISIONED_BY] ?? driver.name} deleted`);
  }
}

/** Every choice of one value for each key. */
const segmentsOf = (expressions: readonly { readonly key: string; readonly values: readonly string[] }[]): Record<string, string>[] =>
  expressions.reduce<Record<string, string>[]>(
    (before, { key, values }) => before.flatMap((one) => values.map((value) => ({ ...one, [key]: value }))),
    expressions.length > 0 ? [{}] : [],
  );

/** A claim that is to be made from something. */
interface Wanted {
  readonly claim: Claim;
  readonly claims: readonly Claim[];
  readonly storageClass: StorageClass;
  readonly dataSource: DataSource;
}

const without = ({ metadata }: Claim | Volume | VolumeSnapshot, finalizer: string): string[] =>
  (metadata.finalizers ?? []).filter((name) => name !== finalizer);
