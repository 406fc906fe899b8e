import { condition } from '../../meta/v1/condition.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const parentReference = message('io.k8s.api.networking.v1.ParentReference', '', () => ({
  group: string(1, ''),
  resource: string(2, '', { required: true, dropped: true }),
  namespace: string(3, ''),
  name: string(4, '', { required: true, dropped: true }),
}));
export interface ParentReference extends Of<typeof parentReference> {}

export const ipAddressSpec = message('io.k8s.api.networking.v1.IPAddressSpec', '', () => ({
  parentRef: ref(parentReference, 1, '', { required: true, pointer: true }),
}));
export interface IPAddressSpec extends Of<typeof ipAddressSpec> {}

export const ipAddress = message('io.k8s.api.networking.v1.IPAddress', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(ipAddressSpec, 2, '', { present: true }),
}));
export interface IPAddress extends Of<typeof ipAddress> {}

export const serviceCIDRSpec = message('io.k8s.api.networking.v1.ServiceCIDRSpec', '', () => ({
  cidrs: list(item.string(), 1, '', { listType: 'atomic' }),
}));
export interface ServiceCIDRSpec extends Of<typeof serviceCIDRSpec> {}

export const serviceCIDRStatus = message('io.k8s.api.networking.v1.ServiceCIDRStatus', '', () => ({
  conditions: list(of(condition), 1, '', { listType: 'map', listMapKeys: ['type'], patchMergeKey: 'type', patchStrategy: 'merge' }),
}));
export interface ServiceCIDRStatus extends Of<typeof serviceCIDRStatus> {}

export const serviceCIDR = message('io.k8s.api.networking.v1.ServiceCIDR', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(serviceCIDRSpec, 2, '', { present: true }),
  status: ref(serviceCIDRStatus, 3, '', { present: true }),
}));
export interface ServiceCIDR extends Of<typeof serviceCIDR> {}
