/** Claims, volumes and the pods that use them, which come, change and go by chance; and what drivers, kubelets and schedulers do for them. */
import {
  ApiError,
  coreKinds,
  type Live,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  SELECTED_NODE,
  type StorageClass,
  storageKinds,
  type Volume,
  type VolumeAttachment,
} from '../../api/index.ts';
import type { Random } from '../../runtime/index.ts';
import { play } from './dice.ts';
import type { WorkloadWorld } from './workload-world.ts';

const NAMESPACE = 'default';
const DRIVER = 'driver.example.com';
/** Of this class volumes are made by hand. */
const MANUAL = 'manual';
const LATER = 'later';
const MANAGED = 'volumes.kubernetes.io/controller-managed-attach-detach';
const CLASSES: readonly Omit<StorageClass, 'apiVersion' | 'kind'>[] = [
  { metadata: { name: 'growing' }, provisioner: 'nanokube.dev/hostpath', allowVolumeExpansion: true, reclaimPolicy: 'Delete' },
  { metadata: { name: 'kept' }, provisioner: 'nanokube.dev/hostpath', allowVolumeExpansion: true, reclaimPolicy: 'Retain' },
  { metadata: { name: LATER }, provisioner: 'nanokube.dev/hostpath', volumeBindingMode: 'WaitForFirstConsumer' },
];
const CLASS_NAMES = ['growing', 'kept', LATER, MANUAL, MANUAL] as const;
const EPHEMERAL: Volume = {
  name: 'data',
  ephemeral: {
    volumeClaimTemplate: {
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'growing', resources: { requests: { storage: '1Gi' } } },
    },
  },
};
const WARM_UP_TURNS_MAX = 300;
const CLAIMS = 14;
const SIZES = ['1Gi', '2Gi', '3Gi'] as const;

/** Works at random on what is stored; drivers and kubelets work only when told to. */
export class StorageWork {
  readonly #world: WorkloadWorld;
  readonly #random: Random;
  readonly #nodes: readonly string[];
  #serial = 0;
  /** Volumes that somebody asked to be deleted. */
  readonly deletedVolumes = new Set<string>();

  private constructor(world: WorkloadWorld, nodes: readonly string[]) {
    this.#world = world;
    this.#random = world.random;
    this.#nodes = nodes;
  }

  static async begin(world: WorkloadWorld): Promise<StorageWork> {
    for (const one of CLASSES) await world.client.resource<StorageClass>(storageKinds.storageclasses).create({ ...one });
    const nodes = await world.list<Node>(coreKinds.nodes);
    for (const { metadata } of nodes) {
      await world.client
        .resource<Node>(coreKinds.nodes)
        .patch(metadata.name, { metadata: { annotations: { [MANAGED]: 'true' } } }, { type: 'merge' });
    }
    return new StorageWork(
      world,
      nodes.map(({ metadata }) => metadata.name),
    );
  }

