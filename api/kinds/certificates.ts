import type { KindInfo } from '../kind-info.ts';
import { ALL_VERBS } from './verbs.ts';

export const certificatesigningrequests: KindInfo = {
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  resource: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  namespaced: false,
  verbs: ALL_VERBS,
  shortNames: ['csr'],
  subresources: [
    { name: 'approval', kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] },
    { name: 'status', kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] },
  ],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
    { name: 'SignerName', type: 'string', priority: 0 },
    { name: 'Requestor', type: 'string', priority: 0 },
    { name: 'RequestedDuration', type: 'string', priority: 0 },
    { name: 'Condition', type: 'string', priority: 0 },
  ],
};
