import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, intOrString, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const ipBlock = message('io.k8s.api.networking.v1.IPBlock', '', () => ({
  cidr: string(1, '', { required: true }),
  except: list(item.string(), 2, '', { listType: 'atomic' }),
}));
export interface IPBlock extends Of<typeof ipBlock> {}

export const networkPolicyPort = message('io.k8s.api.networking.v1.NetworkPolicyPort', '', () => ({
  protocol: string(1, '', { pointer: true, enum: ['SCTP', 'TCP', 'UDP'] }),
  port: intOrString(2, '', { pointer: true }),
  endPort: int32(3, '', { pointer: true }),
}));
export interface NetworkPolicyPort extends Of<typeof networkPolicyPort> {}

export const networkPolicyPeer = message('io.k8s.api.networking.v1.NetworkPolicyPeer', '', () => ({
  podSelector: ref(labelSelector, 1, '', { pointer: true }),
  namespaceSelector: ref(labelSelector, 2, '', { pointer: true }),
  ipBlock: ref(ipBlock, 3, '', { pointer: true }),
}));
export interface NetworkPolicyPeer extends Of<typeof networkPolicyPeer> {}

export const networkPolicyIngressRule = message('io.k8s.api.networking.v1.NetworkPolicyIngressRule', '', () => ({
  ports: list(of(networkPolicyPort), 1, '', { listType: 'atomic' }),
  from: list(of(networkPolicyPeer), 2, '', { listType: 'atomic' }),
}));
export interface NetworkPolicyIngressRule extends Of<typeof networkPolicyIngressRule> {}

export const networkPolicyEgressRule = message('io.k8s.api.networking.v1.NetworkPolicyEgressRule', '', () => ({
  ports: list(of(networkPolicyPort), 1, '', { listType: 'atomic' }),
  to: list(of(networkPolicyPeer), 2, '', { listType: 'atomic' }),
}));
export interface NetworkPolicyEgressRule extends Of<typeof networkPolicyEgressRule> {}

export const networkPolicySpec = message('io.k8s.api.networking.v1.NetworkPolicySpec', '', () => ({
  podSelector: ref(labelSelector, 1, ''),
  ingress: list(of(networkPolicyIngressRule), 2, '', { listType: 'atomic' }),
  egress: list(of(networkPolicyEgressRule), 3, '', { listType: 'atomic' }),
  policyTypes: list(item.string(), 4, '', { listType: 'atomic', itemEnum: ['Egress', 'Ingress'] }),
}));
export interface NetworkPolicySpec extends Of<typeof networkPolicySpec> {}

export const networkPolicy = message('io.k8s.api.networking.v1.NetworkPolicy', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(networkPolicySpec, 2, '', { present: true }),
}));
export interface NetworkPolicy extends Of<typeof networkPolicy> {}
