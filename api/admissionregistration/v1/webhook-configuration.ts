import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { bytes, int32, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { matchCondition, ruleWithOperations } from './match.ts';

export const serviceReference = message('io.k8s.api.admissionregistration.v1.ServiceReference', 'A service that serves a webhook.', () => ({
  namespace: string(1, 'Namespace of the service.', { required: true }),
  name: string(2, 'Name of the service.', { required: true }),
  path: string(3, 'Path to send requests to.', { pointer: true }),
  port: int32(4, 'Port of the service; 443 unless given.', { pointer: true }),
}));
export interface ServiceReference extends Of<typeof serviceReference> {}

export const webhookClientConfig = message(
  'io.k8s.api.admissionregistration.v1.WebhookClientConfig',
  'How to call a webhook; either url or service.',
  () => ({
    url: string(3, 'URL of the webhook, with https and without user, query or fragment.', { pointer: true }),
    service: ref(serviceReference, 1, 'Service in the cluster that serves the webhook.', { pointer: true }),
    caBundle: bytes(2, "Authorities to check the webhook's certificate with, in PEM; the system's unless given."),
  }),
);
export interface WebhookClientConfig extends Of<typeof webhookClientConfig> {}

export const mutatingWebhook = message(
  'io.k8s.api.admissionregistration.v1.MutatingWebhook',
  'A webhook that may change requests.',
  () => ({
    name: string(1, 'Full name of the webhook, with at least three parts, such as image.example.com.', { required: true }),
    clientConfig: ref(webhookClientConfig, 2, 'How to call it.', { required: true }),
    rules: list(of(ruleWithOperations), 3, 'Requests it is called for; one matching rule is enough.', { listType: 'atomic' }),
    failurePolicy: string(4, 'When it cannot be called: Fail (the default) refuses the request, Ignore goes on.', {
      pointer: true,
      enum: ['Fail', 'Ignore'],
    }),
    matchPolicy: string(9, 'Equivalent (the default) also matches via other versions, converting; Exact only as written.', {
      pointer: true,
      enum: ['Equivalent', 'Exact'],
    }),
    namespaceSelector: ref(labelSelector, 5, 'Only objects in namespaces with these labels; all unless given.', { pointer: true }),
    objectSelector: ref(labelSelector, 11, 'Only objects with these labels, before or after the change; all unless given.', {
      pointer: true,
    }),
    sideEffects: string(6, 'None or NoneOnDryRun; whether calling it changes anything else. Required.', {
      required: true,
      nullable: true,
      enum: ['None', 'NoneOnDryRun', 'Some', 'Unknown'],
    }),
    timeoutSeconds: int32(7, 'Seconds to wait for its answer; 10 unless given, 1 to 30.', { pointer: true }),
    admissionReviewVersions: list(item.string(), 8, 'Versions of AdmissionReview it understands, the preferred first. Required.', {
      required: true,
      listType: 'atomic',
    }),
    reinvocationPolicy: string(10, 'Never (the default) calls it once; IfNeeded again if later ones changed the object.', {
      pointer: true,
    }),
    matchConditions: list(of(matchCondition), 12, 'Further tests, all of which must hold for it to be called; at most 64.', {
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategy: 'merge',
    }),
  }),
);
export interface MutatingWebhook extends Of<typeof mutatingWebhook> {}

export const mutatingWebhookConfiguration = message(
  'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration',
  'Webhooks that may change objects before they are stored.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    webhooks: list(of(mutatingWebhook), 2, 'The webhooks.', {
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategy: 'merge',
    }),
  }),
);
export interface MutatingWebhookConfiguration extends Of<typeof mutatingWebhookConfiguration> {}

export const validatingWebhook = message(
  'io.k8s.api.admissionregistration.v1.ValidatingWebhook',
  'A webhook that may refuse requests.',
  () => ({
    name: string(1, 'Full name of the webhook, with at least three parts, such as image.example.com.', { required: true }),
    clientConfig: ref(webhookClientConfig, 2, 'How to call it.', { required: true }),
    rules: list(of(ruleWithOperations), 3, 'Requests it is called for; one matching rule is enough.', { listType: 'atomic' }),
    failurePolicy: string(4, 'When it cannot be called: Fail (the default) refuses the request, Ignore goes on.', {
      pointer: true,
      enum: ['Fail', 'Ignore'],
    }),
    matchPolicy: string(9, 'Equivalent (the default) also matches via other versions, converting; Exact only as written.', {
      pointer: true,
      enum: ['Equivalent', 'Exact'],
    }),
    namespaceSelector: ref(labelSelector, 5, 'Only objects in namespaces with these labels; all unless given.', { pointer: true }),
    objectSelector: ref(labelSelector, 10, 'Only objects with these labels, before or after the change; all unless given.', {
      pointer: true,
    }),
    sideEffects: string(6, 'None or NoneOnDryRun; whether calling it changes anything else. Required.', {
      required: true,
      nullable: true,
      enum: ['None', 'NoneOnDryRun', 'Some', 'Unknown'],
    }),
    timeoutSeconds: int32(7, 'Seconds to wait for its answer; 10 unless given, 1 to 30.', { pointer: true }),
    admissionReviewVersions: list(item.string(), 8, 'Versions of AdmissionReview it understands, the preferred first. Required.', {
      required: true,
      listType: 'atomic',
    }),
    matchConditions: list(of(matchCondition), 11, 'Further tests, all of which must hold for it to be called; at most 64.', {
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategy: 'merge',
    }),
  }),
);
export interface ValidatingWebhook extends Of<typeof validatingWebhook> {}

export const validatingWebhookConfiguration = message(
  'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration',
  'Webhooks that may refuse objects before they are stored.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    webhooks: list(of(validatingWebhook), 2, 'The webhooks, which are called side by side.', {
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategy: 'merge',
    }),
  }),
);
export interface ValidatingWebhookConfiguration extends Of<typeof validatingWebhookConfiguration> {}
