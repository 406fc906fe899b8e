// What kubelets, sidecars and drivers of volumes say to each other: csi.v1 (github.com/container-storage-interface/spec, csi.proto).

import {
  bool,
  choice,
  type DraftOf,
  int64,
  type MessageOf,
  many,
  message,
  methodsOf,
  nested,
  string,
  stringMap,
  strings,
} from '../../../runtime/grpc.ts';

const Empty = message({});
const Rpc = message({ type: choice(1) });
const RpcCapability = message({ rpc: nested(1, () => Rpc) });
const Capabilities = message({ capabilities: many(1, () => RpcCapability) });

/** Capabilities of the node service (`NodeServiceCapability.RPC.Type`). */
export const NODE_CAPABILITY = {
  stageUnstageVolume: 1,
  getVolumeStats: 2,
  expandVolume: 3,
  volumeCondition: 4,
  singleNodeMultiWriter: 5,
  volumeMountGroup: 6,
} as const;

/** Capabilities of the controller service (`ControllerServiceCapability.RPC.Type`). */
export const CONTROLLER_CAPABILITY = {
  createDeleteVolume: 1,
  publishUnpublishVolume: 2,
  listVolumes: 3,
  getCapacity: 4,
  createDeleteSnapshot: 5,
  listSnapshots: 6,
  cloneVolume: 7,
  expandVolume: 9,
  singleNodeMultiWriter: 13,
} as const;

/** Services of a plugin (`PluginCapability.Service.Type`). */
export const SERVICE = { controller: 1, volumeAccessibilityConstraints: 2 } as const;

/** How a volume is used (`VolumeCapability.AccessMode.Mode`). */
export const ACCESS_MODE = {
  unknown: 0,
  singleNodeWriter: 1,
  multiNodeReaderOnly: 3,
  multiNodeMultiWriter: 5,
  singleNodeSingleWriter: 6,
  singleNodeMultiWriter: 7,
} as const;

/** Units of a volume's statistics. */
export const USAGE_UNIT = { bytes: 1, inodes: 2 } as const;

const CapacityRange = message({ requiredBytes: int64(1), limitBytes: int64(2) });
const MountVolume = message({ fsType: string(1), mountFlags: strings(2), volumeMountGroup: string(3) });
const AccessMode = message({ mode: choice(1) });
export const VolumeCapability = message({
  block: nested(1, () => Empty),
  mount: nested(2, () => MountVolume),
  accessMode: nested(3, () => AccessMode),
});
export type VolumeCapabilityDraft = DraftOf<typeof VolumeCapability>;
const Topology = message({ segments: stringMap(1) });
const TopologyRequirement = message({ requisite: many(1, () => Topology), preferred: many(2, () => Topology) });
const SnapshotSource = message({ snapshotId: string(1) });
const VolumeSource = message({ volumeId: string(1) });
const VolumeContentSource = message({ snapshot: nested(1, () => SnapshotSource), volume: nested(2, () => VolumeSource) });
export type VolumeContentSource = MessageOf<typeof VolumeContentSource>;
const Volume = message({
  capacityBytes: int64(1),
  volumeId: string(2),
  volumeContext: stringMap(3),
  contentSource: nested(4, () => VolumeContentSource),
  accessibleTopology: many(5, () => Topology),
});
const Timestamp = message({ seconds: int64(1), nanos: int64(2) });
const Snapshot = message({
  sizeBytes: int64(1),
  snapshotId: string(2),
  sourceVolumeId: string(3),
  creationTime: nested(4, () => Timestamp),
  readyToUse: bool(5),
  groupSnapshotId: string(6),
});
export type Snapshot = MessageOf<typeof Snapshot>;
const SnapshotEntry = message({ snapshot: nested(1, () => Snapshot) });

const BoolValue = message({ value: bool(1) });
const PluginInfo = message({ name: string(1), vendorVersion: string(2), manifest: stringMap(3) });
const PluginCapability = message({ service: nested(1, () => Rpc), volumeExpansion: nested(2, () => Rpc) });
const PluginCapabilities = message({ capabilities: many(1, () => PluginCapability) });
const ProbeResponse = message({ ready: nested(1, () => BoolValue) });

