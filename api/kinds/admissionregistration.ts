import { apiVersionOf, type KindInfo } from '../kind-info.ts';
import { ALL_VERBS } from './verbs.ts';

export const mutatingwebhookconfigurations: KindInfo = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  resource: 'mutatingwebhookconfigurations',
  singular: 'mutatingwebhookconfiguration',
  namespaced: false,
  verbs: ALL_VERBS,
  categories: ['api-extensions'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Webhooks', type: 'integer', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const validatingadmissionpolicies: KindInfo = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  resource: 'validatingadmissionpolicies',
  singular: 'validatingadmissionpolicy',
  namespaced: false,
  verbs: ALL_VERBS,
  categories: ['api-extensions'],
  subresources: [{ name: 'status', kind: 'ValidatingAdmissionPolicy', verbs: ['get', 'patch', 'update'] }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Validations', type: 'integer', priority: 0 },
    { name: 'ParamKind', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const validatingadmissionpolicybindings: KindInfo = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  resource: 'validatingadmissionpolicybindings',
  singular: 'validatingadmissionpolicybinding',
  namespaced: false,
  verbs: ALL_VERBS,
  categories: ['api-extensions'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'PolicyName', type: 'string', priority: 0 },
    { name: 'ParamRef', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const validatingwebhookconfigurations: KindInfo = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  resource: 'validatingwebhookconfigurations',
  singular: 'validatingwebhookconfiguration',
  namespaced: false,
  verbs: ALL_VERBS,
  categories: ['api-extensions'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Webhooks', type: 'integer', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

// Served only when told to: `--runtime-config=admissionregistration.k8s.io/v1beta1=true`.

export const mutatingadmissionpolicies: KindInfo = {
  group: 'admissionregistration.k8s.io',
  version: 'v1beta1',
  writtenAs: 'admissionregistration.k8s.io/v1alpha1',
  kind: 'MutatingAdmissionPolicy',
  resource: 'mutatingadmissionpolicies',
  singular: 'mutatingadmissionpolicy',
  namespaced: false,
  verbs: ALL_VERBS,
  categories: ['api-extensions'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Mutations', type: 'integer', priority: 0 },
    { name: 'ParamKind', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const mutatingadmissionpolicybindings: KindInfo = {
  group: 'admissionregistration.k8s.io',
  version: 'v1beta1',
  writtenAs: 'admissionregistration.k8s.io/v1alpha1',
  kind: 'MutatingAdmissionPolicyBinding',
  resource: 'mutatingadmissionpolicybindings',
  singular: 'mutatingadmissionpolicybinding',
  namespaced: false,
  verbs: ALL_VERBS,
  categories: ['api-extensions'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'PolicyName', type: 'string', priority: 0 },
    { name: 'ParamRef', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

const alpha = (later: KindInfo): KindInfo => ({ ...later, version: 'v1alpha1', storedAs: apiVersionOf(later) });

export const mutatingadmissionpoliciesV1alpha1 = alpha(mutatingadmissionpolicies);
export const mutatingadmissionpolicybindingsV1alpha1 = alpha(mutatingadmissionpolicybindings);
