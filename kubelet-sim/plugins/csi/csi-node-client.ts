import { Channel, type UnaryMethod } from '../../../runtime/grpc.ts';
import type { DriverVolume, NodeCapability, NodeDriver, VolumeUse } from '../../runtime/node-drivers.ts';
import type { PluginWorld } from '../plugin-manager.ts';
import { accessModeOf, capabilitiesIn, capabilityOf, NODE, NODE_CAPABILITY, type VolumeCapabilityDraft } from './csi-protocol.ts';

/** How long a call may take. Upstream: `csiTimeout`, `pkg/volume/csi/csi_plugin.go`. */
const CALL_MS = 120_000;

/**
 * Asks a driver what it is, and speaks to it from then on. Upstream: `pkg/volume/csi/csi_client.go`.
 *
 * @throws GrpcError when it does not say
 */
export async function csiNodeClient(name: string, endpoint: string, { sockets, clock, random }: PluginWorld): Promise<NodeDriver> {
  const channel = new Channel({ dial: () => sockets.dial(endpoint), clock, random });
  try {
    const { nodeId, maxVolumesPerNode, accessibleTopology } = await channel.call(NODE.nodeGetInfo, {}, CALL_MS);
    if (nodeId === '') throw new Error('error adding CSI driver node info: driverNodeID must not be empty');
    return new CsiNodeClient(channel, {
      name,
      nodeId,
      volumesMax: Math.max(0, maxVolumesPerNode),
      topology: accessibleTopology?.segments ?? {},
    });
  } catch (error) {
    channel.close();
    throw error;
  }
}

class CsiNodeClient implements NodeDriver {
  readonly name: string;
  readonly nodeId: string;
  readonly volumesMax: number;
  readonly topology: Readonly<Record<string, string>>;
  readonly #channel: Channel;

  constructor(channel: Channel, { name, nodeId, volumesMax, topology }: Pick<NodeDriver, 'name' | 'nodeId' | 'volumesMax' | 'topology'>) {
    this.#channel = channel;
    this.name = name;
    this.nodeId = nodeId;
    this.volumesMax = volumesMax;
    this.topology = topology;
  }

  /** Asked each time, as kubelets do: a driver may be replaced by a newer one at the same socket. */
  async can(capability: NodeCapability): Promise<boolean> {
    return capabilitiesIn(await this.#call(NODE.nodeGetCapabilities, {})).has(NODE_CAPABILITY[capability]);
  }

  async stage(volume: DriverVolume): Promise<void> {
    const { handle, stagingPath, use, publishContext, context, secrets } = volume;
    await this.#call(NODE.nodeStageVolume, {
      volumeId: handle,
      publishContext,
      stagingTargetPath: stagingPath,
      volumeCapability: await this.#capability(use),
      secrets,
      volumeContext: context,
    });
  }

  async unstage(handle: string, stagingPath: string): Promise<void> {
    await this.#call(NODE.nodeUnstageVolume, { volumeId: handle, stagingTargetPath: stagingPath });
  }

  async publish(volume: DriverVolume, targetPath: string, isReadOnly: boolean): Promise<void> {
    const { handle, stagingPath, use, publishContext, context, secrets } = volume;
    await this.#call(NODE.nodePublishVolume, {
      volumeId: handle,
      publishContext,
      stagingTargetPath: stagingPath,
      targetPath,
      volumeCapability: await this.#capability(use),
      readonly: isReadOnly,
      secrets,
      volumeContext: context,
    });
  }

  async unpublish(handle: string, targetPath: string): Promise<void> {
    await this.#call(NODE.nodeUnpublishVolume, { volumeId: handle, targetPath });
  }

  async expand(volume: DriverVolume, volumePath: string, sizeBytes: number): Promise<void> {
    const { handle, stagingPath, use, secrets } = volume;
    await this.#call(NODE.nodeExpandVolume, {
      volumeId: handle,
      volumePath,
      capacityRange: { requiredBytes: sizeBytes },
      stagingTargetPath: stagingPath,
      volumeCapability: await this.#capability(use),
      secrets,
    });
  }

  close(): void {
    this.#channel.close();
  }

  async #capability({ isDevice, accessMode, fsType, mountOptions, group }: VolumeUse): Promise<VolumeCapabilityDraft> {
    const mode = accessModeOf(accessMode, await this.can('singleNodeMultiWriter'));
    return capabilityOf({ isDevice, mode, fsType, mountFlags: mountOptions, group });
  }

  #call<QD, S>(method: UnaryMethod<QD, S>, request: QD): Promise<S> {
    return this.#channel.call(method, request, CALL_MS);
  }
}
