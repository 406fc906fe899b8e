import { formatMilliseconds } from '../api/index.ts';
import type { ControllerManagerOptionValues } from './options.ts';

/** What upstream has of options that change nothing here, unless they are given. */
const RESYNC_MS = 12 * 3_600_000;
const NAMESPACE_SYNC_MS = 300_000;
const ROUTE_RECONCILIATION_MS = 10_000;
const POLICY_SYNCS = 5;
const REQUESTS_PER_SECOND = 20;
const FLEX_VOLUMES = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/';
const CLUSTER_NAME = 'kubernetes';
const CONTENT_TYPE = 'application/vnd.kubernetes.protobuf';

const IGNORED_BY_GC = ['', 'events.k8s.io'].map((Group) => ({ Group, Resource: 'events' }));

/**
 * What a controller manager says on `/configz`: its options, by the names of upstream's Go types. Upstream: `configz.New` of
 * `kubecontrollermanager.config.k8s.io`, cmd/kube-controller-manager/app/controllermanager.go; the types are in pkg/controller/apis/config.
 */
export function configz(values: ControllerManagerOptionValues): object {
  return {
    'kubecontrollermanager.config.k8s.io': {
      Generic: genericOf(values),
      KubeCloudShared: cloudOf(values),
      ...workloadsOf(values),
      ...networksOf(values),
      ...nodesAndVolumesOf(values),
      ...accountsOf(values),
    },
  };
}

const genericOf = (values: ControllerManagerOptionValues) => ({
  Port: 0,
  Address: '0.0.0.0',
  MinResyncPeriod: formatMilliseconds(values['min-resync-period'] ?? RESYNC_MS),
  ClientConnection: {
    Kubeconfig: values.kubeconfig ?? '',
    AcceptContentTypes: '',
    ContentType: values['kube-api-content-type'] ?? CONTENT_TYPE,
    QPS: values['kube-api-qps'] || REQUESTS_PER_SECOND,
    Burst: values['kube-api-burst'],
  },
  ControllerStartInterval: formatMilliseconds(values['controller-start-interval']),
  LeaderElection: {
    LeaderElect: values['leader-elect'],
    LeaseDuration: formatMilliseconds(values['leader-elect-lease-duration']),
    RenewDeadline: formatMilliseconds(values['leader-elect-renew-deadline']),
    RetryPeriod: formatMilliseconds(values['leader-elect-retry-period']),
    ResourceLock: values['leader-elect-resource-lock'],
    ResourceName: values['leader-elect-resource-name'],
    ResourceNamespace: values['leader-elect-resource-namespace'],
  },
  Controllers: values.controllers,
  Debugging: { EnableProfiling: values.profiling ?? true, EnableContentionProfiling: values['contention-profiling'] ?? false },
  LeaderMigrationEnabled: values['enable-leader-migration'] ?? false,
  LeaderMigration: { LeaderName: '', ResourceLock: '', ControllerLeaders: null },
});

const cloudOf = (values: ControllerManagerOptionValues) => ({
  CloudProvider: { Name: values['cloud-provider'], CloudConfigFile: values['cloud-config'] ?? '' },
  ExternalCloudVolumePlugin: values['external-cloud-volume-plugin'] ?? '',
  UseServiceAccountCredentials: values['use-service-account-credentials'] ?? false,
  AllowUntaggedCloud: false,
  RouteReconciliationPeriod: formatMilliseconds(values['route-reconciliation-period'] ?? ROUTE_RECONCILIATION_MS),
  NodeMonitorPeriod: formatMilliseconds(values['node-monitor-period']),
  ClusterName: values['cluster-name'] ?? CLUSTER_NAME,
  ClusterCIDR: values['cluster-cidr'],
  AllocateNodeCIDRs: values['allocate-node-cidrs'],
  CIDRAllocatorType: values['cidr-allocator-type'],
  ConfigureCloudRoutes: values['configure-cloud-routes'] ?? true,
  NodeSyncPeriod: formatMilliseconds(0),
});