const identity = methodsOf('csi.v1.Identity');
export const IDENTITY = {
  getPluginInfo: identity('GetPluginInfo', Empty, PluginInfo),
  getPluginCapabilities: identity('GetPluginCapabilities', Empty, PluginCapabilities),
  probe: identity('Probe', Empty, ProbeResponse),
};

const CreateVolumeRequest = message({
  name: string(1),
  capacityRange: nested(2, () => CapacityRange),
  volumeCapabilities: many(3, () => VolumeCapability),
  parameters: stringMap(4),
  secrets: stringMap(5),
  volumeContentSource: nested(6, () => VolumeContentSource),
  accessibilityRequirements: nested(7, () => TopologyRequirement),
});
const CreateVolumeResponse = message({ volume: nested(1, () => Volume) });
const DeleteVolumeRequest = message({ volumeId: string(1), secrets: stringMap(2) });
const ControllerPublishVolumeRequest = message({
  volumeId: string(1),
  nodeId: string(2),
  volumeCapability: nested(3, () => VolumeCapability),
  readonly: bool(4),
  secrets: stringMap(5),
  volumeContext: stringMap(6),
});
const ControllerPublishVolumeResponse = message({ publishContext: stringMap(1) });
const ControllerUnpublishVolumeRequest = message({ volumeId: string(1), nodeId: string(2), secrets: stringMap(3) });
const GetCapacityRequest = message({
  volumeCapabilities: many(1, () => VolumeCapability),
  parameters: stringMap(2),
  accessibleTopology: nested(3, () => Topology),
});
const Int64Value = message({ value: int64(1) });
const GetCapacityResponse = message({
  availableCapacity: int64(1),
  maximumVolumeSize: nested(2, () => Int64Value),
  minimumVolumeSize: nested(3, () => Int64Value),
});
const CreateSnapshotRequest = message({ sourceVolumeId: string(1), name: string(2), secrets: stringMap(3), parameters: stringMap(4) });
const CreateSnapshotResponse = message({ snapshot: nested(1, () => Snapshot) });
const DeleteSnapshotRequest = message({ snapshotId: string(1), secrets: stringMap(2) });
const ListSnapshotsRequest = message({
  maxEntries: int64(1),
  startingToken: string(2),
  sourceVolumeId: string(3),
  snapshotId: string(4),
  secrets: stringMap(5),
});
const ListSnapshotsResponse = message({ entries: many(1, () => SnapshotEntry), nextToken: string(2) });
const ControllerExpandVolumeRequest = message({
  volumeId: string(1),
  capacityRange: nested(2, () => CapacityRange),
  secrets: stringMap(3),
  volumeCapability: nested(4, () => VolumeCapability),
});
const ControllerExpandVolumeResponse = message({ capacityBytes: int64(1), nodeExpansionRequired: bool(2) });

const controller = methodsOf('csi.v1.Controller');
export const CONTROLLER = {
  controllerGetCapabilities: controller('ControllerGetCapabilities', Empty, Capabilities),
  createVolume: controller('CreateVolume', CreateVolumeRequest, CreateVolumeResponse),
  deleteVolume: controller('DeleteVolume', DeleteVolumeRequest, Empty),
  controllerPublishVolume: controller('ControllerPublishVolume', ControllerPublishVolumeRequest, ControllerPublishVolumeResponse),
  controllerUnpublishVolume: controller('ControllerUnpublishVolume', ControllerUnpublishVolumeRequest, Empty),
  getCapacity: controller('GetCapacity', GetCapacityRequest, GetCapacityResponse),
  createSnapshot: controller('CreateSnapshot', CreateSnapshotRequest, CreateSnapshotResponse),
  deleteSnapshot: controller('DeleteSnapshot', DeleteSnapshotRequest, Empty),
  listSnapshots: controller('ListSnapshots', ListSnapshotsRequest, ListSnapshotsResponse),
  controllerExpandVolume: controller('ControllerExpandVolume', ControllerExpandVolumeRequest, ControllerExpandVolumeResponse),
};

