import { parseQuantity, Quantity } from '../../../../api/index.ts';
import { CODE, GrpcError } from '../../../../runtime/grpc.ts';
import type { Clock, Random } from '../../../../runtime/index.ts';
import type { ContainerFiles } from '../files/container-files.ts';
import { loopDevice } from '../files/device-filesystem.ts';
import {
  copyOfTree,
  type DirectoryNode,
  FileError,
  type FileNode,
  newDirectory,
  newFile,
  type TreeNode,
  usageOfTree,
} from '../files/tree.ts';
import type { ContentSource } from './csi-driver.ts';
import { type HostPathSnapshot, HostPathState, type HostPathVolume } from './hostpath-state.ts';
import { newUuid } from './uuid.ts';

/** The key by which nodes are told apart, and volumes with them. */
export const TOPOLOGY_KEY = 'topology.hostpath.csi/node';
const MODE_VOLUME = 0o777;
const EPHEMERAL_BYTES = 100 * 1024 ** 2;

/** What the driver was told on its command line (`cmd/hostpathplugin/main.go`). */
export interface HostPathOptions {
  readonly name: string;
  readonly nodeId: string;
  /** Its data directory. */
  readonly directory: string;
  readonly volumesMax: number;
  readonly volumeBytesMax: number;
  readonly hasTopology: boolean;
  /** Whether volumes have to be attached to a node first. */
  readonly attaches: boolean;
  /** Whether a file system has to be grown on the node after its volume was. */
  readonly growsOnNode: boolean;
  /** Simulated storage: how much there is of each kind; without any there is no bound. */
  readonly capacity: ReadonlyMap<string, number>;
}

/** A volume that is to be made. */
interface WantedVolume {
  readonly name: string;
  readonly sizeBytes: number;
  readonly isDevice: boolean;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly source?: ContentSource | undefined;
}

interface HostPathWorld {
  readonly files: ContainerFiles;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The driver `hostpath.csi.k8s.io`: a volume is a directory below its data directory, or a file behind a device, a snapshot a copy beside it.
 *
 * ```
 * /csi-data-dir/state.json      what there is
 * /csi-data-dir/VOLUME          a directory, or the bytes of a device
 * /csi-data-dir/SNAPSHOT.snap   what the volume held (an archive upstream)
 * ```
 *
 * Upstream: `pkg/hostpath` of `kubernetes-csi/csi-driver-host-path`. Errors are GrpcErrors.
 */
export class HostPathDriver {
  readonly #options: HostPathOptions;
  readonly #world: HostPathWorld;
  readonly #state: HostPathState;
  readonly #devices = new WeakMap<FileNode, FileNode>();

  constructor(options: HostPathOptions, world: HostPathWorld) {
    this.#options = options;
    this.#world = world;
    this.#state = new HostPathState(world.files, `${options.directory}/state.json`);
  }

  get name(): string {
    return this.#options.name;
  }

  get nodeId(): string {
    return this.#options.nodeId;
  }

  get volumesMax(): number {
    return this.#options.volumesMax;
  }

  get topology(): Readonly<Record<string, string>> {
    return this.#options.hasTopology ? { [TOPOLOGY_KEY]: this.nodeId } : {};
  }

  get hasTopology(): boolean {
    return this.#options.hasTopology;
  }

  get attaches(): boolean {
    return this.#options.attaches;
  }

  get growsOnNode(): boolean {
    return this.#options.growsOnNode;
  }

  /** Finds again what there is. */
  async load(): Promise<void> {
    await this.#world.files.mkdir(this.#options.directory, { recursive: true, mode: 0o750 });
    await this.#state.load();
  }

