// A server of NFS that makes the volumes which claims of its classes ask for, each a directory that it exports (`sig-storage/nfs-provisioner`, of
// kubernetes-sigs/nfs-ganesha-server-and-external-provisioner); what a claim may have follows sig-storage-lib-external-provisioner.
import type { KubeObject, Live, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../../api/index.ts';
import { toTime } from '../../../../api/index.ts';
import { commandLineOption } from '../command-line.ts';
import { ask, type InCluster, RefusedError } from '../in-cluster/in-cluster.ts';
import { InClusterLoop, messageOf } from '../in-cluster/in-cluster-loop.ts';
import type { ProcessContext, Program } from '../program.ts';
import { rawListener } from '../shell/nc.ts';

const NFS_PORT = 2049;
const EXPORT = '/export';
const MODE = 0o777;
/** How often it looks at claims and volumes: it has no watches. */
const LOOK_MS = 1000;
const CLAIMED_BY = ['volume.kubernetes.io/storage-provisioner', 'volume.beta.kubernetes.io/storage-provisioner'];
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

const CORE = '/api/v1';
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';

type Claim = Live<PersistentVolumeClaim>;
type Volume = Live<PersistentVolume>;

/** Whether a claim waits for a volume of this provisioner. */
export const isWanted = ({ metadata, spec }: Claim, provisioner: string): boolean =>
  metadata.deletionTimestamp === undefined && !spec.volumeName && CLAIMED_BY.some((name) => metadata.annotations?.[name] === provisioner);

/** Whether a volume is this provisioner's to delete. */
export const isLeft = ({ metadata, spec, status }: Volume, provisioner: string): boolean =>
  metadata.deletionTimestamp === undefined &&
  metadata.annotations?.[PROVISIONED_BY] === provisioner &&
  spec.persistentVolumeReclaimPolicy === 'Delete' &&
  status?.phase === 'Released';

const nameFor = ({ metadata }: Claim): string => `pvc-${metadata.uid}`;

/** The volume for a claim: a directory of this server. */
export function volumeFor(
  claim: Claim,
  storageClass: StorageClass,
  { provisioner, server }: { provisioner: string; server: string },
): Pick<PersistentVolume, 'apiVersion' | 'kind' | 'metadata' | 'spec'> {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const volumeName = nameFor(claim);
  const storage = claim.spec.resources?.requests?.storage ?? '0';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName,
      annotations: { [PROVISIONED_BY]: provisioner, 'kubernetes.io/createdby': 'nfs-dynamic-provisioner' },
    },
    spec: {
      capacity: { storage },
      accessModes: claim.spec.accessModes,
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      mountOptions: storageClass.mountOptions,
      volumeMode: claim.spec.volumeMode,
      nfs: { server, path: `${EXPORT}/${volumeName}` },
    },
  };
}

export const nfsProvisioner = (argv: readonly string[]): Program => ({
  start: (context) => {
    context.listen(
      NFS_PORT,
      rawListener(() => Promise.resolve()),
    );
    const provisioner = new Provisioner(context, commandLineOption(argv, 'provisioner') || 'example.com/nfs');
    return new InClusterLoop(context, {
      everyMs: LOOK_MS,
      turn: (server) => provisioner.look(server),
      failed: (error) => provisioner.log(`error: ${messageOf(error)}`),
      unusable: (error) => provisioner.log(`Failed to create config: ${messageOf(error)}`),
    });
  },
});

class Provisioner {
  readonly #context: ProcessContext;
  readonly #provisioner: string;
  /** Claims that were told what is wrong with them. */
  readonly #refused = new Set<string>();

  constructor(context: ProcessContext, provisioner: string) {
    this.#context = context;
    this.#provisioner = provisioner;
  }

  /** Makes the volumes that are asked for, and deletes those that are left. */
  async look(server: InCluster): Promise<void> {
    const claims = await this.#list<Claim>(server, `${CORE}/persistentvolumeclaims`);
    const volumes = await this.#list<Volume>(server, `${CORE}/persistentvolumes`);
    const made = new Set(volumes.map(({ metadata }) => metadata.name));
    for (const claim of claims) if (isWanted(claim, this.#provisioner) && !made.has(nameFor(claim))) await this.#provision(server, claim);
    for (const volume of volumes) if (isLeft(volume, this.#provisioner)) await this.#delete(server, volume);
  }

  async #list<T extends KubeObject>(server: InCluster, path: string): Promise<readonly T[]> {
    return ((await ask(this.#context, server, { method: 'GET', path })) as { items: readonly T[] }).items;
  }

  async #provision(server: InCluster, claim: Claim): Promise<void> {
    const { uid, namespace, name, annotations } = claim.metadata;
    const storageClass = (await ask(this.#context, server, {
      method: 'GET',
      path: `${CLASSES}/${claim.spec.storageClassName ?? ''}`,
    })) as StorageClass;
    if (storageClass.volumeBindingMode === 'WaitForFirstConsumer' && annotations?.[SELECTED_NODE] === undefined) return;
    if (claim.spec.volumeMode === 'Block') {
      if (this.#refused.has(uid)) return;
      this.#refused.add(uid);
      await this.#tell(server, claim, ['Warning', 'ProvisioningFailed', `${this.#provisioner} does not support block volume provisioning`]);
      return;
    }
    await this.#tell(server, claim, [
      'Normal',
      'Provisioning',
      `External provisioner is provisioning volume for claim "${namespace}/${name}"`,
    ]);
    const volume = volumeFor(claim, storageClass, { provisioner: this.#provisioner, server: await this.#address() });
    const files = await this.#context.files();
    await files.mkdir(`${EXPORT}/${nameFor(claim)}`, { recursive: true, mode: MODE });
    await ask(this.#context, server, { method: 'POST', path: `${CORE}/persistentvolumes`, body: volume });
    this.log(`volume "${volume.metadata.name}" for claim "${namespace}/${name}" created`);
    await this.#tell(server, claim, ['Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${volume.metadata.name}`]);
  }

  async #delete(server: InCluster, { metadata, spec }: Volume): Promise<void> {
    const files = await this.#context.files();
    if (spec.nfs) await files.rm(spec.nfs.path, { recursive: true, force: true });
    await ask(this.#context, server, { method: 'DELETE', path: `${CORE}/persistentvolumes/${metadata.name}` }).catch(ifThere);
    this.log(`volume "${metadata.name}" deleted`);
  }

  /** Where its volumes are served: `POD_IP`, unless its pod does not say so. */
  async #address(): Promise<string> {
    return (await this.#context.environment()).get('POD_IP') || this.#context.ip;
  }

  async #tell(server: InCluster, { metadata }: Claim, [type, reason, message]: readonly [string, string, string]): Promise<void> {
    const now = toTime(this.#context.clock.now());
    const { name, namespace, uid, resourceVersion } = metadata;
    const event = {
      metadata: { generateName: `${name}.`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion },
      type,
      reason,
      message,
      source: { component: `${this.#provisioner}_${this.#context.hostname}` },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    await ask(this.#context, server, { method: 'POST', path: `${CORE}/namespaces/${namespace}/events`, body: event });
  }

  log(line: string): void {
    this.#context.output('stderr', `${line}\n`);
  }
}

/** What was to be deleted has gone already. */
function ifThere(error: unknown): void {
  if (!(error instanceof RefusedError && error.reason === 'NotFound')) throw error;
}
