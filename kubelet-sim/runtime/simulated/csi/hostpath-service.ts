import { GrpcError, handling, type Method, type UnaryHandler } from '../../../../runtime/grpc.ts';
import {
  CONTROLLER,
  CONTROLLER_CAPABILITY,
  capabilitiesOf,
  IDENTITY,
  NODE,
  NODE_CAPABILITY,
  SERVICE,
  USAGE_UNIT,
  type VolumeContentSource,
} from '../../../plugins/csi/csi-protocol.ts';
import type { ContentSource } from './csi-driver.ts';
import type { HostPathDriver } from './hostpath-driver.ts';
import type { HostPathSnapshot } from './hostpath-state.ts';

const EPHEMERAL = 'csi.storage.k8s.io/ephemeral';
const VENDOR_VERSION = 'v1.17.0';
const MS_PER_S = 1000;
const NS_PER_MS = 1e6;

/** Told of each call, when it has been answered. */
export type CallLog = (call: {
  readonly method: string;
  readonly request: unknown;
  readonly response: unknown;
  readonly error: GrpcError | undefined;
}) => void;

/** What a driver answers on its socket (`csi.v1`). Upstream: `pkg/hostpath/{identityserver,controllerserver,nodeserver}.go`. */
export function hostPathService(driver: HostPathDriver, log: CallLog): UnaryHandler[] {
  const answer = <Q, QD, S, SD>(method: Method<Q, QD, S, SD>, work: (request: Q) => Promise<SD> | SD): UnaryHandler =>
    handling(method, async (request) => {
      try {
        const response = await work(request);
        log({ method: method.path, request, response, error: undefined });
        return response;
      } catch (error) {
        if (error instanceof GrpcError) log({ method: method.path, request, response: null, error });
        throw error;
      }
    });
  return [...identity(driver, answer), ...controller(driver, answer), ...node(driver, answer)];
}

type Answer = <Q, QD, S, SD>(method: Method<Q, QD, S, SD>, work: (request: Q) => Promise<SD> | SD) => UnaryHandler;

const identity = (driver: HostPathDriver, answer: Answer): UnaryHandler[] => [
  handling(IDENTITY.probe, () => ({})),
  answer(IDENTITY.getPluginInfo, () => ({ name: driver.name, vendorVersion: VENDOR_VERSION })),
  answer(IDENTITY.getPluginCapabilities, () => ({
    capabilities: [
      { service: { type: SERVICE.controller } },
      ...(driver.hasTopology ? [{ service: { type: SERVICE.volumeAccessibilityConstraints } }] : []),
    ],
  })),
];

function controller(driver: HostPathDriver, answer: Answer): UnaryHandler[] {
  const can: readonly (keyof typeof CONTROLLER_CAPABILITY)[] = [
    ...(['createDeleteVolume', 'getCapacity', 'listVolumes', 'createDeleteSnapshot', 'listSnapshots', 'cloneVolume'] as const),
    ...(['expandVolume', 'singleNodeMultiWriter'] as const),
    ...(driver.attaches ? (['publishUnpublishVolume'] as const) : []),
  ];
  return [
    answer(CONTROLLER.controllerGetCapabilities, () => capabilitiesOf(can.map((name) => CONTROLLER_CAPABILITY[name]))),
    answer(CONTROLLER.createVolume, async ({ name, capacityRange, volumeCapabilities, parameters, volumeContentSource }) => {
      const source = sourceOf(volumeContentSource);
      const isDevice = volumeCapabilities.some(({ block }) => block);
      const made = await driver.createVolume({ name, sizeBytes: capacityRange?.requiredBytes ?? 0, isDevice, parameters, source });
      return {
        volume: {
          volumeId: made.id,
          capacityBytes: made.sizeBytes,
          volumeContext: parameters,
          contentSource: volumeContentSource,
          accessibleTopology: driver.hasTopology ? [{ segments: driver.topology }] : [],
        },
      };
    }),
    answer(CONTROLLER.deleteVolume, async ({ volumeId }) => {
      await driver.deleteVolume(volumeId);
      return {};
    }),
    answer(CONTROLLER.controllerPublishVolume, ({ volumeId, nodeId }) => ({ publishContext: driver.attach(volumeId, nodeId) })),
    answer(CONTROLLER.controllerUnpublishVolume, ({ volumeId }) => {
      driver.detach(volumeId);
      return {};
    }),
    answer(CONTROLLER.controllerExpandVolume, async ({ volumeId, capacityRange }) => {
      const { sizeBytes, onNode } = await driver.expandVolume(volumeId, capacityRange?.requiredBytes ?? 0);
      return { capacityBytes: sizeBytes, nodeExpansionRequired: onNode };
    }),
    answer(CONTROLLER.getCapacity, ({ parameters }) => ({ availableCapacity: driver.available(parameters) })),
    answer(CONTROLLER.createSnapshot, async ({ name, sourceVolumeId, parameters }) => ({
      snapshot: told(await driver.createSnapshot(name, sourceVolumeId, parameters)),
    })),
    answer(CONTROLLER.deleteSnapshot, async ({ snapshotId }) => {
      await driver.deleteSnapshot(snapshotId);
      return {};
    }),
    answer(CONTROLLER.listSnapshots, ({ snapshotId, sourceVolumeId }) => ({
      entries: driver
        .snapshots()
        .filter(({ id, volumeId }) => (snapshotId === '' || id === snapshotId) && (sourceVolumeId === '' || volumeId === sourceVolumeId))
        .map((snapshot) => ({ snapshot: told(snapshot) })),
    })),
  ];
}

