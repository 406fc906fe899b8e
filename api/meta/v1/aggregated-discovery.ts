import { item, list, of, ref, string } from '../../schema/fields.ts';
import { message } from '../../schema/message.ts';
import { listMeta, objectMeta } from './object-meta.ts';

// All groups, versions and resources in one document (KEP-3352). Upstream: `k8s.io/api/apidiscovery/v2`.

const groupVersionKind = message('io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionKind', 'A kind, with its group and version.', () => ({
  group: string(1, 'The API group; empty for the core group.', { required: true }),
  version: string(2, 'The version in it.', { required: true }),
  kind: string(3, 'The kind in that.', { required: true }),
}));

const apiSubresourceDiscovery = message('io.k8s.api.apidiscovery.v2.APISubresourceDiscovery', 'A part of a resource.', () => ({
  subresource: string(1, 'The name behind that of the resource, such as status.', { required: true }),
  responseKind: ref(groupVersionKind, 2, 'What is answered.'),
  acceptedTypes: list(of(groupVersionKind), 3, 'What is taken, where that is not what is answered.', { listType: 'atomic' }),
  verbs: list(item.string(), 4, 'What can be done with it.', { required: true }),
}));

const apiResourceDiscovery = message('io.k8s.api.apidiscovery.v2.APIResourceDiscovery', 'A resource of a version.', () => ({
  resource: string(1, 'Plural name, as it stands in URLs.', { required: true }),
  responseKind: ref(groupVersionKind, 2, 'What is answered.'),
  scope: string(3, 'Namespaced or Cluster.', { required: true }),
  singularResource: string(4, 'Singular name.', { required: true }),
  verbs: list(item.string(), 5, 'What can be done with it.', { required: true }),
  shortNames: list(item.string(), 6, 'Abbreviations.'),
  categories: list(item.string(), 7, 'Sets of resources that it is one of.'),
  subresources: list(of(apiSubresourceDiscovery), 8, 'Its parts.', { listType: 'atomic' }),
}));

const apiVersionDiscovery = message('io.k8s.api.apidiscovery.v2.APIVersionDiscovery', 'A version of a group.', () => ({
  version: string(1, 'Its name.', { required: true }),
  resources: list(of(apiResourceDiscovery), 2, 'What there is in it.', { listType: 'atomic' }),
  freshness: string(3, 'Current, or Stale where the server behind it could not be asked lately.'),
}));

const apiGroupDiscovery = message('io.k8s.api.apidiscovery.v2.APIGroupDiscovery', 'A group.', () => ({
  metadata: ref(objectMeta, 1, 'Its name.'),
  versions: list(of(apiVersionDiscovery), 2, 'Its versions, the preferred one first.', { listType: 'atomic' }),
}));

export const apiGroupDiscoveryList = message('io.k8s.api.apidiscovery.v2.APIGroupDiscoveryList', 'All groups.', () => ({
  metadata: ref(listMeta, 1, 'Nothing, as yet.'),
  items: list(of(apiGroupDiscovery), 2, 'The groups, in the order of preference.', { required: true }),
}));
