import { bool, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const groupVersionForDiscovery = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery',
  'One version of an API group, spelled both with and without the group.',
  () => ({
    groupVersion: string(1, 'Group and version joined, such as apps/v1.', { required: true }),
    version: string(2, 'The version alone, such as v1.', { required: true }),
  }),
);
export interface GroupVersionForDiscovery extends Of<typeof groupVersionForDiscovery> {}

export const serverAddressByClientCIDR = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR',
  'The address at which clients of one network reach the API server.',
  () => ({
    clientCIDR: string(1, "The clients' network, as a CIDR such as 10.0.0.0/8; 0.0.0.0/0 is everybody.", { required: true }),
    serverAddress: string(2, 'Host, host:port or IP address those clients should dial.', { required: true }),
  }),
);
export interface ServerAddressByClientCIDR extends Of<typeof serverAddressByClientCIDR> {}

export const apiGroup = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup',
  'An API group and the versions in which it is served.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    name: string(1, "The group's name, such as apps; empty for the core group.", { required: true }),
    versions: list(of(groupVersionForDiscovery), 2, 'Every served version, the preferred one first.', {
      required: true,
      listType: 'atomic',
    }),
    preferredVersion: ref(groupVersionForDiscovery, 3, 'The version to take by clients that have no wish of their own.'),
    serverAddressByClientCIDRs: list(
      of(serverAddressByClientCIDR),
      4,
      'Which server address suits which clients; the first network that matches the client wins.',
      { listType: 'atomic' },
    ),
  }),
);
export interface APIGroup extends Of<typeof apiGroup> {}

export const apiResource = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIResource',
  'One resource of a group and version: its names, its kind, and what can be done with it.',
  () => ({
    name: string(1, 'Plural name as it stands in URLs, such as deployments; a subresource has a slash, as in pods/log.', {
      required: true,
    }),
    singularName: string(6, 'Singular name, which kubectl accepts and prints, such as deployment.', { required: true }),
    namespaced: bool(2, 'True when its objects live in namespaces, false when they belong to the whole cluster.', { required: true }),
    group: string(8, "Group of the body's kind, where it differs from the group of the list."),
    version: string(9, "Version of the body's kind, where it differs from the version of the list."),
    kind: string(3, 'Kind of the objects it serves, such as Deployment.', { required: true }),
    verbs: list(item.string(), [4, 1], 'The verbs it supports, such as get, list, watch, create, update, patch and delete.', {
      required: true,
    }),
    shortNames: list(item.string(), 5, 'Abbreviations that kubectl understands, such as deploy.', { listType: 'atomic' }),
    categories: list(item.string(), 7, 'Names for sets of resources it belongs to; kubectl get all uses the category all.', {
      listType: 'atomic',
    }),
    storageVersionHash: string(10, 'Opaque hash of the version in which objects are stored; it changes when that version does.'),
  }),
);
export interface APIResource extends Of<typeof apiResource> {}

export const apiResourceList = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList',
  'The resources served under one group and version: the answer to discovery.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    groupVersion: string(1, 'The group and version these resources are served under.', { required: true }),
    resources: list(of(apiResource), 2, 'The resources, subresources among them.', { required: true, listType: 'atomic' }),
  }),
);
export interface APIResourceList extends Of<typeof apiResourceList> {}

export const apiGroupList = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList',
  'The API groups that are served, but for the core group.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    groups: list(of(apiGroup), 1, 'The groups, each with its versions.', { required: true, listType: 'atomic' }),
  }),
);
export interface APIGroupList extends Of<typeof apiGroupList> {}

export const apiVersions = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions',
  'The versions of the core group that are served.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    versions: list(item.string(), 1, 'The versions by name, such as v1.', { required: true, listType: 'atomic' }),
    serverAddressByClientCIDRs: list(
      of(serverAddressByClientCIDR),
      2,
      'Which server address suits which clients; the first network that matches the client wins.',
      { required: true, listType: 'atomic' },
    ),
  }),
);
export interface APIVersions extends Of<typeof apiVersions> {}
