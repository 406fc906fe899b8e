import { condition } from '../../meta/v1/condition.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, intOrString, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const clientIPConfig = message('io.k8s.api.core.v1.ClientIPConfig', '', () => ({
  timeoutSeconds: int32(1, '', { pointer: true }),
}));
export interface ClientIPConfig extends Of<typeof clientIPConfig> {}

export const portStatus = message('io.k8s.api.core.v1.PortStatus', '', () => ({
  port: int32(1, '', { required: true }),
  protocol: string(2, '', { required: true, enum: ['SCTP', 'TCP', 'UDP'] }),
  error: string(3, '', { pointer: true }),
}));
export interface PortStatus extends Of<typeof portStatus> {}

export const loadBalancerIngress = message('io.k8s.api.core.v1.LoadBalancerIngress', '', () => ({
  ip: string(1, ''),
  hostname: string(2, ''),
  ipMode: string(3, '', { pointer: true }),
  ports: list(of(portStatus), 4, '', { listType: 'atomic' }),
}));
export interface LoadBalancerIngress extends Of<typeof loadBalancerIngress> {}

export const loadBalancerStatus = message('io.k8s.api.core.v1.LoadBalancerStatus', '', () => ({
  ingress: list(of(loadBalancerIngress), 1, '', { listType: 'atomic' }),
}));
export interface LoadBalancerStatus extends Of<typeof loadBalancerStatus> {}

export const servicePort = message('io.k8s.api.core.v1.ServicePort', '', () => ({
  name: string(1, ''),
  protocol: string(2, '', { enum: ['SCTP', 'TCP', 'UDP'], default: 'TCP' }),
  appProtocol: string(6, '', { pointer: true }),
  port: int32(3, '', { required: true }),
  targetPort: intOrString(4, ''),
  nodePort: int32(5, ''),
}));
export interface ServicePort extends Of<typeof servicePort> {}

export const sessionAffinityConfig = message('io.k8s.api.core.v1.SessionAffinityConfig', '', () => ({
  clientIP: ref(clientIPConfig, 1, '', { pointer: true }),
}));
export interface SessionAffinityConfig extends Of<typeof sessionAffinityConfig> {}

export const serviceSpec = message('io.k8s.api.core.v1.ServiceSpec', '', () => ({
  ports: list(of(servicePort), 1, '', {
    listType: 'map',
    listMapKeys: ['port', 'protocol'],
    patchMergeKey: 'port',
    patchStrategy: 'merge',
  }),
  selector: map(item.string(), 2, '', { mapType: 'atomic' }),
  clusterIP: string(3, ''),
  clusterIPs: list(item.string(), 18, '', { listType: 'atomic' }),
  type: string(4, '', { enum: ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'] }),
  externalIPs: list(item.string(), 5, '', { listType: 'atomic' }),
  sessionAffinity: string(7, '', { enum: ['ClientIP', 'None'] }),
  loadBalancerIP: string(8, ''),
  loadBalancerSourceRanges: list(item.string(), 9, '', { listType: 'atomic' }),
  externalName: string(10, ''),
  externalTrafficPolicy: string(11, '', { enum: ['Cluster', 'Local'] }),
  healthCheckNodePort: int32(12, ''),
  publishNotReadyAddresses: bool(13, ''),
  sessionAffinityConfig: ref(sessionAffinityConfig, 14, '', { pointer: true }),
  ipFamilies: list(item.string(), 19, '', { listType: 'atomic', itemEnum: ['', 'IPv4', 'IPv6'] }),
  ipFamilyPolicy: string(17, '', { pointer: true, enum: ['PreferDualStack', 'RequireDualStack', 'SingleStack'] }),
  allocateLoadBalancerNodePorts: bool(20, '', { pointer: true }),
  loadBalancerClass: string(21, '', { pointer: true }),
  internalTrafficPolicy: string(22, '', { pointer: true, enum: ['Cluster', 'Local'] }),
  trafficDistribution: string(23, '', { pointer: true }),
}));
export interface ServiceSpec extends Of<typeof serviceSpec> {}

export const serviceStatus = message('io.k8s.api.core.v1.ServiceStatus', '', () => ({
  loadBalancer: ref(loadBalancerStatus, 1, ''),
  conditions: list(of(condition), 2, '', { listType: 'map', listMapKeys: ['type'], patchMergeKey: 'type', patchStrategy: 'merge' }),
}));
export interface ServiceStatus extends Of<typeof serviceStatus> {}

export const service = message('io.k8s.api.core.v1.Service', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(serviceSpec, 2, '', { present: true }),
  status: ref(serviceStatus, 3, '', { present: true }),
}));
export interface Service extends Of<typeof service> {}
