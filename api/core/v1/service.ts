import { condition } from '../../meta/v1/condition.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, intOrString, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const clientIPConfig = message('io.k8s.api.core.v1.ClientIPConfig', 'How long one client keeps to the same pod.', () => ({
  timeoutSeconds: int32(1, 'Seconds without traffic until the tie is forgotten; 10800 unless given, 1 to 86400.', { pointer: true }),
}));
export interface ClientIPConfig extends Of<typeof clientIPConfig> {}

export const portStatus = message('io.k8s.api.core.v1.PortStatus', 'State of one port of a load balancer.', () => ({
  port: int32(1, 'Port number.', { required: true }),
  protocol: string(2, 'Protocol of the port.', { required: true, enum: ['SCTP', 'TCP', 'UDP'] }),
  error: string(3, 'Why the port does not work, as a CamelCase word; absent if it does.', { pointer: true }),
}));
export interface PortStatus extends Of<typeof portStatus> {}

export const loadBalancerIngress = message(
  'io.k8s.api.core.v1.LoadBalancerIngress',
  'One address at which a load balancer takes traffic.',
  () => ({
    ip: string(1, 'IP address, for load balancers that have one.'),
    hostname: string(2, 'Host name, for load balancers known by name.'),
    ipMode: string(3, 'VIP (the default) delivers to the address itself; Proxy to a node or pod, so it is not short-cut.', {
      pointer: true,
    }),
    ports: list(of(portStatus), 4, 'State of each port.', { listType: 'atomic' }),
  }),
);
export interface LoadBalancerIngress extends Of<typeof loadBalancerIngress> {}

export const loadBalancerStatus = message('io.k8s.api.core.v1.LoadBalancerStatus', 'Where a load balancer takes traffic.', () => ({
  ingress: list(of(loadBalancerIngress), 1, 'Its addresses.', { listType: 'atomic' }),
}));
export interface LoadBalancerStatus extends Of<typeof loadBalancerStatus> {}

export const servicePort = message('io.k8s.api.core.v1.ServicePort', 'One port of a service, and where its traffic goes.', () => ({
  name: string(1, 'Name of the port, a DNS label; required if there are several.'),
  protocol: string(2, 'TCP, UDP or SCTP; TCP unless given.', { enum: ['SCTP', 'TCP', 'UDP'], default: 'TCP' }),
  appProtocol: string(6, 'Protocol spoken on top, such as kubernetes.io/h2c or https; a hint for proxies.', { pointer: true }),
  port: int32(3, 'Port of the service, 1 to 65535.', { required: true }),
  targetPort: intOrString(4, "Port of the pods, as a number or the name of a container's port; equal to port unless given."),
  nodePort: int32(5, 'Port opened on every node, for NodePort and LoadBalancer; chosen from 30000 to 32767 unless given.'),
}));
export interface ServicePort extends Of<typeof servicePort> {}

export const sessionAffinityConfig = message('io.k8s.api.core.v1.SessionAffinityConfig', 'Details of session affinity.', () => ({
  clientIP: ref(clientIPConfig, 1, 'Details for the setting ClientIP.', { pointer: true }),
}));
export interface SessionAffinityConfig extends Of<typeof sessionAffinityConfig> {}

export const serviceSpec = message('io.k8s.api.core.v1.ServiceSpec', 'Which pods a service stands for, and how they are reached.', () => ({
  ports: list(of(servicePort), 1, "The service's ports.", {
    listType: 'map',
    listMapKeys: ['port', 'protocol'],
    patchMergeKey: 'port',
    patchStrategy: 'merge',
  }),
  selector: map(item.string(), 2, 'Labels of the pods it sends to; without them someone else must keep the endpoints.', {
    mapType: 'atomic',
  }),
  clusterIP: string(3, 'Address inside the cluster, chosen unless given; None makes a headless service. Mostly fixed.'),
  clusterIPs: list(item.string(), 18, 'Up to two addresses, one per family; the first equals clusterIP.', { listType: 'atomic' }),
  type: string(4, 'How it is reached: ClusterIP (the default), NodePort, LoadBalancer or ExternalName.', {
    enum: ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'],
  }),
  externalIPs: list(item.string(), 5, "Addresses outside the cluster's care whose traffic nodes accept for the service.", {
    listType: 'atomic',
  }),
  sessionAffinity: string(7, 'ClientIP keeps a client on one pod; None, the default, does not.', { enum: ['ClientIP', 'None'] }),
  loadBalancerIP: string(8, 'Wished address of the load balancer; deprecated, as providers differ in what they make of it.'),
  loadBalancerSourceRanges: list(
    item.string(),
    9,
    'Networks (CIDRs) allowed to use the load balancer, where the provider can do that; all unless given.',
    { listType: 'atomic' },
  ),
  externalName: string(10, 'DNS name to answer with as a CNAME; for type ExternalName, which proxies nothing.'),
  externalTrafficPolicy: string(
    11,
    'Cluster (the default) spreads outside traffic over all pods; Local keeps to the node and the source IP.',
    { enum: ['Cluster', 'Local'] },
  ),
  healthCheckNodePort: int32(12, 'Node port that tells the load balancer whether local pods exist; for externalTrafficPolicy Local.'),
  publishNotReadyAddresses: bool(13, 'True lists pods in DNS and endpoints before they are ready; false unless given.'),
  sessionAffinityConfig: ref(sessionAffinityConfig, 14, 'Details of session affinity.', { pointer: true }),
  ipFamilies: list(item.string(), 19, 'IPv4, IPv6 or both, in the order of clusterIPs; the first cannot be changed.', {
    listType: 'atomic',
    itemEnum: ['', 'IPv4', 'IPv6'],
  }),
  ipFamilyPolicy: string(17, 'One family (SingleStack, the default), two where possible (PreferDualStack) or always (RequireDualStack).', {
    pointer: true,
    enum: ['PreferDualStack', 'RequireDualStack', 'SingleStack'],
  }),
  allocateLoadBalancerNodePorts: bool(20, 'False opens no node ports for a load balancer that can do without; true unless given.', {
    pointer: true,
  }),
  loadBalancerClass: string(21, "Implementation of the load balancer, such as example.com/internal; the cloud's unless given.", {
    pointer: true,
  }),
  internalTrafficPolicy: string(22, "Cluster (the default) uses all pods; Local only those on the sender's node.", {
    pointer: true,
    enum: ['Cluster', 'Local'],
  }),
  trafficDistribution: string(23, 'Which pods are liked better: PreferClose or PreferSameZone in the zone, PreferSameNode on the node.', {
    pointer: true,
  }),
}));
export interface ServiceSpec extends Of<typeof serviceSpec> {}

export const serviceStatus = message('io.k8s.api.core.v1.ServiceStatus', "What became of a service's load balancer.", () => ({
  loadBalancer: ref(loadBalancerStatus, 1, 'Where the load balancer takes traffic; empty unless of that type.'),
  conditions: list(of(condition), 2, 'State of the service, one entry per type.', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface ServiceStatus extends Of<typeof serviceStatus> {}

export const service = message('io.k8s.api.core.v1.Service', 'A stable name and address for a changing set of pods.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(serviceSpec, 2, 'The state that is wanted.', { present: true }),
  status: ref(serviceStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
}));
export interface Service extends Of<typeof service> {}