  /** Has every controller do its work once, with nobody in the way. */
  async warmUp(): Promise<void> {
    await this.#createClaim('growing', 'first');
    await this.#createClaim(MANUAL, 'second');
    await this.#createVolume({ storage: '3Gi', isKept: true, isReserved: false });
    await this.#createPod({ name: 'data', persistentVolumeClaim: { claimName: 'second' } });
    await this.#createPod(EPHEMERAL);
    for (let i = 0; i < WARM_UP_TURNS_MAX && !(await this.#isWarm()); i++) {
      await this.#world.pass(1000);
      await this.serve();
    }
    for (const { metadata } of await this.#world.list<Pod>(coreKinds.pods)) await this.#deletePod(metadata.name);
    await this.#deleteClaim('first');
  }

  async #isWarm(): Promise<boolean> {
    const attachments = await this.#world.list<VolumeAttachment>(storageKinds.volumeattachments);
    const claims = await this.#world.list<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    return attachments.some(({ status }) => status?.attached) && claims.filter(({ status }) => status.phase === 'Bound').length === 3;
  }

  async disturb(): Promise<void> {
    await play(this.#random, 1, [
      { weight: 10, run: () => this.#createClaim() },
      { weight: 6, run: () => this.#createVolume() },
      { weight: 8, run: () => this.#createPod() },
      { weight: 4, run: () => this.#growClaim() },
      { weight: 5, run: () => this.#deleteClaim() },
      { weight: 2, run: () => this.#deleteVolume() },
      { weight: 5, run: () => this.#deleteAnyPod() },
      { weight: 8, run: () => this.serve() },
      { weight: 3, run: () => this.#world.restartManager() },
    ]);
  }

  /** What waits for somebody outside gets it: drivers attach, schedulers choose nodes, kubelets grow file systems. */
  async serve(): Promise<void> {
    for (const { metadata, status } of await this.#world.list<VolumeAttachment>(storageKinds.volumeattachments)) {
      if (!status?.attached) await this.#attached(metadata.name);
    }
    for (const claim of await this.#world.list<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims)) await this.#serveClaim(claim);
  }

  /** Every claim made by hand gets a volume that would do. */
  async provide(): Promise<void> {
    for (const { spec, status } of await this.#world.list<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims)) {
      if (spec.storageClassName === MANUAL && status.phase === 'Pending') await this.#createVolume({ storage: '9Gi', isReserved: false });
    }
  }

  async #attached(name: string): Promise<void> {
    const attachments = this.#world.client.resource<VolumeAttachment>(storageKinds.volumeattachments);
    await tolerant(attachments.patch(name, { status: { attached: true } }, { type: 'merge', subresource: 'status' }));
  }

  async #serveClaim({ metadata, spec, status }: Live<PersistentVolumeClaim>): Promise<void> {
    const claims = this.#world.client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    const { name } = metadata;
    if (spec.storageClassName === LATER && !spec.volumeName && !metadata.annotations?.[SELECTED_NODE]) {
      const body = { metadata: { annotations: { [SELECTED_NODE]: this.#pick(this.#nodes) } } };
      await tolerant(claims.patch(name, body, { namespace: NAMESPACE, type: 'merge' }));
    }
    if (status.allocatedResourceStatuses?.storage !== 'NodeResizePending') return;
    const grown = {
      capacity: { storage: status.allocatedResources?.storage },
      conditions: null,
      allocatedResources: null,
      allocatedResourceStatuses: null,
    };
    // Whoever changed the claim meanwhile comes first.
    const body = { metadata: { resourceVersion: metadata.resourceVersion }, status: grown };
    await tolerant(claims.patch(name, body, { namespace: NAMESPACE, type: 'merge', subresource: 'status' }));
  }

  #createClaim(storageClassName: string = this.#pick(CLASS_NAMES), name = this.#claimName()): Promise<void> {
    const claims = this.#world.client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    const spec = {
      storageClassName,
      accessModes: [this.#random.integer(3) ? 'ReadWriteOnce' : 'ReadWriteMany'],
      resources: { requests: { storage: this.#pick(SIZES) } },
    };
    return tolerant(claims.create({ metadata: { name, namespace: NAMESPACE }, spec }));
  }

  #createVolume({
    storage = this.#pick(SIZES) as string,
    isKept = this.#random.integer(2) === 0,
    isReserved = this.#random.integer(4) === 0,
  } = {}): Promise<void> {
    const name = `hand-${this.#serial++}`;
    const source = isKept ? { csi: { driver: DRIVER, volumeHandle: name } } : { hostPath: { path: `/tmp/${name}` } };
    const spec: PersistentVolume['spec'] = {
      storageClassName: MANUAL,
      capacity: { storage },
      accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
      persistentVolumeReclaimPolicy: isKept ? 'Retain' : 'Delete',
      ...(isReserved ? { claimRef: { namespace: NAMESPACE, name: this.#claimName() } } : {}),
      ...source,
    };
    return tolerant(this.#world.client.resource<PersistentVolume>(coreKinds.persistentvolumes).create({ metadata: { name }, spec }));
  }

  #createPod(volume: Volume = this.#anyVolume()): Promise<void> {
    const name = `pod-${this.#serial++}`;
    const spec = { containers: [{ name: 'app', image: 'app:1', resources: {} }], volumes: [volume] };
    return tolerant(this.#world.client.resource<Pod>(coreKinds.pods).create({ metadata: { name, namespace: NAMESPACE }, spec }));
  }

  #anyVolume(): Volume {
    return this.#random.integer(3) ? { name: 'data', persistentVolumeClaim: { claimName: this.#claimName() } } : EPHEMERAL;
  }

  async #growClaim(): Promise<void> {
    const body = { spec: { resources: { requests: { storage: this.#pick(['4Gi', '6Gi', '8Gi']) } } } };
    const claims = this.#world.client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    await tolerant(claims.patch(this.#claimName(), body, { namespace: NAMESPACE, type: 'merge' }));
  }

  async #deleteClaim(name = this.#claimName()): Promise<void> {
    await tolerant(this.#world.client.resource(coreKinds.persistentvolumeclaims).delete(name, { namespace: NAMESPACE }));
  }

  async #deleteVolume(): Promise<void> {
    const volumes = await this.#world.list<PersistentVolume>(coreKinds.persistentvolumes);
    if (volumes.length === 0) return;
    const { name } = this.#pick(volumes).metadata;
    this.deletedVolumes.add(name);
    await tolerant(this.#world.client.resource(coreKinds.persistentvolumes).delete(name));
  }

  async #deleteAnyPod(): Promise<void> {
    const pods = await this.#world.list<Pod>(coreKinds.pods);
    if (pods.length > 0) await this.#deletePod(this.#pick(pods).metadata.name);
  }

  async #deletePod(name: string): Promise<void> {
    await tolerant(this.#world.client.resource(coreKinds.pods).delete(name, { namespace: NAMESPACE }));
  }

  #claimName = (): string => `claim-${this.#random.integer(CLAIMS)}`;

  #pick<T>(items: readonly T[]): T {
    const item = items[this.#random.integer(items.length)];
    if (item === undefined) throw new Error('there is nothing to choose from');
    return item;
  }
}

/** What the server refuses is no disturbance: there already, gone, changed meanwhile, or not allowed. */
async function tolerant(working: Promise<unknown>): Promise<void> {
  try {
    await working;
  } catch (error) {
    if (!(error instanceof ApiError) || ![403, 404, 409, 422].includes(error.code)) throw error;
  }
}
