import type { ClusterDns } from '../pod/sandbox-config.ts';
import type { NodeSpec } from './node-object.ts';

/** A duration as Go prints whole seconds. */
const goDuration = (ms: number): string => {
  const seconds = ms / 1000;
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
};

/** What a kubelet says of its configuration on `/configz`: what holds here, with upstream's names (`KubeletConfiguration`, kubelet.config.k8s.io/v1beta1). */
export function kubeletConfiguration(
  spec: NodeSpec,
  {
    statusFrequencyMs,
    leaseDurationSeconds,
    cluster,
  }: { readonly statusFrequencyMs: number; readonly leaseDurationSeconds: number; readonly cluster: ClusterDns },
): object {
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
    containerLogMaxSize: '10Mi',
    containerLogMaxFiles: 5,
  };
}
