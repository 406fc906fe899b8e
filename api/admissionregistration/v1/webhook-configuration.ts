import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { bytes, int32, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { matchCondition, ruleWithOperations } from './match.ts';

export const serviceReference = message('io.k8s.api.admissionregistration.v1.ServiceReference', '', () => ({
  namespace: string(1, '', { required: true }),
  name: string(2, '', { required: true }),
  path: string(3, '', { pointer: true }),
  port: int32(4, '', { pointer: true }),
}));
export interface ServiceReference extends Of<typeof serviceReference> {}

export const webhookClientConfig = message('io.k8s.api.admissionregistration.v1.WebhookClientConfig', '', () => ({
  url: string(3, '', { pointer: true }),
  service: ref(serviceReference, 1, '', { pointer: true }),
  caBundle: bytes(2, ''),
}));
export interface WebhookClientConfig extends Of<typeof webhookClientConfig> {}

export const mutatingWebhook = message('io.k8s.api.admissionregistration.v1.MutatingWebhook', '', () => ({
  name: string(1, '', { required: true }),
  clientConfig: ref(webhookClientConfig, 2, '', { required: true }),
  rules: list(of(ruleWithOperations), 3, '', { listType: 'atomic' }),
  failurePolicy: string(4, '', { pointer: true, enum: ['Fail', 'Ignore'] }),
  matchPolicy: string(9, '', { pointer: true, enum: ['Equivalent', 'Exact'] }),
  namespaceSelector: ref(labelSelector, 5, '', { pointer: true }),
  objectSelector: ref(labelSelector, 11, '', { pointer: true }),
  sideEffects: string(6, '', { required: true, nullable: true, enum: ['None', 'NoneOnDryRun', 'Some', 'Unknown'] }),
  timeoutSeconds: int32(7, '', { pointer: true }),
  admissionReviewVersions: list(item.string(), 8, '', { required: true, listType: 'atomic' }),
  reinvocationPolicy: string(10, '', { pointer: true }),
  matchConditions: list(of(matchCondition), 12, '', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
}));
export interface MutatingWebhook extends Of<typeof mutatingWebhook> {}

export const mutatingWebhookConfiguration = message('io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  webhooks: list(of(mutatingWebhook), 2, '', { listType: 'map', listMapKeys: ['name'], patchMergeKey: 'name', patchStrategy: 'merge' }),
}));
export interface MutatingWebhookConfiguration extends Of<typeof mutatingWebhookConfiguration> {}

export const validatingWebhook = message('io.k8s.api.admissionregistration.v1.ValidatingWebhook', '', () => ({
  name: string(1, '', { required: true }),
  clientConfig: ref(webhookClientConfig, 2, '', { required: true }),
  rules: list(of(ruleWithOperations), 3, '', { listType: 'atomic' }),
  failurePolicy: string(4, '', { pointer: true, enum: ['Fail', 'Ignore'] }),
  matchPolicy: string(9, '', { pointer: true, enum: ['Equivalent', 'Exact'] }),
  namespaceSelector: ref(labelSelector, 5, '', { pointer: true }),
  objectSelector: ref(labelSelector, 10, '', { pointer: true }),
  sideEffects: string(6, '', { required: true, nullable: true, enum: ['None', 'NoneOnDryRun', 'Some', 'Unknown'] }),
  timeoutSeconds: int32(7, '', { pointer: true }),
  admissionReviewVersions: list(item.string(), 8, '', { required: true, listType: 'atomic' }),
  matchConditions: list(of(matchCondition), 11, '', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
}));
export interface ValidatingWebhook extends Of<typeof validatingWebhook> {}

export const validatingWebhookConfiguration = message('io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  webhooks: list(of(validatingWebhook), 2, '', { listType: 'map', listMapKeys: ['name'], patchMergeKey: 'name', patchStrategy: 'merge' }),
}));
export interface ValidatingWebhookConfiguration extends Of<typeof validatingWebhookConfiguration> {}
