// What the sidecars of a CSI driver ask it over its socket: the identity and controller services, as far as they are used here.

import { Channel, type ChannelOptions, type UnaryMethod } from '../../../../runtime/grpc.ts';
import {
  CONTROLLER,
  CONTROLLER_CAPABILITY,
  capabilitiesIn,
  IDENTITY,
  SERVICE,
  type Snapshot,
  type VolumeCapabilityDraft,
} from '../../../plugins/csi/csi-protocol.ts';

/** What a volume is made from. */
export interface ContentSource {
  readonly kind: 'snapshot' | 'volume';
  /** How the driver calls it. */
  readonly id: string;
}

type Texts = Readonly<Record<string, string>>;

export interface NewVolume {
  readonly name: string;
  readonly sizeBytes: number;
  readonly capabilities: readonly VolumeCapabilityDraft[];
  readonly parameters: Texts;
  readonly secrets: Texts;
  readonly source?: ContentSource | undefined;
  /** Where it has to be reached from; the first is preferred. */
  readonly topologies?: readonly Texts[] | undefined;
}

export interface CsiVolume {
  readonly id: string;
  readonly sizeBytes: number;
  readonly context: Texts;
  readonly topologies: readonly Texts[];
}

export interface CsiSnapshot {
  readonly id: string;
  readonly volumeId: string;
  readonly createdAt: number;
  readonly sizeBytes: number;
  readonly isReady: boolean;
}

export type ControllerCapability = keyof typeof CONTROLLER_CAPABILITY;

/** How long a call may take. Upstream: the sidecars' `--timeout`. */
const CALL_MS = 60_000;
const NS_PER_MS = 1e6;

/** The driver behind a socket, as its sidecars see it. Calls throw GrpcErrors. */
export class CsiDriver {
  readonly #channel: Channel;
  #about: Promise<About> | undefined;
  #name = '';
  #connections = 0;

