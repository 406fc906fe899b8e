import {
  appsKinds,
  autoscalingKinds,
  batchKinds,
  type CertificateSigningRequest,
  type ClusterRole,
  type ConfigMap,
  type ControllerRevision,
  type CronJob,
  type CSIDriver,
  certificatesKinds,
  coordinationKinds,
  coreKinds,
  type DaemonSet,
  type Deployment,
  discoveryKinds,
  type EndpointSlice,
  type Endpoints,
  type HorizontalPodAutoscaler,
  type Job,
  type KindInfo,
  type KubeObject,
  type Lease,
  type Live,
  type Namespace,
  type Node,
  networkingKinds,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type PodDisruptionBudget,
  policyKinds,
  type ReplicaSet,
  type ReplicationController,
  type ResourceV1ResourceClaim as ResourceClaim,
  type ResourceClaimTemplate,
  type ResourceQuota,
  rbacKinds,
  resourceKinds,
  type Secret,
  type Service,
  type ServiceAccount,
  type ServiceCIDR,
  type StatefulSet,
  type StorageClass,
  storageKinds,
  type VolumeAttachment,
  type VolumeAttributesClass,
} from '../api/index.ts';
import { controllerOf, type Informer, type InformerFactory, trimManagedFields } from '../client/index.ts';
import { SERVICE_NAME } from './shared/endpoint-slices/placement.ts';
import { claimKeysOf } from './shared/pod-claims.ts';
import { slimPod } from './shared/slim-pod.ts';

/** Index of pods, ReplicaSets and revisions by the uid of the controller they belong to. */
export const BY_CONTROLLER = 'controller';
/** Index of what belongs to no controller by namespace. */
export const ORPHANS = 'orphans';
/** Index of pods by node. */
export const BY_NODE = 'node';
/** Index of pods by the keys of the claims they use. */
export const BY_CLAIM = 'claim';

type Indexes<T extends KubeObject> = Readonly<Record<string, (object: Live<T>) => readonly string[]>>;

const NONE: readonly string[] = [];

const ownerIndexes: Indexes<KubeObject> = {
  [BY_CONTROLLER]: (object) => {
    const owner = controllerOf(object);
    return owner ? [owner.uid] : NONE;
  },
  [ORPHANS]: (object) => (controllerOf(object) ? NONE : [object.metadata.namespace ?? '']),
};

const sliceIndexes: Indexes<EndpointSlice> = {
  [SERVICE_NAME]: ({ metadata: { namespace, labels } }) => (labels?.[SERVICE_NAME] ? [`${namespace}/${labels[SERVICE_NAME]}`] : NONE),
};

/** No endpoints are written as null. */
function withEndpoints(slice: Live<EndpointSlice>): Live<EndpointSlice> {
  slice.endpoints ??= [];
  return trimManagedFields(slice);
}

const podIndexes: Indexes<Pod> = {
  ...ownerIndexes,
  [BY_NODE]: ({ spec }) => (spec.nodeName ? [spec.nodeName] : NONE),
  [BY_CLAIM]: claimKeysOf,
};

/**
 * The informers of all controllers: one for each kind, whoever asks, so that an event is read once and an object is held once. Pods are
 * held without what no controller reads, and must therefore be patched, never updated.
 */
export class SharedInformers {
  readonly #factory: InformerFactory;
  readonly #full = new Map<string, Informer<KubeObject>>();

  constructor(factory: InformerFactory) {
    this.#factory = factory;
  }

