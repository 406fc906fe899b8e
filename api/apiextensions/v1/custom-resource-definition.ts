import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, bytes, int32, item, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { jsonSchemaProps } from './json-schema.ts';

export const customResourceColumnDefinition = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceColumnDefinition',
  '',
  () => ({
    name: string(1, '', { required: true }),
    type: string(2, '', { required: true }),
    format: string(3, ''),
    description: string(4, ''),
    priority: int32(5, ''),
    jsonPath: string(6, '', { required: true }),
  }),
);
export interface CustomResourceColumnDefinition extends Of<typeof customResourceColumnDefinition> {}

export const serviceReference = message('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference', '', () => ({
  namespace: string(1, '', { required: true }),
  name: string(2, '', { required: true }),
  path: string(3, '', { pointer: true }),
  port: int32(4, '', { pointer: true }),
}));
export interface ServiceReference extends Of<typeof serviceReference> {}

export const webhookClientConfig = message('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookClientConfig', '', () => ({
  url: string(3, '', { pointer: true }),
  service: ref(serviceReference, 1, '', { pointer: true }),
  caBundle: bytes(2, ''),
}));
export interface WebhookClientConfig extends Of<typeof webhookClientConfig> {}

export const webhookConversion = message('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookConversion', '', () => ({
  clientConfig: ref(webhookClientConfig, 2, '', { pointer: true }),
  conversionReviewVersions: list(item.string(), 3, '', { required: true, listType: 'atomic' }),
}));
export interface WebhookConversion extends Of<typeof webhookConversion> {}

export const customResourceConversion = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion',
  '',
  () => ({
    strategy: string(1, '', { required: true }),
    webhook: ref(webhookConversion, 2, '', { pointer: true }),
  }),
);
export interface CustomResourceConversion extends Of<typeof customResourceConversion> {}

export const customResourceDefinitionNames = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames',
  '',
  () => ({
    kind: string(4, '', { required: true }),
    plural: string(1, '', { required: true }),
    singular: string(2, ''),
    shortNames: list(item.string(), 3, '', { listType: 'atomic' }),
    listKind: string(5, ''),
    categories: list(item.string(), 6, '', { listType: 'atomic' }),
  }),
);
export interface CustomResourceDefinitionNames extends Of<typeof customResourceDefinitionNames> {}

export const customResourceValidation = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation',
  '',
  () => ({
    openAPIV3Schema: ref(jsonSchemaProps, 1, '', { pointer: true }),
  }),
);
export interface CustomResourceValidation extends Of<typeof customResourceValidation> {}

export const customResourceSubresourceStatus = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus',
  '',
  () => ({}),
);
export interface CustomResourceSubresourceStatus extends Of<typeof customResourceSubresourceStatus> {}

export const customResourceSubresourceScale = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceScale',
  '',
  () => ({
    specReplicasPath: string(1, '', { required: true }),
    statusReplicasPath: string(2, '', { required: true }),
    labelSelectorPath: string(3, '', { pointer: true }),
  }),
);
export interface CustomResourceSubresourceScale extends Of<typeof customResourceSubresourceScale> {}

export const customResourceSubresources = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources',
  '',
  () => ({
    status: ref(customResourceSubresourceStatus, 1, '', { pointer: true }),
    scale: ref(customResourceSubresourceScale, 2, '', { pointer: true }),
  }),
);
export interface CustomResourceSubresources extends Of<typeof customResourceSubresources> {}

export const selectableField = message('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.SelectableField', '', () => ({
  jsonPath: string(1, '', { required: true }),
}));
export interface SelectableField extends Of<typeof selectableField> {}

export const customResourceDefinitionVersion = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion',
  '',
  () => ({
    name: string(1, '', { required: true }),
    served: bool(2, '', { required: true }),
    storage: bool(3, '', { required: true }),
    deprecated: bool(7, ''),
    deprecationWarning: string(8, '', { pointer: true }),
    schema: ref(customResourceValidation, 4, '', { pointer: true }),
    subresources: ref(customResourceSubresources, 5, '', { pointer: true }),
    additionalPrinterColumns: list(of(customResourceColumnDefinition), 6, '', { listType: 'atomic' }),
    selectableFields: list(of(selectableField), 9, '', { listType: 'atomic' }),
  }),
);
export interface CustomResourceDefinitionVersion extends Of<typeof customResourceDefinitionVersion> {}

export const customResourceDefinitionSpec = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec',
  '',
  () => ({
    group: string(1, '', { required: true }),
    names: ref(customResourceDefinitionNames, 3, '', { required: true }),
    scope: string(4, '', { required: true }),
    versions: list(of(customResourceDefinitionVersion), 7, '', { required: true, listType: 'atomic' }),
    conversion: ref(customResourceConversion, 9, '', { pointer: true }),
    preserveUnknownFields: bool(10, ''),
  }),
);
export interface CustomResourceDefinitionSpec extends Of<typeof customResourceDefinitionSpec> {}

export const customResourceDefinitionCondition = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition',
  '',
  () => ({
    type: string(1, '', { required: true }),
    status: string(2, '', { required: true }),
    lastTransitionTime: time(3, ''),
    reason: string(4, ''),
    message: string(5, ''),
  }),
);
export interface CustomResourceDefinitionCondition extends Of<typeof customResourceDefinitionCondition> {}

export const customResourceDefinitionStatus = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus',
  '',
  () => ({
    conditions: list(of(customResourceDefinitionCondition), 1, '', { always: true, listType: 'map', listMapKeys: ['type'] }),
    acceptedNames: ref(customResourceDefinitionNames, 2, ''),
    storedVersions: list(item.string(), 3, '', { always: true, listType: 'atomic' }),
  }),
);
export interface CustomResourceDefinitionStatus extends Of<typeof customResourceDefinitionStatus> {}

export const customResourceDefinition = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  '',
  () => ({
    apiVersion: string(undefined, ''),
    kind: string(undefined, ''),
    metadata: ref(objectMeta, 1, '', { present: true }),
    spec: ref(customResourceDefinitionSpec, 2, '', { required: true }),
    status: ref(customResourceDefinitionStatus, 3, '', { present: true }),
  }),
);
export interface CustomResourceDefinition extends Of<typeof customResourceDefinition> {}
