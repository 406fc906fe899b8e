import type { KindInfo } from '../kind-info.ts';

/**
 * Custom resources cannot be defined yet, so this kind is read-only and has no objects. It is served because kubectl asks for the list
 * before it says that a kind is unknown.
 */
export const customresourcedefinitions: KindInfo = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  resource: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  namespaced: false,
  verbs: ['get', 'list', 'watch'],
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Created At', type: 'date', priority: 0 },
  ],
};