  pods = (): Informer<Pod> => this.#shared<Pod>(coreKinds.pods, slimPod, podIndexes);
  nodes = (): Informer<Node> => this.#shared<Node>(coreKinds.nodes);
  namespaces = (): Informer<Namespace> => this.#shared<Namespace>(coreKinds.namespaces);
  services = (): Informer<Service> => this.#shared<Service>(coreKinds.services);
  endpoints = (): Informer<Endpoints> => this.#shared<Endpoints>(coreKinds.endpoints);
  /** Indexed by the Service whose slices they are. */
  endpointSlices = (): Informer<EndpointSlice> => this.#shared<EndpointSlice>(discoveryKinds.endpointslices, withEndpoints, sliceIndexes);
  resourceQuotas = (): Informer<ResourceQuota> => this.#shared<ResourceQuota>(coreKinds.resourcequotas);
  serviceAccounts = (): Informer<ServiceAccount> => this.#shared<ServiceAccount>(coreKinds.serviceaccounts);
  leases = (): Informer<Lease> => this.#shared<Lease>(coordinationKinds.leases);
  deployments = (): Informer<Deployment> => this.#shared<Deployment>(appsKinds.deployments);
  replicaSets = (): Informer<ReplicaSet> => this.#shared<ReplicaSet>(appsKinds.replicasets, trimManagedFields, ownerIndexes);
  daemonSets = (): Informer<DaemonSet> => this.#shared<DaemonSet>(appsKinds.daemonsets);
  statefulSets = (): Informer<StatefulSet> => this.#shared<StatefulSet>(appsKinds.statefulsets);
  replicationControllers = (): Informer<ReplicationController> => this.#shared<ReplicationController>(coreKinds.replicationcontrollers);
  controllerRevisions = (): Informer<ControllerRevision> =>
    this.#shared<ControllerRevision>(appsKinds.controllerrevisions, trimManagedFields, ownerIndexes);
  jobs = (): Informer<Job> => this.#shared<Job>(batchKinds.jobs, trimManagedFields, ownerIndexes);
  cronJobs = (): Informer<CronJob> => this.#shared<CronJob>(batchKinds.cronjobs);
  horizontalPodAutoscalers = (): Informer<HorizontalPodAutoscaler> =>
    this.#shared<HorizontalPodAutoscaler>(autoscalingKinds.horizontalpodautoscalers);
  podDisruptionBudgets = (): Informer<PodDisruptionBudget> => this.#shared<PodDisruptionBudget>(policyKinds.poddisruptionbudgets);
  persistentVolumes = (): Informer<PersistentVolume> => this.#shared<PersistentVolume>(coreKinds.persistentvolumes);
  persistentVolumeClaims = (): Informer<PersistentVolumeClaim> => this.#shared<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
  storageClasses = (): Informer<StorageClass> => this.#shared<StorageClass>(storageKinds.storageclasses);
  resourceClaims = (): Informer<ResourceClaim> =>
    this.#shared<ResourceClaim>(resourceKinds.resourceclaims, trimManagedFields, ownerIndexes);
  resourceClaimTemplates = (): Informer<ResourceClaimTemplate> => this.#shared<ResourceClaimTemplate>(resourceKinds.resourceclaimtemplates);
  csiDrivers = (): Informer<CSIDriver> => this.#shared<CSIDriver>(storageKinds.csidrivers);
  volumeAttachments = (): Informer<VolumeAttachment> => this.#shared<VolumeAttachment>(storageKinds.volumeattachments);
  volumeAttributesClasses = (): Informer<VolumeAttributesClass> =>
    this.#shared<VolumeAttributesClass>(storageKinds.volumeattributesclasses);
  certificateSigningRequests = (): Informer<CertificateSigningRequest> =>
    this.#shared<CertificateSigningRequest>(certificatesKinds.certificatesigningrequests);
  serviceCidrs = (): Informer<ServiceCIDR> => this.#shared<ServiceCIDR>(networkingKinds.servicecidrs);
  clusterRoles = (): Informer<ClusterRole> => this.#shared<ClusterRole>(rbacKinds.clusterroles);

  /** The ConfigMaps of this name in all namespaces. */
  configMapsNamed(name: string): Informer<ConfigMap> {
    return this.#factory.informer<ConfigMap>(coreKinds.configmaps, {
      fieldSelector: `metadata.name=${name}`,
      transform: trimManagedFields,
    });
  }

  /** The Secrets of a type in all namespaces. */
  secretsOfType(type: string): Informer<Secret> {
    return this.#factory.informer<Secret>(coreKinds.secrets, { fieldSelector: `type=${type}`, transform: trimManagedFields });
  }

  /** The informer of a kind when a controller has it already; who asks does not stop it. */
  held(kind: KindInfo): { informer: Informer<KubeObject>; stop: () => void } | undefined {
    const informer = this.#full.get(nameOf(kind));
    return informer && { informer, stop: () => undefined };
  }

  start(signal: AbortSignal): void {
    this.#factory.start(signal);
  }

  waitForSync(signal: AbortSignal): Promise<void> {
    return this.#factory.waitForSync(signal);
  }

  #shared<T extends KubeObject>(
    kind: KindInfo,
    transform: (object: Live<T>) => Live<T> = trimManagedFields,
    indexes: Indexes<T> = {},
  ): Informer<T> {
    const informer = this.#factory.informer<T>(kind, { transform });
    if (!this.#full.has(nameOf(kind))) {
      this.#full.set(nameOf(kind), informer);
      for (const [name, keysOf] of Object.entries(indexes)) informer.addIndex(name, keysOf);
    }
    return informer;
  }
}

const nameOf = ({ group, resource }: KindInfo): string => `${resource}.${group}`;