  async createVolume(wanted: WantedVolume): Promise<HostPathVolume> {
    const { name, sizeBytes, source } = wanted;
    const known = [...this.#state.volumes.values()].find((volume) => volume.name === name);
    if (known && known.sizeBytes < sizeBytes)
      throw new GrpcError(CODE.alreadyExists, `Volume with the same name: ${name} but with different size already exist`);
    const { isDevice } = wanted;
    const volume = known ?? { id: newUuid(this.#world.random), name, sizeBytes, isDevice, isEphemeral: false, kind: this.#kind(wanted) };
    if (!known) await this.#keep(volume, source && (await this.#contentOf(source, volume)));
    return volume;
  }

  async deleteVolume(id: string): Promise<void> {
    if (!this.#state.volumes.delete(id)) return;
    (await this.#directory()).entries.delete(id);
    await this.#state.save();
  }

  async expandVolume(id: string, sizeBytes: number): Promise<{ readonly sizeBytes: number; readonly onNode: boolean }> {
    this.#checkSize(sizeBytes);
    const volume = this.find(id);
    const grown = { ...volume, sizeBytes: Math.max(volume.sizeBytes, sizeBytes) };
    this.#state.volumes.set(id, grown);
    await this.#state.save();
    return { sizeBytes: grown.sizeBytes, onNode: this.#options.growsOnNode };
  }

  async createSnapshot(name: string, volumeId: string, parameters: Readonly<Record<string, string>>): Promise<HostPathSnapshot> {
    const known = [...this.#state.snapshots.values()].find((one) => one.name === name);
    if (known && known.volumeId !== volumeId)
      throw new GrpcError(CODE.alreadyExists, `snapshot with the same name: ${name} but with different SourceVolumeId already exist`);
    if (known) return known;
    const volume = this.find(volumeId);
    checkParameters(volume, parameters);
    const directory = await this.#directory();
    const held = directory.entries.get(volumeId);
    if (!held) throw new GrpcError(CODE.unknown, `failed create snapshot: exit status 2: tar: ${this.#path(volumeId)}: Cannot open`);
    const made: HostPathSnapshot = {
      id: newUuid(this.#world.random),
      name,
      volumeId,
      createdAt: this.#world.clock.now(),
      sizeBytes: volume.sizeBytes,
    };
    directory.entries.set(archiveOf(made.id), copyOfTree(held));
    this.#state.snapshots.set(made.id, made);
    await this.#state.save();
    return made;
  }

  async deleteSnapshot(id: string): Promise<void> {
    (await this.#directory()).entries.delete(archiveOf(id));
    if (this.#state.snapshots.delete(id)) await this.#state.save();
  }

  snapshots(): readonly HostPathSnapshot[] {
    return [...this.#state.snapshots.values()];
  }

  /** Upstream: `ControllerPublishVolume`. @returns what nodes are to be told */
  attach(id: string, nodeId: string): Readonly<Record<string, string>> {
    if (!this.attaches) throw new GrpcError(CODE.unimplemented, 'ControllerPublishVolume is not supported');
    this.find(id);
    if (nodeId !== this.nodeId) throw new GrpcError(CODE.notFound, `Not matching Node ID ${nodeId} to hostpath Node ID ${this.nodeId}`);
    return {};
  }

  detach(id: string): void {
    if (!this.attaches) throw new GrpcError(CODE.unimplemented, 'ControllerUnpublishVolume is not supported');
    this.find(id);
  }

  /** How much there still is of a kind of storage, or of the one that has the most. Upstream: `GetCapacity`. */
  available({ kind = '' }: Readonly<Record<string, string>>): number {
    const { capacity, volumeBytesMax } = this.#options;
    if (capacity.size === 0) return volumeBytesMax;
    const kinds = kind === '' ? [...capacity.keys()] : [kind];
    return Math.max(0, ...kinds.map((name) => (capacity.get(name) ?? 0) - this.#used(name)));
  }

  async stage(id: string, isDevice: boolean, context: Readonly<Record<string, string>>): Promise<void> {
    if (!this.#state.volumes.has(id) && context[MADE_BY]?.endsWith(`-${this.name}`)) {
      // What it has made was on the disk of a node that is gone, as all of a node's files are when its process is started again.
      const made = { name: id, sizeBytes: 0, isDevice };
      await this.#keep({ ...made, id, isEphemeral: false, kind: this.#kind(made) }, undefined);
    }
    this.find(id);
  }

  /** A volume for one pod, which goes with it. */
  async makeEphemeral(id: string, parameters: Readonly<Record<string, string>>): Promise<void> {
    if (this.#state.volumes.has(id)) return;
    const made = { name: `ephemeral-${id}`, sizeBytes: EPHEMERAL_BYTES, isDevice: false, parameters };
    await this.#keep(
      { id, name: made.name, sizeBytes: made.sizeBytes, isDevice: false, isEphemeral: true, kind: this.#kind(made) },
      undefined,
    );
  }

  /** Mounts a volume at a path, for the node too where the driver's pod shares its mounts. */
  async publish(
    id: string,
    { targetPath, isDevice, isReadOnly }: { readonly targetPath: string; readonly isDevice: boolean; readonly isReadOnly: boolean },
  ): Promise<void> {
    const { files } = this.#world;
    const root = await this.#contentsOf(id, isDevice);
    if (!(await files.exists(targetPath))) {
      if (isDevice) await files.writeFile(targetPath, new Uint8Array());
      else await files.mkdir(targetPath, { recursive: true, mode: 0o750 });
    }
    await files.mount({ path: targetPath, root, readOnly: isReadOnly });
  }

  async #contentsOf(id: string, isDevice: boolean): Promise<DirectoryNode | FileNode> {
    const volume = this.find(id);
    if (isDevice && !volume.isDevice) throw new GrpcError(CODE.invalidArgument, 'cannot publish a non-block volume as block volume');
    if (!isDevice && volume.isDevice) throw new GrpcError(CODE.invalidArgument, 'cannot publish a non-mount volume as mount volume');
    const node = (await this.#directory()).entries.get(id);
    if (!node || node.type === 'link') throw new GrpcError(CODE.unknown, `failed to mount device: ${this.#path(id)}: no such file`);
    return node.type === 'directory' ? node : this.#deviceOf(node, volume);
  }

  async unpublish(id: string, targetPath: string): Promise<void> {
    const { isEphemeral } = this.find(id);
    const { files } = this.#world;
    if (await files.exists(targetPath)) await files.unmount(targetPath);
    await files.rm(targetPath, { force: true, recursive: true });
    if (isEphemeral) await this.deleteVolume(id);
  }

  /** What a volume holds. */
  async usage(id: string): Promise<{ readonly usedBytes: number; readonly inodesUsed: number }> {
    this.find(id);
    const node = (await this.#directory()).entries.get(id);
    return node ? usageOfTree(node) : { usedBytes: 0, inodesUsed: 0 };
  }

  #deviceOf(file: FileNode, { id, sizeBytes }: HostPathVolume): FileNode {
    const known = this.#devices.get(file);
    if (known?.capacityBytes === sizeBytes) return known;
    const device = loopDevice(this.#path(id), file, this.#world.clock.now(), sizeBytes);
    this.#devices.set(file, device);
    return device;
  }

  /** @throws GrpcError when there is no such volume */
  find(id: string): HostPathVolume {
    const volume = this.#state.volumes.get(id);
    if (!volume) throw new GrpcError(CODE.notFound, `volume id ${id} does not exist in the volumes list`);
    return volume;
  }

  async #keep(volume: HostPathVolume, content: TreeNode | undefined): Promise<void> {
    const now = this.#world.clock.now();
    const made = content ?? (volume.isDevice ? newFile(new Uint8Array(), now) : newDirectory(now, { mode: MODE_VOLUME }));
    (await this.#directory()).entries.set(volume.id, made);
    this.#state.volumes.set(volume.id, volume);
    await this.#state.save();
  }

  /** What a volume begins with that is made from another, or from a snapshot. Upstream: `loadFromSnapshot`, `loadFromVolume`. */
  async #contentOf(source: ContentSource, { sizeBytes, isDevice }: HostPathVolume): Promise<TreeNode> {
    const from = source.kind === 'snapshot' ? this.#snapshot(source.id) : this.find(source.id);
    if (from.sizeBytes > sizeBytes) {
      const text = `${source.kind} ${source.id} size ${from.sizeBytes} is greater than requested volume size ${sizeBytes}`;
      throw new GrpcError(CODE.invalidArgument, text);
    }
    if ('isDevice' in from && from.isDevice !== isDevice)
      throw new GrpcError(CODE.invalidArgument, `volume ${source.id} mode is not compatible with requested mode`);
    const entry = source.kind === 'snapshot' ? archiveOf(source.id) : source.id;
    const held = (await this.#directory()).entries.get(entry);
    if (held?.type !== (isDevice ? 'file' : 'directory'))
      throw new GrpcError(CODE.unknown, `failed pre-populate data from ${source.kind} ${source.id}: ${this.#path(entry)} cannot be read`);
    return copyOfTree(held);
  }

  #snapshot(id: string): HostPathSnapshot {
    const snapshot = this.#state.snapshots.get(id);
    if (!snapshot) throw new GrpcError(CODE.notFound, `snapshot id ${id} does not exist in the snapshots list`);
    return snapshot;
  }

  #checkSize(sizeBytes: number): void {
    const { volumeBytesMax } = this.#options;
    if (sizeBytes > volumeBytesMax)
      throw new GrpcError(CODE.outOfRange, `Requested capacity ${sizeBytes} exceeds maximum allowed ${volumeBytesMax}`);
  }

  /** Of which storage a volume is taken. @throws GrpcError when there is not so much of it */
  #kind({ sizeBytes, parameters = {} }: WantedVolume): string {
    this.#checkSize(sizeBytes);
    const { capacity } = this.#options;
    const { kind = '' } = parameters;
    if (capacity.size === 0 && kind !== '')
      throw new GrpcError(CODE.invalidArgument, `capacity tracking disabled, specifying kind "${kind}" is invalid`);
    if (capacity.size === 0) return '';
    const fits = (name: string) => this.#used(name) + sizeBytes <= (capacity.get(name) ?? 0);
    const found = kind === '' ? [...capacity.keys()].find(fits) : kind;
    if (found === undefined)
      throw new GrpcError(CODE.resourceExhausted, `requested capacity ${sizeBytes} of arbitrary storage exceeds all remaining capacity`);
    if (fits(found)) return found;
    const [used, all] = [this.#used(found), capacity.get(found) ?? 0].map((bytes) => Quantity.of(bytes, 'BinarySI').canonical());
    const text = `requested capacity ${sizeBytes} exceeds remaining capacity for "${found}", ${used} out of ${all} already used`;
    throw new GrpcError(CODE.resourceExhausted, text);
  }

  #used(kind: string): number {
    return [...this.#state.volumes.values()].reduce((sum, volume) => sum + (volume.kind === kind ? volume.sizeBytes : 0), 0);
  }

  #path(name: string): string {
    return `${this.#options.directory}/${name}`;
  }

  async #directory(): Promise<DirectoryNode> {
    const node = await this.#world.files.nodeAt(this.#options.directory);
    if (node.type !== 'directory') throw new FileError('ENOTDIR', this.#options.directory);
    return node;
  }
}

/** In a volume's context: which provisioner has made it. */
export const MADE_BY = 'storage.kubernetes.io/csiProvisionerIdentity';

const archiveOf = (id: string): string => `${id}.snap`;

const BOOLEANS = /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)?$/;

/** @throws GrpcError about a parameter of a VolumeSnapshotClass that cannot be read */
function checkParameters({ isDevice }: HostPathVolume, { ignoreFailedRead = '' }: Readonly<Record<string, string>>): void {
  if (isDevice || BOOLEANS.test(ignoreFailedRead)) return;
  const why = `invalid value for "ignoreFailedRead", expected boolean but was "${ignoreFailedRead}"`;
  throw new GrpcError(CODE.invalidArgument, `invalid volume snapshot class parameters: ${why}`);
}

/** Reads `KIND=QUANTITY`, given as often as there are kinds. @throws Error */
export function readCapacity(texts: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    texts.map((text) => {
      const [kind = '', size = ''] = text.split('=');
      return [kind, parseQuantity(size).value()];
    }),
  );
}
