import { type OptionTable, option } from '../runtime/index.ts';
import type { ControllerDescriptor } from './context.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const workers = (what: string, fallback: number) => option.integer(`${what} that are looked after side by side.`, fallback, { min: 1 });

const { hostPath, nfs } = DEFAULT_SETTINGS.recyclerTimes;

const file = (what: string) => option.string(what, undefined, { placeholder: 'FILE' });

/** With what certificates are signed: one authority for all signers, or one for each. */
const signingOptions = {
  'cluster-signing-cert-file': file('Certificate of the CA that signs for all signers of kubernetes.io, as PEM.'),
  'cluster-signing-key-file': file('Key of that CA.'),
  'cluster-signing-kubelet-serving-cert-file': file('Certificate of the CA of the signer kubelet-serving, when each has its own.'),
  'cluster-signing-kubelet-serving-key-file': file('Key of that CA.'),
  'cluster-signing-kubelet-client-cert-file': file('Certificate of the CA of the signer kube-apiserver-client-kubelet.'),
  'cluster-signing-kubelet-client-key-file': file('Key of that CA.'),
  'cluster-signing-kube-apiserver-client-cert-file': file('Certificate of the CA of the signer kube-apiserver-client.'),
  'cluster-signing-kube-apiserver-client-key-file': file('Key of that CA.'),
  'cluster-signing-legacy-unknown-cert-file': file('Certificate of the CA of the signer legacy-unknown.'),
  'cluster-signing-legacy-unknown-key-file': file('Key of that CA.'),
  'cluster-signing-duration': option.duration(
    'How long signed certificates are good for at most; requests may ask for less.',
    DEFAULT_SETTINGS.signingDurationMs,
  ),
} satisfies OptionTable;