const NodeStageVolumeRequest = message({
  volumeId: string(1),
  publishContext: stringMap(2),
  stagingTargetPath: string(3),
  volumeCapability: nested(4, () => VolumeCapability),
  secrets: stringMap(5),
  volumeContext: stringMap(6),
});
const NodeUnstageVolumeRequest = message({ volumeId: string(1), stagingTargetPath: string(2) });
const NodePublishVolumeRequest = message({
  volumeId: string(1),
  publishContext: stringMap(2),
  stagingTargetPath: string(3),
  targetPath: string(4),
  volumeCapability: nested(5, () => VolumeCapability),
  readonly: bool(6),
  secrets: stringMap(7),
  volumeContext: stringMap(8),
});
const NodeUnpublishVolumeRequest = message({ volumeId: string(1), targetPath: string(2) });
const VolumeUsage = message({ available: int64(1), total: int64(2), used: int64(3), unit: choice(4) });
const VolumeCondition = message({ abnormal: bool(1), message: string(2) });
const NodeGetVolumeStatsRequest = message({ volumeId: string(1), volumePath: string(2), stagingTargetPath: string(3) });
const NodeGetVolumeStatsResponse = message({ usage: many(1, () => VolumeUsage), volumeCondition: nested(2, () => VolumeCondition) });
const NodeGetInfoResponse = message({ nodeId: string(1), maxVolumesPerNode: int64(2), accessibleTopology: nested(3, () => Topology) });
const NodeExpandVolumeRequest = message({
  volumeId: string(1),
  volumePath: string(2),
  capacityRange: nested(3, () => CapacityRange),
  stagingTargetPath: string(4),
  volumeCapability: nested(5, () => VolumeCapability),
  secrets: stringMap(6),
});
const NodeExpandVolumeResponse = message({ capacityBytes: int64(1) });

const node = methodsOf('csi.v1.Node');
export const NODE = {
  nodeGetInfo: node('NodeGetInfo', Empty, NodeGetInfoResponse),
  nodeGetCapabilities: node('NodeGetCapabilities', Empty, Capabilities),
  nodeStageVolume: node('NodeStageVolume', NodeStageVolumeRequest, Empty),
  nodeUnstageVolume: node('NodeUnstageVolume', NodeUnstageVolumeRequest, Empty),
  nodePublishVolume: node('NodePublishVolume', NodePublishVolumeRequest, Empty),
  nodeUnpublishVolume: node('NodeUnpublishVolume', NodeUnpublishVolumeRequest, Empty),
  nodeGetVolumeStats: node('NodeGetVolumeStats', NodeGetVolumeStatsRequest, NodeGetVolumeStatsResponse),
  nodeExpandVolume: node('NodeExpandVolume', NodeExpandVolumeRequest, NodeExpandVolumeResponse),
};

/** What a service says that it can do, as numbers. */
export const capabilitiesIn = ({ capabilities }: MessageOf<typeof Capabilities>): ReadonlySet<number> =>
  new Set(capabilities.map(({ rpc }) => rpc?.type ?? 0));

/** The answer of a service that can do these. */
export const capabilitiesOf = (types: readonly number[]): DraftOf<typeof Capabilities> => ({
  capabilities: types.map((type) => ({ rpc: { type } })),
});

const MODES_OF_MULTI_WRITERS: Readonly<Record<string, number>> = {
  ReadWriteOnce: ACCESS_MODE.singleNodeMultiWriter,
  ReadOnlyMany: ACCESS_MODE.multiNodeReaderOnly,
  ReadWriteMany: ACCESS_MODE.multiNodeMultiWriter,
  ReadWriteOncePod: ACCESS_MODE.singleNodeSingleWriter,
};

/** How Kubernetes' access modes are told to a driver. @param tellsWriters whether it has the capability `SINGLE_NODE_MULTI_WRITER` */
export function accessModeOf(mode: string, tellsWriters: boolean): number {
  const known = MODES_OF_MULTI_WRITERS[mode] ?? ACCESS_MODE.unknown;
  const isSingle = mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod';
  return isSingle && !tellsWriters ? ACCESS_MODE.singleNodeWriter : known;
}

/** How a volume is to be used, as drivers are told. */
export const capabilityOf = (use: {
  readonly isDevice: boolean;
  readonly mode: number;
  readonly fsType?: string | undefined;
  readonly mountFlags?: readonly string[] | undefined;
  readonly group?: number | undefined;
}): VolumeCapabilityDraft => {
  const { isDevice, mode, fsType, mountFlags, group } = use;
  const mount = { fsType, mountFlags, volumeMountGroup: group === undefined ? undefined : String(group) };
  return { accessMode: { mode }, ...(isDevice ? { block: {} } : { mount }) };
};
