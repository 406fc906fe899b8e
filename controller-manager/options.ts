import { readFileSync } from 'node:fs';
import { clientOptions, leaderElectionOptions, servingOptions } from '../client/index.ts';
import {
  createTokenSigner,
  healthOptions,
  metricOptions,
  OptionError,
  type OptionTable,
  type OptionValues,
  option,
  processOptions,
} from '../runtime/index.ts';
import { loadAuthority, type Signers, signersOf } from './certificates/authorities.ts';
import { controllerOptions } from './controller-options.ts';
import { AddressPool } from './service/pool.ts';
import { DEFAULT_SETTINGS, type Settings } from './settings.ts';
import { inertOptions, upstreamOptions } from './upstream-options.ts';

/** Where upstream serves health and metrics. */
const CONTROLLER_MANAGER_PORT = 10_257;

/** What the controller manager takes; names are upstream's. */
export const controllerManagerOptions = {
  ...clientOptions,
  ...leaderElectionOptions,
  ...controllerOptions,
  ...upstreamOptions,
  'leader-elect-resource-name': option.string('Name of the Lease.', 'kube-controller-manager'),
  'leader-elect-resource-namespace': option.string('Namespace of the Lease.', 'kube-system'),
  ...servingOptions(CONTROLLER_MANAGER_PORT),
  ...healthOptions,
  ...metricOptions,
  ...inertOptions,
  ...processOptions,
} satisfies OptionTable;

/** The values of the command line. */
export type ControllerManagerOptionValues = OptionValues<typeof controllerManagerOptions>;