/** What the controllers can be told; names are upstream's. The rest is about the process: whom it talks to, where it serves. */
export const controllerOptions = {
  controllers: option.list(
    "Controllers to run: '*' is all but bootstrap-signer-controller and token-cleaner-controller, 'name' turns one on, '-name' turns one off.",
    ['*'],
  ),
  'concurrent-replicaset-syncs': workers('ReplicaSets', DEFAULT_SETTINGS.concurrentReplicaSetSyncs),
  'concurrent-deployment-syncs': workers('Deployments', DEFAULT_SETTINGS.concurrentDeploymentSyncs),
  'concurrent-daemonset-syncs': workers('DaemonSets', DEFAULT_SETTINGS.concurrentDaemonSetSyncs),
  'concurrent-statefulset-syncs': workers('StatefulSets', DEFAULT_SETTINGS.concurrentStatefulSetSyncs),
  'concurrent-rc-syncs': workers('ReplicationControllers', DEFAULT_SETTINGS.concurrentReplicationControllerSyncs),
  'concurrent-job-syncs': workers('Jobs', DEFAULT_SETTINGS.concurrentJobSyncs),
  'concurrent-cron-job-syncs': workers('CronJobs', DEFAULT_SETTINGS.concurrentCronJobSyncs),
  'concurrent-ttl-after-finished-syncs': workers('Finished Jobs', DEFAULT_SETTINGS.concurrentTtlAfterFinishedSyncs),
  'concurrent-horizontal-pod-autoscaler-syncs': workers('HorizontalPodAutoscalers', DEFAULT_SETTINGS.concurrentAutoscalerSyncs),
  'horizontal-pod-autoscaler-sync-period': option.duration(
    'How often metrics are looked at and pods scaled by them.',
    DEFAULT_SETTINGS.autoscalerSyncPeriodMs,
  ),
  'horizontal-pod-autoscaler-downscale-stabilization': option.duration(
    'How long a higher recommendation holds off a scale-down.',
    DEFAULT_SETTINGS.autoscalerDownscaleStabilizationMs,
  ),
  'horizontal-pod-autoscaler-tolerance': option.number(
    'How far use may be from its target without pods being scaled, as a share of it.',
    DEFAULT_SETTINGS.autoscalerTolerance,
  ),
  'horizontal-pod-autoscaler-cpu-initialization-period': option.duration(
    "How long after a pod's start its CPU use may be passed over.",
    DEFAULT_SETTINGS.autoscalerCpuInitializationMs,
  ),
  'horizontal-pod-autoscaler-initial-readiness-delay': option.duration(
    "How long after a pod's start a change of its readiness is taken for the first one.",
    DEFAULT_SETTINGS.autoscalerInitialReadinessDelayMs,
  ),
  'concurrent-namespace-syncs': workers('Namespaces', DEFAULT_SETTINGS.concurrentNamespaceSyncs),
  'concurrent-gc-syncs': workers('Objects without owner', DEFAULT_SETTINGS.concurrentGcSyncs),
  'concurrent-endpoint-syncs': workers('Services', DEFAULT_SETTINGS.concurrentEndpointSyncs),
  'concurrent-serviceaccount-syncs': workers('ServiceAccounts', DEFAULT_SETTINGS.concurrentServiceAccountSyncs),
  'concurrent-service-endpoint-syncs': workers('Services with EndpointSlices', DEFAULT_SETTINGS.concurrentServiceEndpointSyncs),
  'concurrent-service-syncs': workers('Services of load balancers', DEFAULT_SETTINGS.concurrentServiceSyncs),
  'concurrent-resource-quota-syncs': workers('ResourceQuotas', DEFAULT_SETTINGS.concurrentResourceQuotaSyncs),
  'resource-quota-sync-period': option.duration(
    'How often what quotas say is used is counted again.',
    DEFAULT_SETTINGS.resourceQuotaSyncPeriodMs,
  ),
  'concurrent-serviceaccount-token-syncs': workers('Secrets of tokens', DEFAULT_SETTINGS.concurrentServiceAccountTokenSyncs),
  'service-account-private-key-file': file('Key that tokens in Secrets are signed with, as PEM; these stay empty unless given.'),
  'legacy-service-account-token-clean-up-period': option.duration(
    'How long a token in a Secret that was made unasked has to be unused before it is marked, and once more before it is deleted.',
    DEFAULT_SETTINGS.legacyTokenCleanUpPeriodMs,
  ),
  'load-balancer-pool': option.list(
    'Addresses of Services of type LoadBalancer: CIDRs, or ranges such as 198.18.0.10-198.18.0.20; none leaves them pending.',
    DEFAULT_SETTINGS.loadBalancerPool,
    { placeholder: 'CIDR' },
  ),
  'max-endpoints-per-slice': option.integer('Endpoints in one EndpointSlice.', DEFAULT_SETTINGS.maxEndpointsPerSlice, {
    min: 1,
    max: 1000,
  }),
  'endpoint-updates-batch-period': option.duration(
    'How long changes of pods are gathered before Endpoints are written; a tenth of a second at least.',
    DEFAULT_SETTINGS.endpointUpdatesBatchPeriodMs,
  ),
  'endpointslice-updates-batch-period': option.duration('The same for EndpointSlices.', DEFAULT_SETTINGS.endpointSliceUpdatesBatchPeriodMs),
  'mirroring-concurrent-service-endpoint-syncs': workers(
    'Endpoints that are mirrored',
    DEFAULT_SETTINGS.mirroringConcurrentServiceEndpointSyncs,
  ),
  'mirroring-max-endpoints-per-subset': option.integer(
    'Addresses of one subset of Endpoints that are mirrored.',
    DEFAULT_SETTINGS.mirroringMaxEndpointsPerSubset,
    { min: 1, max: 1000 },
  ),
  'mirroring-endpointslice-updates-batch-period': option.duration(
    'How long changes of Endpoints are gathered before their mirrors are written.',
    DEFAULT_SETTINGS.mirroringEndpointSliceUpdatesBatchPeriodMs,
  ),
  'node-monitor-period': option.duration('How often the health of nodes is looked at.', DEFAULT_SETTINGS.nodeMonitorPeriodMs),
  'node-monitor-grace-period': option.duration(
    'How long a node may be silent before its conditions become Unknown.',
    DEFAULT_SETTINGS.nodeMonitorGracePeriodMs,
  ),
  'node-startup-grace-period': option.duration(
    'How long a new node may take to report for the first time.',
    DEFAULT_SETTINGS.nodeStartupGracePeriodMs,
  ),
  'node-eviction-rate': option.number(
    'Nodes a second that get the taint that evicts, in a healthy zone.',
    DEFAULT_SETTINGS.nodeEvictionRate,
  ),
  'secondary-node-eviction-rate': option.number(
    'The same in an unhealthy zone of a large cluster.',
    DEFAULT_SETTINGS.secondaryNodeEvictionRate,
  ),
  'unhealthy-zone-threshold': option.number(
    'Share of nodes not ready from which a zone is unhealthy.',
    DEFAULT_SETTINGS.unhealthyZoneThreshold,
  ),
  'large-cluster-size-threshold': option.integer('Nodes from which a cluster is large.', DEFAULT_SETTINGS.largeClusterSizeThreshold, {
    min: 0,
  }),
  'allocate-node-cidrs': option.boolean('Give each node a block of pod addresses.', DEFAULT_SETTINGS.allocateNodeCidrs),
  'cluster-cidr': option.string('Range of all pod addresses, or one of each family with a comma between.', DEFAULT_SETTINGS.clusterCidr, {
    placeholder: 'CIDR',
  }),
  'service-cluster-ip-range': option.list('Ranges of Services, of which no node gets a block.', DEFAULT_SETTINGS.serviceClusterIpRange, {
    placeholder: 'CIDR',
  }),
  'node-cidr-mask-size': option.integer("Mask of a node's block, with one range; 24 unless given, 64 for IPv6.", undefined, {
    min: 0,
    max: 128,
  }),
  'node-cidr-mask-size-ipv4': option.integer("Mask of a node's block of IPv4; 24 unless given.", undefined, { min: 0, max: 32 }),
  'node-cidr-mask-size-ipv6': option.integer("Mask of a node's block of IPv6; 64 unless given.", undefined, { min: 0, max: 128 }),
  'terminated-pod-gc-threshold': option.integer(
    'Terminated pods beyond which the oldest are deleted; 0 keeps all.',
    DEFAULT_SETTINGS.terminatedPodGcThreshold,
  ),
  'concurrent-ephemeralvolume-syncs': workers('Pods with ephemeral volumes', DEFAULT_SETTINGS.concurrentEphemeralVolumeSyncs),
  'pvclaimbinder-sync-period': option.duration(
    'How often claims and volumes are looked at when nothing happens to them.',
    DEFAULT_SETTINGS.pvClaimBinderSyncPeriodMs,
  ),
  'attach-detach-reconcile-sync-period': option.duration(
    'How often attachments of volumes are looked at when nothing happens to them.',
    DEFAULT_SETTINGS.attachDetachReconcileSyncPeriodMs,
  ),
  'disable-attach-detach-reconcile-sync': option.boolean(
    'Look at attachments of volumes only when something happens to them.',
    DEFAULT_SETTINGS.disableAttachDetachReconcileSync,
  ),
  'disable-force-detach-on-timeout': option.boolean(
    'Never detach a volume that a node says it uses, however long the node has not been ready.',
    DEFAULT_SETTINGS.disableForceDetachOnTimeout,
  ),
  'enable-dynamic-provisioning': option.boolean(
    'Ask provisioners for volumes of claims that no volume there is suits.',
    DEFAULT_SETTINGS.enableDynamicProvisioning,
  ),
  'pv-recycler-minimum-timeout-hostpath': option.integer(
    'Seconds that wiping a hostPath volume may take at least.',
    hostPath.minimumSeconds,
  ),
  'pv-recycler-timeout-increment-hostpath': option.integer('Seconds that it may take for each Gi.', hostPath.perGiSeconds),
  'pv-recycler-minimum-timeout-nfs': option.integer('Seconds that wiping an NFS volume may take at least.', nfs.minimumSeconds),
  'pv-recycler-increment-timeout-nfs': option.integer('Seconds that it may take for each Gi.', nfs.perGiSeconds),
  'controller-start-interval': option.duration(
    'How long after one controller the next is started.',
    DEFAULT_SETTINGS.controllerStartIntervalMs,
  ),
  'enable-garbage-collector': option.boolean('Collect what has no owner any more; false as -garbage-collector-controller.', true),
  'root-ca-file': option.string('CA that pods are told to trust; the one in the kubeconfig unless given.', undefined, {
    placeholder: 'FILE',
  }),
  ...signingOptions,
} satisfies OptionTable;

/** What `--controllers` knows a controller by. */
export type ControllerNames = Pick<ControllerDescriptor, 'name' | 'alias' | 'isOptional'>;

export const isCalled = (name: string, { name: known, alias }: ControllerNames): boolean => name === known || name === alias;

/**
 * Whether a controller is among those that `--controllers` asks for: `*` is all but the optional ones, `name` turns one on,
 * `-name` turns one off (upstream: `cmd/kube-controller-manager/app/controllermanager.go`, `IsControllerEnabled`).
 */
export function isWanted(controller: ControllerNames, wanted: readonly string[]): boolean {
  if (wanted.some((item) => isCalled(item, controller))) return true;
  const isOff = wanted.some((item) => item.startsWith('-') && isCalled(item.slice(1), controller));
  return wanted.includes('*') && !controller.isOptional && !isOff;
}