  constructor(connecting: Pick<ChannelOptions, 'dial' | 'clock' | 'random'>) {
    this.#channel = new Channel({
      ...connecting,
      onChange: (isConnected) => {
        this.#about = undefined;
        if (isConnected) this.#connections++;
      },
    });
  }

  /** Whether it answers; it is then known by its name. */
  async isThere(): Promise<boolean> {
    if (!this.#channel.isConnected) this.#channel.connect();
    try {
      this.#about ??= this.#ask();
      this.#name = (await this.#about).name;
      return true;
    } catch {
      this.#about = undefined;
      return false;
    }
  }

  get name(): string {
    return this.#name;
  }

  /** How often it has been connected to: it may be another process each time. */
  get connections(): number {
    return this.#connections;
  }

  /** Whether its volumes can be reached from some nodes only. */
  async hasTopology(): Promise<boolean> {
    return (await this.#known()).hasTopology;
  }

  async can(capability: ControllerCapability): Promise<boolean> {
    return (await this.#known()).capabilities.has(CONTROLLER_CAPABILITY[capability]);
  }

  #known(): Promise<About> {
    this.#about ??= this.#ask();
    return this.#about;
  }

  async #ask(): Promise<About> {
    const { name } = await this.#call(IDENTITY.getPluginInfo, {});
    const { capabilities } = await this.#call(IDENTITY.getPluginCapabilities, {});
    const services = capabilities.map(({ service }) => service?.type);
    const isController = services.includes(SERVICE.controller);
    return {
      name,
      hasTopology: services.includes(SERVICE.volumeAccessibilityConstraints),
      capabilities: isController ? capabilitiesIn(await this.#call(CONTROLLER.controllerGetCapabilities, {})) : new Set(),
    };
  }

  async createVolume({ name, sizeBytes, capabilities, parameters, secrets, source, topologies }: NewVolume): Promise<CsiVolume> {
    const requisite = topologies?.map((segments) => ({ segments }));
    const { volume } = await this.#call(CONTROLLER.createVolume, {
      name,
      capacityRange: { requiredBytes: sizeBytes },
      volumeCapabilities: capabilities,
      parameters,
      secrets,
      volumeContentSource:
        source && (source.kind === 'snapshot' ? { snapshot: { snapshotId: source.id } } : { volume: { volumeId: source.id } }),
      accessibilityRequirements: requisite && { requisite, preferred: requisite },
    });
    return {
      id: volume?.volumeId ?? '',
      sizeBytes: volume?.capacityBytes ?? 0,
      context: volume?.volumeContext ?? {},
      topologies: volume?.accessibleTopology.map(({ segments }) => segments) ?? [],
    };
  }

  async deleteVolume(volumeId: string, secrets: Texts = {}): Promise<void> {
    await this.#call(CONTROLLER.deleteVolume, { volumeId, secrets });
  }

  /** @returns what nodes are to be told about it */
  async publishVolume(request: {
    readonly volumeId: string;
    readonly nodeId: string;
    readonly volumeCapability: VolumeCapabilityDraft;
    readonly readonly: boolean;
    readonly secrets: Texts;
    readonly volumeContext: Texts;
  }): Promise<Texts> {
    return (await this.#call(CONTROLLER.controllerPublishVolume, request)).publishContext;
  }

  async unpublishVolume(volumeId: string, nodeId: string, secrets: Texts): Promise<void> {
    await this.#call(CONTROLLER.controllerUnpublishVolume, { volumeId, nodeId, secrets });
  }

  /** @returns its size, and whether the node has to do its part. */
  async expandVolume(
    volumeId: string,
    sizeBytes: number,
    { secrets = {}, capability }: { readonly secrets?: Texts | undefined; readonly capability?: VolumeCapabilityDraft | undefined } = {},
  ): Promise<{ readonly sizeBytes: number; readonly onNode: boolean }> {
    const { capacityBytes, nodeExpansionRequired } = await this.#call(CONTROLLER.controllerExpandVolume, {
      volumeId,
      capacityRange: { requiredBytes: sizeBytes },
      secrets,
      volumeCapability: capability,
    });
    return { sizeBytes: capacityBytes, onNode: nodeExpansionRequired };
  }

  async createSnapshot(name: string, sourceVolumeId: string, parameters: Texts, secrets: Texts = {}): Promise<CsiSnapshot> {
    const { snapshot } = await this.#call(CONTROLLER.createSnapshot, { name, sourceVolumeId, parameters, secrets });
    return snapshotOf(snapshot);
  }

  async deleteSnapshot(snapshotId: string, secrets: Texts = {}): Promise<void> {
    await this.#call(CONTROLLER.deleteSnapshot, { snapshotId, secrets });
  }

  async findSnapshot(snapshotId: string, secrets: Texts = {}): Promise<CsiSnapshot | undefined> {
    const { entries } = await this.#call(CONTROLLER.listSnapshots, { snapshotId, secrets });
    const [first] = entries;
    return first && snapshotOf(first.snapshot);
  }

  close(): void {
    this.#channel.close();
  }

  #call<QD, S>(method: UnaryMethod<QD, S>, request: QD): Promise<S> {
    return this.#channel.call(method, request, CALL_MS);
  }
}

/** What a driver says of itself. */
interface About {
  readonly name: string;
  readonly hasTopology: boolean;
  readonly capabilities: ReadonlySet<number>;
}

function snapshotOf(snapshot: Snapshot | undefined): CsiSnapshot {
  const { seconds = 0, nanos = 0 } = snapshot?.creationTime ?? {};
  return {
    id: snapshot?.snapshotId ?? '',
    volumeId: snapshot?.sourceVolumeId ?? '',
    createdAt: seconds * 1000 + nanos / NS_PER_MS,
    sizeBytes: snapshot?.sizeBytes ?? 0,
    isReady: snapshot?.readyToUse ?? false,
  };
}