const workloadsOf = (values: ControllerManagerOptionValues) => ({
  DaemonSetController: { ConcurrentDaemonSetSyncs: values['concurrent-daemonset-syncs'] },
  DeploymentController: { ConcurrentDeploymentSyncs: values['concurrent-deployment-syncs'] },
  StatefulSetController: { ConcurrentStatefulSetSyncs: values['concurrent-statefulset-syncs'] },
  ReplicaSetController: { ConcurrentRSSyncs: values['concurrent-replicaset-syncs'] },
  ReplicationController: { ConcurrentRCSyncs: values['concurrent-rc-syncs'] },
  JobController: { ConcurrentJobSyncs: values['concurrent-job-syncs'] },
  CronJobController: { ConcurrentCronJobSyncs: values['concurrent-cron-job-syncs'] },
  TTLAfterFinishedController: { ConcurrentTTLSyncs: values['concurrent-ttl-after-finished-syncs'] },
  HPAController: {
    ConcurrentHorizontalPodAutoscalerSyncs: values['concurrent-horizontal-pod-autoscaler-syncs'],
    HorizontalPodAutoscalerSyncPeriod: formatMilliseconds(values['horizontal-pod-autoscaler-sync-period']),
    HorizontalPodAutoscalerDownscaleStabilizationWindow: formatMilliseconds(values['horizontal-pod-autoscaler-downscale-stabilization']),
    HorizontalPodAutoscalerTolerance: values['horizontal-pod-autoscaler-tolerance'],
    HorizontalPodAutoscalerCPUInitializationPeriod: formatMilliseconds(values['horizontal-pod-autoscaler-cpu-initialization-period']),
    HorizontalPodAutoscalerInitialReadinessDelay: formatMilliseconds(values['horizontal-pod-autoscaler-initial-readiness-delay']),
  },
  PodGCController: { TerminatedPodGCThreshold: values['terminated-pod-gc-threshold'] },
  GarbageCollectorController: {
    EnableGarbageCollector: values['enable-garbage-collector'],
    ConcurrentGCSyncs: values['concurrent-gc-syncs'],
    GCIgnoredResources: IGNORED_BY_GC,
  },
  DeprecatedController: {},
});

const networksOf = (values: ControllerManagerOptionValues) => ({
  EndpointController: {
    ConcurrentEndpointSyncs: values['concurrent-endpoint-syncs'],
    EndpointUpdatesBatchPeriod: formatMilliseconds(values['endpoint-updates-batch-period']),
  },
  EndpointSliceController: {
    ConcurrentServiceEndpointSyncs: values['concurrent-service-endpoint-syncs'],
    MaxEndpointsPerSlice: values['max-endpoints-per-slice'],
    EndpointUpdatesBatchPeriod: formatMilliseconds(values['endpointslice-updates-batch-period']),
  },
  EndpointSliceMirroringController: {
    MirroringConcurrentServiceEndpointSyncs: values['mirroring-concurrent-service-endpoint-syncs'],
    MirroringMaxEndpointsPerSubset: values['mirroring-max-endpoints-per-subset'],
    MirroringEndpointUpdatesBatchPeriod: formatMilliseconds(values['mirroring-endpointslice-updates-batch-period']),
  },
  ServiceController: { ConcurrentServiceSyncs: values['concurrent-service-syncs'] },
});

