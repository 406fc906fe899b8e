import type { KindInfo } from '../kind-info.ts';
import { ALL_VERBS } from './verbs.ts';

export const ingressclasses: KindInfo = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  resource: 'ingressclasses',
  singular: 'ingressclass',
  namespaced: false,
  verbs: ALL_VERBS,
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Controller', type: 'string', priority: 0 },
    { name: 'Parameters', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const ingresses: KindInfo = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  resource: 'ingresses',
  singular: 'ingress',
  namespaced: true,
  verbs: ALL_VERBS,
  shortNames: ['ing'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'], kind: 'Ingress' }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Class', type: 'string', priority: 0 },
    { name: 'Hosts', type: 'string', priority: 0 },
    { name: 'Address', type: 'string', priority: 0 },
    { name: 'Ports', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const ipaddresses: KindInfo = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  resource: 'ipaddresses',
  singular: 'ipaddress',
  namespaced: false,
  verbs: ALL_VERBS,
  shortNames: ['ip'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'ParentRef', type: 'string', priority: 0 },
  ],
};

export const networkpolicies: KindInfo = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
  singular: 'networkpolicy',
  namespaced: true,
  verbs: ALL_VERBS,
  shortNames: ['netpol'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Pod-Selector', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const servicecidrs: KindInfo = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  resource: 'servicecidrs',
  singular: 'servicecidr',
  namespaced: false,
  verbs: ALL_VERBS,
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'], kind: 'ServiceCIDR' }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'CIDRs', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};
