import { type CSINode, coreKinds, isAlreadyExists, isNotFound, type Live, type Node, storageKinds } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';
import type { NodeDriver, NodeDrivers } from '../runtime/node-drivers.ts';

/** Plugins of volumes that kubelets of 1.34 leave to CSI drivers. */
const MIGRATED = ['aws-ebs', 'azure-disk', 'azure-file', 'cinder', 'gce-pd', 'portworx-volume', 'vsphere-volume'];

const ANNOTATION = 'storage.alpha.kubernetes.io/migrated-plugins';
/** On a node: how its drivers call it. */
const NODE_IDS = 'csi.volume.kubernetes.io/nodeid';
/** Waits between tries to write what a driver says of itself. */
const RETRY_MS = { first: 200, max: 10_000 };

interface CsiNodeWorld {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Every node has a CSINode, without drivers to begin with; it goes with its node. Drivers that register are written there, with their
 * topology on the node. Upstream: `pkg/volume/csi/nodeinfomanager`, `initializeCSINode`.
 */
export async function ensureCsiNode(world: CsiNodeWorld, node: Live<Node>, drivers: NodeDrivers): Promise<void> {
  const { name, uid } = node.metadata;
  try {
    await world.client.resource<CSINode>(storageKinds.csinodes).create({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: {
        name,
        annotations: { [ANNOTATION]: MIGRATED.map((plugin) => `kubernetes.io/${plugin}`).join(',') },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }],
      },
      spec: { drivers: [] },
    });
  } catch (error) {
    // One that is there is left as drivers made it; a server may be without the kind.
    if (!isAlreadyExists(error) && !isNotFound(error)) throw error;
  }
  let last = Promise.resolve();
  drivers.follow((driver, isThere) => {
    last = last.then(() => write(world, name, { driver, isThere, isCurrent: () => (drivers.named(driver.name) === driver) === isThere }));
  });
}

/** A driver that came or went. */
interface DriverChange {
  readonly driver: NodeDriver;
  readonly isThere: boolean;
  /** False once it is otherwise again. */
  isCurrent(): boolean;
}

async function write(world: CsiNodeWorld, nodeName: string, change: DriverChange): Promise<void> {
  const { client, clock, logger } = world;
  for (let delayMs = RETRY_MS.first; change.isCurrent(); delayMs = Math.min(2 * delayMs, RETRY_MS.max)) {
    try {
      const nodes = client.resource<CSINode>(storageKinds.csinodes);
      const current = await nodes.get(nodeName);
      const changed = withDriver(current, change);
      // The node has its topology before anybody hears of the driver.
      if (change.isThere) await writeNode(client, nodeName, change);
      if (changed) await nodes.update(changed);
      if (!change.isThere) await writeNode(client, nodeName, change);
      return;
    } catch (error) {
      logger.info({ err: error, node: nodeName, driver: change.driver.name, delayMs }, 'driver of volumes not written, will retry');
      await clock.sleep(delayMs);
    }
  }
}

/** The CSINode with a driver, or without it; undefined when it is so already. */
export function withDriver(node: Live<CSINode>, { driver, isThere }: Pick<DriverChange, 'driver' | 'isThere'>): Live<CSINode> | undefined {
  // A node without drivers has null on the wire.
  const before: CSINode['spec']['drivers'] | null = node.spec.drivers;
  const others = (before ?? []).filter(({ name }) => name !== driver.name);
  const { name, nodeId: nodeID, topology, volumesMax } = driver;
  const allocatable = volumesMax > 0 ? { allocatable: { count: volumesMax } } : {};
  const own = isThere ? [{ name, nodeID, topologyKeys: Object.keys(topology).sort(), ...allocatable }] : [];
  const drivers = [...others, ...own];
  return JSON.stringify(drivers) === JSON.stringify(before ?? []) ? undefined : { ...node, spec: { ...node.spec, drivers } };
}

async function writeNode(client: ApiClient, nodeName: string, { driver, isThere }: DriverChange): Promise<void> {
  const nodes = client.resource<Node>(coreKinds.nodes);
  const { metadata } = await nodes.get(nodeName);
  const { [driver.name]: _, ...others } = JSON.parse(metadata.annotations?.[NODE_IDS] ?? '{}') as Readonly<Record<string, string>>;
  const ids = isThere ? { ...others, [driver.name]: driver.nodeId } : others;
  const annotations = { [NODE_IDS]: Object.keys(ids).length > 0 ? JSON.stringify(ids) : null };
  const labels = isThere ? { labels: driver.topology } : {};
  await nodes.patch(nodeName, { metadata: { annotations, ...labels } }, { type: 'strategic' });
}