const nodesAndVolumesOf = (values: ControllerManagerOptionValues) => ({
  NodeIPAMController: {
    ServiceCIDR: values['service-cluster-ip-range'][0] ?? '',
    SecondaryServiceCIDR: values['service-cluster-ip-range'][1] ?? '',
    NodeCIDRMaskSize: values['node-cidr-mask-size'] ?? 0,
    NodeCIDRMaskSizeIPv4: values['node-cidr-mask-size-ipv4'] ?? 0,
    NodeCIDRMaskSizeIPv6: values['node-cidr-mask-size-ipv6'] ?? 0,
  },
  NodeLifecycleController: {
    NodeEvictionRate: values['node-eviction-rate'],
    SecondaryNodeEvictionRate: values['secondary-node-eviction-rate'],
    NodeStartupGracePeriod: formatMilliseconds(values['node-startup-grace-period']),
    NodeMonitorGracePeriod: formatMilliseconds(values['node-monitor-grace-period']),
    LargeClusterSizeThreshold: values['large-cluster-size-threshold'],
    UnhealthyZoneThreshold: values['unhealthy-zone-threshold'],
  },
  AttachDetachController: {
    DisableAttachDetachReconcilerSync: values['disable-attach-detach-reconcile-sync'],
    ReconcilerSyncLoopPeriod: formatMilliseconds(values['attach-detach-reconcile-sync-period']),
    DisableForceDetachOnTimeout: values['disable-force-detach-on-timeout'],
  },
  EphemeralVolumeController: { ConcurrentEphemeralVolumeSyncs: values['concurrent-ephemeralvolume-syncs'] },
  PersistentVolumeBinderController: {
    PVClaimBinderSyncPeriod: formatMilliseconds(values['pvclaimbinder-sync-period']),
    VolumeConfiguration: {
      EnableHostPathProvisioning: values['enable-hostpath-provisioner'] ?? false,
      EnableDynamicProvisioning: values['enable-dynamic-provisioning'],
      PersistentVolumeRecyclerConfiguration: {
        MaximumRetry: 3,
        MinimumTimeoutNFS: values['pv-recycler-minimum-timeout-nfs'],
        PodTemplateFilePathNFS: values['pv-recycler-pod-template-filepath-nfs'] ?? '',
        IncrementTimeoutNFS: values['pv-recycler-increment-timeout-nfs'],
        PodTemplateFilePathHostPath: values['pv-recycler-pod-template-filepath-hostpath'] ?? '',
        MinimumTimeoutHostPath: values['pv-recycler-minimum-timeout-hostpath'],
        IncrementTimeoutHostPath: values['pv-recycler-timeout-increment-hostpath'],
      },
      FlexVolumePluginDir: values['flex-volume-plugin-dir'] ?? FLEX_VOLUMES,
    },
  },
});

const accountsOf = (values: ControllerManagerOptionValues) => ({
  CSRSigningController: {
    ClusterSigningCertFile: values['cluster-signing-cert-file'] ?? '',
    ClusterSigningKeyFile: values['cluster-signing-key-file'] ?? '',
    KubeletServingSignerConfiguration: signerOf(values, 'kubelet-serving'),
    KubeletClientSignerConfiguration: signerOf(values, 'kubelet-client'),
    KubeAPIServerClientSignerConfiguration: signerOf(values, 'kube-apiserver-client'),
    LegacyUnknownSignerConfiguration: signerOf(values, 'legacy-unknown'),
    ClusterSigningDuration: formatMilliseconds(values['cluster-signing-duration']),
  },
  LegacySATokenCleaner: { CleanUpPeriod: formatMilliseconds(values['legacy-service-account-token-clean-up-period']) },
  NamespaceController: {
    NamespaceSyncPeriod: formatMilliseconds(values['namespace-sync-period'] ?? NAMESPACE_SYNC_MS),
    ConcurrentNamespaceSyncs: values['concurrent-namespace-syncs'],
  },
  ResourceQuotaController: {
    ResourceQuotaSyncPeriod: formatMilliseconds(values['resource-quota-sync-period']),
    ConcurrentResourceQuotaSyncs: values['concurrent-resource-quota-syncs'],
  },
  SAController: {
    ServiceAccountKeyFile: values['service-account-private-key-file'] ?? '',
    ConcurrentSATokenSyncs: values['concurrent-serviceaccount-token-syncs'],
    RootCAFile: values['root-ca-file'] ?? '',
  },
  ValidatingAdmissionPolicyStatusController: {
    ConcurrentPolicySyncs: values['concurrent-validating-admission-policy-status-syncs'] ?? POLICY_SYNCS,
  },
});

type SignerName = 'kubelet-serving' | 'kubelet-client' | 'kube-apiserver-client' | 'legacy-unknown';

const signerOf = (values: ControllerManagerOptionValues, name: SignerName) => ({
  CertFile: values[`cluster-signing-${name}-cert-file`] ?? '',
  KeyFile: values[`cluster-signing-${name}-key-file`] ?? '',
});
