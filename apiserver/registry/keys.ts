import type { KindInfo } from '../../api/index.ts';

/** Where everything lies in the store, unless `--etcd-prefix` says otherwise. */
export const REGISTRY_ROOT = '/registry';

/** Kinds whose place in the store is not their resource's name: history that upstream keeps, and so do we (etcd can be shared). */
const PLACES: Readonly<Record<string, string>> = {
  '/nodes': 'minions',
  '/services': 'services/specs',
  '/endpoints': 'services/endpoints',
  '/replicationcontrollers': 'controllers',
  'networking.k8s.io/ingresses': 'ingress',
  'apiextensions.k8s.io/customresourcedefinitions': 'apiextensions.k8s.io/customresourcedefinitions',
  'apiregistration.k8s.io/apiservices': 'apiregistration.k8s.io/apiservices',
};

/** Where a built-in kind lies under the root: by its resource, mostly. */
export const kindPlace = (info: Pick<KindInfo, 'group' | 'resource'>): string => PLACES[`${info.group}/${info.resource}`] ?? info.resource;

/** `/registry/pods/`: what the keys of a kind begin with; `place` is where it lies, if not where upstream's built-in kinds do. */
export const kindPrefix = (info: KindInfo, root: string = REGISTRY_ROOT, place?: string): string => `${root}/${place ?? kindPlace(info)}/`;

/** `/registry/pods/default/a`, or `/registry/minions/a`. */
export const objectKey = (prefix: string, namespace: string, name: string): string =>
  namespace === '' ? prefix + name : `${prefix}${namespace}/${name}`;
