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

/** What a kubelet says of its configuration on `/configz`: what holds here, with upstream's names (`KubeletConfiguration`, kubelet.config.k8s.io/v1beta1). */
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
  return {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    port: spec.port,
    authentication: { x509: {}, webhook: { enabled: true, cacheTTL: '2m0s' }, anonymous: { enabled: false } },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
    clusterDomain: cluster.domain,
    clusterDNS: cluster.servers,
    nodeStatusUpdateFrequency: goDuration(statusFrequencyMs),
    nodeStatusReportFrequency: '5m0s',
    nodeLeaseDurationSeconds: leaseDurationSeconds,
    maxPods: spec.maxPods,
    registerNode: true,
    registerWithTaints: spec.taints,
    maxParallelImagePulls: null,
    evictionHard: bySignal(hard, ({ value }) => value),
    ...(soft.length > 0
      ? {
          evictionSoft: bySignal(soft, ({ value }) => value),
          evictionSoftGracePeriod: bySignal(soft, ({ graceMs }) => goDuration(graceMs)),
        }
      : {}),
    evictionPressureTransitionPeriod: goDuration(transitionMs),
    ...(maxPodGraceSeconds > 0 ? { evictionMaxPodGracePeriod: maxPodGraceSeconds } : {}),
    ...(unsafeSysctls.length > 0 ? { allowedUnsafeSysctls: unsafeSysctls } : {}),
    containerLogMaxSize: '10Mi',
    containerLogMaxFiles: 5,
  };
}
