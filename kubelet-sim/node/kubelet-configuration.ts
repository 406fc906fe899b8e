import type { ClusterDns } from '../pod/pod-dns.ts';
import type { EvictionRules, Threshold } from './eviction.ts';
import type { NodeSpec } from './node-object.ts';

/** A duration as Go prints whole seconds. */
const goDuration = (ms: number): string => {
  const seconds = ms / 1000;
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours > 0 ? `${hours}h${minutes}m${rest}s` : minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
};

/** What all nodes of a process have in common. */
interface SharedConfiguration {
  readonly statusFrequencyMs: number;
  readonly leaseDurationSeconds: number;
  readonly cluster: ClusterDns;
  readonly evictionRules: EvictionRules;
  readonly unsafeSysctls?: readonly string[] | undefined;
}

const bySignal = (thresholds: readonly Threshold[], textOf: (threshold: Threshold) => string): Record<string, string> =>
  Object.fromEntries(thresholds.map((threshold) => [threshold.signal, textOf(threshold)]));

/** What a kubelet says of its configuration on `/configz`: `KubeletConfiguration` of kubelet.config.k8s.io/v1beta1, as upstream without its kind and version. */
export function kubeletConfiguration(
  spec: NodeSpec,
  {
    statusFrequencyMs,
    leaseDurationSeconds,
    cluster,
    evictionRules: { thresholds, maxPodGraceSeconds, transitionMs },
    unsafeSysctls = [],
  }: SharedConfiguration,
): object {
  const soft = thresholds.filter(({ graceMs }) => graceMs > 0);
  const hard = thresholds.filter(({ graceMs }) => graceMs === 0);
  const reclaimed = thresholds.filter(({ minReclaim }) => minReclaim !== undefined);
  return {
    ...GENERAL,
    port: spec.port,
    authentication: { x509: {}, webhook: { enabled: true, cacheTTL: '2m0s' }, anonymous: { enabled: false } },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
    ...EVENTS_AND_HEALTH,
    clusterDomain: cluster.domain,
    clusterDNS: cluster.servers,
    streamingConnectionIdleTimeout: '4h0m0s',
    nodeStatusUpdateFrequency: goDuration(statusFrequencyMs),
    nodeStatusReportFrequency: '5m0s',
    nodeLeaseDurationSeconds: leaseDurationSeconds,
    ...IMAGES_AND_RESOURCES,
    maxPods: spec.maxPods,
    ...LIMITS_AND_CLIENT,
    evictionHard: bySignal(hard, ({ value }) => value),
    ...(soft.length > 0
      ? {
          evictionSoft: bySignal(soft, ({ value }) => value),
          evictionSoftGracePeriod: bySignal(soft, ({ graceMs }) => goDuration(graceMs)),
        }
      : {}),
    evictionPressureTransitionPeriod: goDuration(transitionMs),
    ...(maxPodGraceSeconds > 0 ? { evictionMaxPodGracePeriod: maxPodGraceSeconds } : {}),
    ...(reclaimed.length > 0 ? { evictionMinimumReclaim: bySignal(reclaimed, ({ minReclaim }) => minReclaim ?? '') } : {}),
    mergeDefaultEvictionSettings: false,
    ...NETWORK_AND_LOGS,
    ...(unsafeSysctls.length > 0 ? { allowedUnsafeSysctls: unsafeSysctls } : {}),
    ...REST,
    ...(spec.taints.length > 0 ? { registerWithTaints: spec.taints } : {}),
    registerNode: true,
    localStorageCapacityIsolation: true,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    failCgroupV1: false,
  };
}

// What upstream's defaults say of the rest, in the order of the type: `SetDefaults_KubeletConfiguration`, `pkg/kubelet/apis/config/v1beta1`,
// with what kubeadm sets besides (no port without authentication, systemd's control groups).

const GENERAL = {
  enableServer: true,
  podLogsDir: '/var/log/pods',
  syncFrequency: '1m0s',
  fileCheckFrequency: '20s',
  httpCheckFrequency: '20s',
  address: '0.0.0.0',
};

const EVENTS_AND_HEALTH = {
  registryPullQPS: 5,
  registryBurst: 10,
  eventRecordQPS: 50,
  eventBurst: 100,
  enableDebuggingHandlers: true,
  healthzPort: 10248,
  healthzBindAddress: '127.0.0.1',
  oomScoreAdj: -999,
};

const IMAGES_AND_RESOURCES = {
  imageMinimumGCAge: '2m0s',
  imageMaximumGCAge: '0s',
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  volumeStatsAggPeriod: '1m0s',
  cgroupsPerQOS: true,
  cgroupDriver: 'systemd',
  cpuManagerPolicy: 'none',
  cpuManagerReconcilePeriod: '10s',
  memoryManagerPolicy: 'None',
  topologyManagerPolicy: 'none',
  topologyManagerScope: 'container',
  runtimeRequestTimeout: '2m0s',
  hairpinMode: 'promiscuous-bridge',
};

const LIMITS_AND_CLIENT = {
  podPidsLimit: -1,
  resolvConf: '/etc/resolv.conf',
  cpuCFSQuota: true,
  cpuCFSQuotaPeriod: '100ms',
  nodeStatusMaxImages: 50,
  maxOpenFiles: 1_000_000,
  contentType: 'application/vnd.kubernetes.protobuf',
  kubeAPIQPS: 50,
  kubeAPIBurst: 100,
  serializeImagePulls: true,
};

const NETWORK_AND_LOGS = {
  enableControllerAttachDetach: true,
  makeIPTablesUtilChains: true,
  iptablesMasqueradeBit: 14,
  iptablesDropBit: 15,
  failSwapOn: true,
  memorySwap: {},
  containerLogMaxSize: '10Mi',
  containerLogMaxFiles: 5,
  containerLogMaxWorkers: 1,
  containerLogMonitorInterval: '10s',
  configMapAndSecretChangeDetectionStrategy: 'Watch',
  enforceNodeAllocatable: ['pods'],
};

const REST = {
  volumePluginDir: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
  logging: {
    format: 'text',
    flushFrequency: '5s',
    verbosity: 0,
    options: { text: { infoBufferSize: '0' }, json: { infoBufferSize: '0' } },
  },
  enableSystemLogHandler: true,
  enableSystemLogQuery: false,
  shutdownGracePeriod: '0s',
  shutdownGracePeriodCriticalPods: '0s',
  crashLoopBackOff: {},
  enableProfilingHandler: false,
  enableDebugFlagsHandler: false,
  seccompDefault: false,
  memoryThrottlingFactor: 0.9,
};
