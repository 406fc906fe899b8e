import { condition } from '../../meta/v1/condition.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const parentReference = message('io.k8s.api.networking.v1.ParentReference', 'The object an IP address was given to.', () => ({
  group: string(1, 'API group of the object.'),
  resource: string(2, 'Resource of the object, in the plural.', { required: true, dropped: true }),
  namespace: string(3, 'Namespace of the object.'),
  name: string(4, 'Name of the object.', { required: true, dropped: true }),
}));
export interface ParentReference extends Of<typeof parentReference> {}

export const ipAddressSpec = message('io.k8s.api.networking.v1.IPAddressSpec', 'Whose an IP address is.', () => ({
  parentRef: ref(parentReference, 1, 'The object it was given to, usually a service.', { required: true, pointer: true }),
}));
export interface IPAddressSpec extends Of<typeof ipAddressSpec> {}

export const ipAddress = message(
  'io.k8s.api.networking.v1.IPAddress',
  'An IP address in use; its name is the address in canonical form.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(ipAddressSpec, 2, 'Whose the address is.', { present: true }),
  }),
);
export interface IPAddress extends Of<typeof ipAddress> {}

export const serviceCIDRSpec = message('io.k8s.api.networking.v1.ServiceCIDRSpec', 'Networks from which services get addresses.', () => ({
  cidrs: list(item.string(), 1, 'One network, or one of each family; cannot be changed.', { listType: 'atomic' }),
}));
export interface ServiceCIDRSpec extends Of<typeof serviceCIDRSpec> {}

export const serviceCIDRStatus = message('io.k8s.api.networking.v1.ServiceCIDRStatus', 'State of such networks.', () => ({
  conditions: list(of(condition), 1, 'Whether addresses are given out from them: Ready.', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface ServiceCIDRStatus extends Of<typeof serviceCIDRStatus> {}

export const serviceCIDR = message('io.k8s.api.networking.v1.ServiceCIDR', 'A range from which services get their cluster IPs.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(serviceCIDRSpec, 2, 'The state that is wanted.', { present: true }),
  status: ref(serviceCIDRStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
}));
export interface ServiceCIDR extends Of<typeof serviceCIDR> {}
