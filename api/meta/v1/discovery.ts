import { bool, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const groupVersionForDiscovery = message('io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery', '', () => ({
  groupVersion: string(1, '', { required: true }),
  version: string(2, '', { required: true }),
}));
export interface GroupVersionForDiscovery extends Of<typeof groupVersionForDiscovery> {}

export const serverAddressByClientCIDR = message('io.k8s.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR', '', () => ({
  clientCIDR: string(1, '', { required: true }),
  serverAddress: string(2, '', { required: true }),
}));
export interface ServerAddressByClientCIDR extends Of<typeof serverAddressByClientCIDR> {}

export const apiGroup = message('io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  name: string(1, '', { required: true }),
  versions: list(of(groupVersionForDiscovery), 2, '', { required: true, listType: 'atomic' }),
  preferredVersion: ref(groupVersionForDiscovery, 3, ''),
  serverAddressByClientCIDRs: list(of(serverAddressByClientCIDR), 4, '', { listType: 'atomic' }),
}));
export interface APIGroup extends Of<typeof apiGroup> {}

export const apiResource = message('io.k8s.apimachinery.pkg.apis.meta.v1.APIResource', '', () => ({
  kind: string(3, '', { required: true }),
  name: string(1, '', { required: true }),
  singularName: string(6, '', { required: true }),
  namespaced: bool(2, '', { required: true }),
  group: string(8, ''),
  version: string(9, ''),
  verbs: list(item.string(), 4, '', { required: true }),
  shortNames: list(item.string(), 5, '', { listType: 'atomic' }),
  categories: list(item.string(), 7, '', { listType: 'atomic' }),
  storageVersionHash: string(10, ''),
}));
export interface APIResource extends Of<typeof apiResource> {}

export const apiResourceList = message('io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  groupVersion: string(1, '', { required: true }),
  resources: list(of(apiResource), 2, '', { required: true, listType: 'atomic' }),
}));
export interface APIResourceList extends Of<typeof apiResourceList> {}
