import type { KindInfo } from '../../api/index.ts';

/** Where everything lies in the store. */
export const REGISTRY_PREFIX = '/registry/';

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

/** `/registry/pods/`: what the keys of a kind begin with. */
export const kindPrefix = (info: KindInfo): string => `${REGISTRY_PREFIX}${PLACES[`${info.group}/${info.resource}`] ?? info.resource}/`;

/** `/registry/pods/default/a`, or `/registry/minions/a`. */
export const objectKey = (prefix: string, namespace: string, name: string): string =>
  namespace === '' ? prefix + name : `${prefix}${namespace}/${name}`;