const sourceOf = (source: VolumeContentSource | undefined): ContentSource | undefined => {
  if (source?.snapshot) return { kind: 'snapshot', id: source.snapshot.snapshotId };
  return source?.volume && { kind: 'volume', id: source.volume.volumeId };
};

const told = ({ id, volumeId, createdAt, sizeBytes }: HostPathSnapshot) => ({
  snapshotId: id,
  sourceVolumeId: volumeId,
  sizeBytes,
  readyToUse: true,
  creationTime: { seconds: Math.floor(createdAt / MS_PER_S), nanos: (createdAt % MS_PER_S) * NS_PER_MS },
});

function node(driver: HostPathDriver, answer: Answer): UnaryHandler[] {
  const can: readonly (keyof typeof NODE_CAPABILITY)[] = [
    ...(['stageUnstageVolume', 'volumeCondition', 'getVolumeStats', 'singleNodeMultiWriter'] as const),
    ...(driver.growsOnNode ? (['expandVolume'] as const) : []),
  ];
  return [
    answer(NODE.nodeGetInfo, () => ({
      nodeId: driver.nodeId,
      maxVolumesPerNode: driver.volumesMax,
      accessibleTopology: driver.hasTopology ? { segments: driver.topology } : undefined,
    })),
    answer(NODE.nodeGetCapabilities, () => capabilitiesOf(can.map((name) => NODE_CAPABILITY[name]))),
    answer(NODE.nodeStageVolume, async ({ volumeId, volumeCapability, volumeContext }) => {
      await driver.stage(volumeId, volumeCapability?.block !== undefined, volumeContext);
      return {};
    }),
    answer(NODE.nodeUnstageVolume, ({ volumeId }) => {
      driver.find(volumeId);
      return {};
    }),
    answer(NODE.nodePublishVolume, async ({ volumeId, targetPath, volumeCapability, readonly, volumeContext }) => {
      const isDevice = volumeCapability?.block !== undefined;
      if (volumeContext[EPHEMERAL] === 'true') await driver.makeEphemeral(volumeId, volumeContext);
      await driver.publish(volumeId, { targetPath, isDevice, isReadOnly: readonly });
      return {};
    }),
    answer(NODE.nodeUnpublishVolume, async ({ volumeId, targetPath }) => {
      await driver.unpublish(volumeId, targetPath);
      return {};
    }),
    answer(NODE.nodeExpandVolume, ({ volumeId, capacityRange }) => ({
      capacityBytes: capacityRange?.requiredBytes ?? driver.find(volumeId).sizeBytes,
    })),
    answer(NODE.nodeGetVolumeStats, async ({ volumeId }) => {
      const { usedBytes, inodesUsed } = await driver.usage(volumeId);
      const { sizeBytes } = driver.find(volumeId);
      return {
        usage: [
          { unit: USAGE_UNIT.bytes, total: sizeBytes, used: usedBytes, available: Math.max(0, sizeBytes - usedBytes) },
          { unit: USAGE_UNIT.inodes, used: inodesUsed },
        ],
        volumeCondition: { abnormal: false },
      };
    }),
  ];
}
