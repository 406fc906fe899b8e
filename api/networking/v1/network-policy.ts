import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, intOrString, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const ipBlock = message('io.k8s.api.networking.v1.IPBlock', 'A network, less some parts of it.', () => ({
  cidr: string(1, 'The network, such as 192.168.1.0/24.', { required: true }),
  except: list(item.string(), 2, 'Networks within it that are left out.', { listType: 'atomic' }),
}));
export interface IPBlock extends Of<typeof ipBlock> {}

export const networkPolicyPort = message('io.k8s.api.networking.v1.NetworkPolicyPort', 'Ports that a rule lets through.', () => ({
  protocol: string(1, 'TCP, UDP or SCTP; TCP unless given.', { pointer: true, enum: ['SCTP', 'TCP', 'UDP'] }),
  port: intOrString(2, "Number, or name of a container's port; all ports unless given.", { pointer: true }),
  endPort: int32(3, 'Last port of a range that begins with port, which must be a number.', { pointer: true }),
}));
export interface NetworkPolicyPort extends Of<typeof networkPolicyPort> {}

export const networkPolicyPeer = message(
  'io.k8s.api.networking.v1.NetworkPolicyPeer',
  'Whom a rule lets through: pods and namespaces, or a network.',
  () => ({
    podSelector: ref(labelSelector, 1, "Pods by label, in the policy's namespace or those of namespaceSelector; empty is all.", {
      pointer: true,
    }),
    namespaceSelector: ref(labelSelector, 2, 'Namespaces by label; empty is all. Alone, it means every pod in them.', { pointer: true }),
    ipBlock: ref(ipBlock, 3, 'A network; not together with the selectors.', { pointer: true }),
  }),
);
export interface NetworkPolicyPeer extends Of<typeof networkPolicyPeer> {}

export const networkPolicyIngressRule = message(
  'io.k8s.api.networking.v1.NetworkPolicyIngressRule',
  'What may come in: traffic that fits both ports and from.',
  () => ({
    ports: list(of(networkPolicyPort), 1, 'Ports that are open; all unless given.', { listType: 'atomic' }),
    from: list(of(networkPolicyPeer), 2, 'Who may send; everybody unless given.', { listType: 'atomic' }),
  }),
);
export interface NetworkPolicyIngressRule extends Of<typeof networkPolicyIngressRule> {}

export const networkPolicyEgressRule = message(
  'io.k8s.api.networking.v1.NetworkPolicyEgressRule',
  'What may go out: traffic that fits both ports and to.',
  () => ({
    ports: list(of(networkPolicyPort), 1, 'Ports that may be dialled; all unless given.', { listType: 'atomic' }),
    to: list(of(networkPolicyPeer), 2, 'To whom it may go; everybody unless given.', { listType: 'atomic' }),
  }),
);
export interface NetworkPolicyEgressRule extends Of<typeof networkPolicyEgressRule> {}

export const networkPolicySpec = message(
  'io.k8s.api.networking.v1.NetworkPolicySpec',
  'Which traffic the chosen pods may have; policies only ever add to each other.',
  () => ({
    podSelector: ref(labelSelector, 1, 'Pods it applies to, in its namespace; empty is all of them.'),
    ingress: list(of(networkPolicyIngressRule), 2, 'What may come in; nothing if empty while policyTypes has Ingress.', {
      listType: 'atomic',
    }),
    egress: list(of(networkPolicyEgressRule), 3, 'What may go out; nothing if empty while policyTypes has Egress.', { listType: 'atomic' }),
    policyTypes: list(item.string(), 4, 'Directions it governs; unless given Ingress, and Egress too if there are egress rules.', {
      listType: 'atomic',
      itemEnum: ['Egress', 'Ingress'],
    }),
  }),
);
export interface NetworkPolicySpec extends Of<typeof networkPolicySpec> {}

export const networkPolicy = message(
  'io.k8s.api.networking.v1.NetworkPolicy',
  'Says which traffic pods may have; pods no policy chooses may have any.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(networkPolicySpec, 2, 'Which traffic is allowed.', { present: true }),
  }),
);
export interface NetworkPolicy extends Of<typeof networkPolicy> {}
