import type { Signers } from './certificates/authorities.ts';

/** How long wiping a volume may take, by the plugin it is of. */
export interface RecyclerTimes {
  readonly hostPath: RecyclerTime;
  readonly nfs: RecyclerTime;
}

/** So many seconds for each Gi, and no fewer than the least. */
export interface RecyclerTime {
  readonly minimumSeconds: number;
  readonly perGiSeconds: number;
}

/** What the controllers can be told; the defaults are upstream's unless a comment says why not. */
export interface Settings {
  readonly concurrentReplicaSetSyncs: number;
  readonly concurrentDeploymentSyncs: number;
  readonly concurrentDaemonSetSyncs: number;
  readonly concurrentStatefulSetSyncs: number;
  readonly concurrentReplicationControllerSyncs: number;
  readonly concurrentJobSyncs: number;
  readonly concurrentCronJobSyncs: number;
  readonly concurrentTtlAfterFinishedSyncs: number;
  readonly concurrentAutoscalerSyncs: number;
  readonly autoscalerSyncPeriodMs: number;
  readonly autoscalerDownscaleStabilizationMs: number;
  readonly autoscalerTolerance: number;
  readonly autoscalerCpuInitializationMs: number;
  readonly autoscalerInitialReadinessDelayMs: number;
  /** Zone of cron jobs that name none. */
  readonly localTimeZone: string;
  readonly concurrentNamespaceSyncs: number;
  readonly concurrentGcSyncs: number;
  readonly concurrentEndpointSyncs: number;
  readonly concurrentServiceAccountSyncs: number;
  readonly concurrentServiceEndpointSyncs: number;
  readonly maxEndpointsPerSlice: number;
  readonly endpointUpdatesBatchPeriodMs: number;
  readonly endpointSliceUpdatesBatchPeriodMs: number;
  readonly mirroringConcurrentServiceEndpointSyncs: number;
  readonly mirroringMaxEndpointsPerSubset: number;
  readonly mirroringEndpointSliceUpdatesBatchPeriodMs: number;
  readonly nodeMonitorPeriodMs: number;
  readonly nodeMonitorGracePeriodMs: number;
  readonly nodeStartupGracePeriodMs: number;
  readonly nodeEvictionRate: number;
  readonly secondaryNodeEvictionRate: number;
  readonly unhealthyZoneThreshold: number;
  readonly largeClusterSizeThreshold: number;
  readonly allocateNodeCidrs: boolean;
  readonly clusterCidr: string;
  /** Undefined for 24, and 64 in a range of IPv6. */
  readonly nodeCidrMaskSize: number | undefined;
  readonly nodeCidrMaskSizeIpv4: number | undefined;
  readonly nodeCidrMaskSizeIpv6: number | undefined;
  /** Ranges that no node gets a block of. */
  readonly serviceClusterIpRange: readonly string[];
  /** How long after one controller the next is started. */
  readonly controllerStartIntervalMs: number;
  readonly terminatedPodGcThreshold: number;
  readonly concurrentEphemeralVolumeSyncs: number;
  readonly pvClaimBinderSyncPeriodMs: number;
  readonly attachDetachReconcileSyncPeriodMs: number;
  readonly disableAttachDetachReconcileSync: boolean;
  readonly disableForceDetachOnTimeout: boolean;
  readonly enableDynamicProvisioning: boolean;
  readonly recyclerTimes: RecyclerTimes;
  readonly concurrentServiceSyncs: number;
  readonly concurrentServiceAccountTokenSyncs: number;
  readonly legacyTokenCleanUpPeriodMs: number;
  /** PEM text of the key that tokens in Secrets are signed with; without it they stay empty. */
  readonly serviceAccountKey: string | undefined;
  readonly concurrentResourceQuotaSyncs: number;
  readonly resourceQuotaSyncPeriodMs: number;
  /** The addresses of load balancers: CIDRs and ranges. */
  readonly loadBalancerPool: readonly string[];
  /** PEM text of the CA that pods are to trust; without it no ConfigMap is published. */
  readonly rootCa: string | undefined;
  /** What each signer of certificates signs with. */
  readonly signers: Signers;
  /** The longest time that a signed certificate is good for. */
  readonly signingDurationMs: number;
}

export const DEFAULT_SETTINGS: Settings = {
  concurrentReplicaSetSyncs: 5,
  concurrentDeploymentSyncs: 5,
  concurrentDaemonSetSyncs: 2,
  concurrentStatefulSetSyncs: 5,
  concurrentReplicationControllerSyncs: 5,
  concurrentJobSyncs: 5,
  concurrentCronJobSyncs: 5,
  concurrentTtlAfterFinishedSyncs: 5,
  concurrentAutoscalerSyncs: 5,
  autoscalerSyncPeriodMs: 15_000,
  autoscalerDownscaleStabilizationMs: 300_000,
  autoscalerTolerance: 0.1,
  autoscalerCpuInitializationMs: 300_000,
  autoscalerInitialReadinessDelayMs: 30_000,
  localTimeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  concurrentNamespaceSyncs: 10,
  concurrentGcSyncs: 20,
  concurrentEndpointSyncs: 5,
  concurrentServiceAccountSyncs: 1,
  concurrentServiceEndpointSyncs: 5,
  maxEndpointsPerSlice: 100,
  endpointUpdatesBatchPeriodMs: 0,
  endpointSliceUpdatesBatchPeriodMs: 0,
  mirroringConcurrentServiceEndpointSyncs: 5,
  mirroringMaxEndpointsPerSubset: 1000,
  mirroringEndpointSliceUpdatesBatchPeriodMs: 0,
  nodeMonitorPeriodMs: 5_000,
  nodeMonitorGracePeriodMs: 50_000,
  nodeStartupGracePeriodMs: 60_000,
  nodeEvictionRate: 0.1,
  secondaryNodeEvictionRate: 0.01,
  unhealthyZoneThreshold: 0.55,
  largeClusterSizeThreshold: 50,
  // Upstream allocates no blocks unless told, since a cloud or a network plugin would. There is neither here. The range has room for
  // 8,192 nodes; the customary 10.244.0.0/16 lies in it, but would end at 256.
  allocateNodeCidrs: true,
  clusterCidr: '10.224.0.0/11',
  nodeCidrMaskSize: undefined,
  nodeCidrMaskSizeIpv4: undefined,
  nodeCidrMaskSizeIpv6: undefined,
  serviceClusterIpRange: [],
  controllerStartIntervalMs: 0,
  terminatedPodGcThreshold: 12_500,
  concurrentEphemeralVolumeSyncs: 5,
  pvClaimBinderSyncPeriodMs: 15_000,
  attachDetachReconcileSyncPeriodMs: 60_000,
  disableAttachDetachReconcileSync: false,
  disableForceDetachOnTimeout: false,
  enableDynamicProvisioning: true,
  recyclerTimes: { hostPath: { minimumSeconds: 60, perGiSeconds: 30 }, nfs: { minimumSeconds: 300, perGiSeconds: 30 } },
  concurrentServiceSyncs: 1,
  concurrentServiceAccountTokenSyncs: 5,
  legacyTokenCleanUpPeriodMs: 365 * 24 * 3_600_000,
  serviceAccountKey: undefined,
  concurrentResourceQuotaSyncs: 5,
  resourceQuotaSyncPeriodMs: 300_000,
  // Upstream has clouds for that. The first range is nobody's in the world outside (RFC 2544), the second is private.
  loadBalancerPool: ['198.18.0.0/16', 'fd00:198:18::/112'],
  rootCa: undefined,
  signers: {},
  signingDurationMs: 365 * 24 * 3_600_000,
};