/** What the command line says, as the controllers take it. */
export function settingsOf(values: ControllerManagerOptionValues, rootCa: string | undefined): Settings {
  return {
    concurrentReplicaSetSyncs: values['concurrent-replicaset-syncs'],
    concurrentDeploymentSyncs: values['concurrent-deployment-syncs'],
    concurrentDaemonSetSyncs: values['concurrent-daemonset-syncs'],
    concurrentStatefulSetSyncs: values['concurrent-statefulset-syncs'],
    concurrentReplicationControllerSyncs: values['concurrent-rc-syncs'],
    concurrentJobSyncs: values['concurrent-job-syncs'],
    concurrentCronJobSyncs: values['concurrent-cron-job-syncs'],
    concurrentTtlAfterFinishedSyncs: values['concurrent-ttl-after-finished-syncs'],
    concurrentAutoscalerSyncs: values['concurrent-horizontal-pod-autoscaler-syncs'],
    autoscalerSyncPeriodMs: values['horizontal-pod-autoscaler-sync-period'],
    autoscalerDownscaleStabilizationMs: values['horizontal-pod-autoscaler-downscale-stabilization'],
    autoscalerTolerance: values['horizontal-pod-autoscaler-tolerance'],
    autoscalerCpuInitializationMs: values['horizontal-pod-autoscaler-cpu-initialization-period'],
    autoscalerInitialReadinessDelayMs: values['horizontal-pod-autoscaler-initial-readiness-delay'],
    localTimeZone: DEFAULT_SETTINGS.localTimeZone,
    concurrentNamespaceSyncs: values['concurrent-namespace-syncs'],
    concurrentGcSyncs: values['concurrent-gc-syncs'],
    concurrentEndpointSyncs: values['concurrent-endpoint-syncs'],
    concurrentServiceAccountSyncs: values['concurrent-serviceaccount-syncs'],
    concurrentServiceEndpointSyncs: values['concurrent-service-endpoint-syncs'],
    maxEndpointsPerSlice: values['max-endpoints-per-slice'],
    endpointUpdatesBatchPeriodMs: values['endpoint-updates-batch-period'],
    endpointSliceUpdatesBatchPeriodMs: values['endpointslice-updates-batch-period'],
    mirroringConcurrentServiceEndpointSyncs: values['mirroring-concurrent-service-endpoint-syncs'],
    mirroringMaxEndpointsPerSubset: values['mirroring-max-endpoints-per-subset'],
    mirroringEndpointSliceUpdatesBatchPeriodMs: values['mirroring-endpointslice-updates-batch-period'],
    concurrentServiceSyncs: values['concurrent-service-syncs'],
    concurrentResourceQuotaSyncs: values['concurrent-resource-quota-syncs'],
    resourceQuotaSyncPeriodMs: values['resource-quota-sync-period'],
    concurrentServiceAccountTokenSyncs: values['concurrent-serviceaccount-token-syncs'],
    legacyTokenCleanUpPeriodMs: values['legacy-service-account-token-clean-up-period'],
    serviceAccountKey: checkedTokenKey(values['service-account-private-key-file']),
    loadBalancerPool: checkedPool(values['load-balancer-pool']),
    nodeMonitorPeriodMs: values['node-monitor-period'],
    nodeMonitorGracePeriodMs: values['node-monitor-grace-period'],
    nodeStartupGracePeriodMs: values['node-startup-grace-period'],
    nodeEvictionRate: values['node-eviction-rate'],
    secondaryNodeEvictionRate: values['secondary-node-eviction-rate'],
    unhealthyZoneThreshold: values['unhealthy-zone-threshold'],
    largeClusterSizeThreshold: values['large-cluster-size-threshold'],
    allocateNodeCidrs: values['allocate-node-cidrs'],
    clusterCidr: values['cluster-cidr'],
    nodeCidrMaskSize: values['node-cidr-mask-size'] || undefined,
    nodeCidrMaskSizeIpv4: values['node-cidr-mask-size-ipv4'] || undefined,
    nodeCidrMaskSizeIpv6: values['node-cidr-mask-size-ipv6'] || undefined,
    serviceClusterIpRange: values['service-cluster-ip-range'],
    controllerStartIntervalMs: values['controller-start-interval'],
    terminatedPodGcThreshold: values['terminated-pod-gc-threshold'],
    concurrentEphemeralVolumeSyncs: values['concurrent-ephemeralvolume-syncs'],
    pvClaimBinderSyncPeriodMs: values['pvclaimbinder-sync-period'],
    attachDetachReconcileSyncPeriodMs: values['attach-detach-reconcile-sync-period'],
    disableAttachDetachReconcileSync: values['disable-attach-detach-reconcile-sync'],
    disableForceDetachOnTimeout: values['disable-force-detach-on-timeout'],
    enableDynamicProvisioning: values['enable-dynamic-provisioning'],
    recyclerTimes: {
      hostPath: {
        minimumSeconds: values['pv-recycler-minimum-timeout-hostpath'],
        perGiSeconds: values['pv-recycler-timeout-increment-hostpath'],
      },
      nfs: { minimumSeconds: values['pv-recycler-minimum-timeout-nfs'], perGiSeconds: values['pv-recycler-increment-timeout-nfs'] },
    },
    rootCa,
    signers: checkedSigners(values),
    signingDurationMs: values['cluster-signing-duration'],
  };
}

/** @throws OptionError when an authority cannot be used: better now than when somebody waits for a certificate. */
function checkedSigners(values: ControllerManagerOptionValues): Signers {
  const signers = signersOf(values);
  for (const files of new Set(Object.values(signers))) {
    try {
      loadAuthority(files);
    } catch (error) {
      throw new OptionError(`option --cluster-signing-*-file: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return signers;
}

/** The key's text. @throws OptionError when it cannot be read, or cannot sign. */
function checkedTokenKey(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    const pem = readFileSync(path, 'utf8');
    createTokenSigner(pem);
    return pem;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new OptionError(`option --service-account-private-key-file: ${path} cannot be used: ${why}`);
  }
}

function checkedPool(ranges: readonly string[]): readonly string[] {
  try {
    new AddressPool(ranges);
    return ranges;
  } catch (error) {
    throw new OptionError(`option --load-balancer-pool ${error instanceof Error ? error.message : String(error)}`);
  }
}
