import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, bytes, int32, item, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { jsonSchemaProps } from './json-schema.ts';

export const customResourceColumnDefinition = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceColumnDefinition',
  'A column that kubectl get shows.',
  () => ({
    name: string(1, 'Heading of the column.', { required: true }),
    type: string(2, 'OpenAPI type: string, integer, number, boolean or date.', { required: true }),
    format: string(3, "OpenAPI format; name marks the column with the object's name."),
    description: string(4, 'What the column means.'),
    priority: int32(5, '0 is shown always, more only with -o wide.'),
    jsonPath: string(6, 'Where in the object the value is, such as .spec.size.', { required: true }),
  }),
);
export interface CustomResourceColumnDefinition extends Of<typeof customResourceColumnDefinition> {}

export const serviceReference = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference',
  'A service that serves a conversion webhook.',
  () => ({
    namespace: string(1, 'Namespace of the service.', { required: true }),
    name: string(2, 'Name of the service.', { required: true }),
    path: string(3, 'Path to send requests to.', { pointer: true }),
    port: int32(4, 'Port of the service; 443 unless given.', { pointer: true }),
  }),
);
export interface ServiceReference extends Of<typeof serviceReference> {}

export const webhookClientConfig = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookClientConfig',
  'How to call a conversion webhook; either url or service.',
  () => ({
    url: string(3, 'URL of the webhook, with https and without user, query or fragment.', { pointer: true }),
    service: ref(serviceReference, 1, 'Service in the cluster that serves the webhook.', { pointer: true }),
    caBundle: bytes(2, "Authorities to check the webhook's certificate with, in PEM; the system's unless given."),
  }),
);
export interface WebhookClientConfig extends Of<typeof webhookClientConfig> {}

export const webhookConversion = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookConversion',
  'A webhook that converts objects between versions.',
  () => ({
    clientConfig: ref(webhookClientConfig, 2, 'How to call it.', { pointer: true }),
    conversionReviewVersions: list(item.string(), 3, 'Versions of ConversionReview it understands, the preferred first.', {
      required: true,
      listType: 'atomic',
    }),
  }),
);
export interface WebhookConversion extends Of<typeof webhookConversion> {}

export const customResourceConversion = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion',
  'How objects get from one version to another.',
  () => ({
    strategy: string(1, 'None (the default) changes only apiVersion; Webhook calls one.', { required: true }),
    webhook: ref(webhookConversion, 2, 'How to call the webhook; required with Webhook.', { pointer: true }),
  }),
);
export interface CustomResourceConversion extends Of<typeof customResourceConversion> {}

export const customResourceDefinitionNames = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames',
  'What a custom resource is called.',
  () => ({
    plural: string(1, 'Plural name as it stands in URLs, in lower case.', { required: true }),
    singular: string(2, 'Singular name; the kind in lower case unless given.'),
    shortNames: list(item.string(), 3, 'Abbreviations that kubectl understands.', { listType: 'atomic' }),
    kind: string(4, 'Kind of the objects, in CamelCase and the singular.', { required: true }),
    listKind: string(5, 'Kind of their list; the kind with List added unless given.'),
    categories: list(item.string(), 6, 'Names for sets of resources it belongs to, such as all.', { listType: 'atomic' }),
  }),
);
export interface CustomResourceDefinitionNames extends Of<typeof customResourceDefinitionNames> {}

export const customResourceValidation = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation',
  'What objects of a version must look like.',
  () => ({
    openAPIV3Schema: ref(jsonSchemaProps, 1, 'Their schema; fields it does not know are dropped.', { pointer: true }),
  }),
);
export interface CustomResourceValidation extends Of<typeof customResourceValidation> {}

export const customResourceSubresourceStatus = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus',
  'Gives objects a status subresource, written apart from the rest.',
  () => ({}),
);
export interface CustomResourceSubresourceStatus extends Of<typeof customResourceSubresourceStatus> {}

export const customResourceSubresourceScale = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceScale',
  'Gives objects a scale subresource, so that they can be scaled.',
  () => ({
    specReplicasPath: string(1, 'Path of the number wanted, such as .spec.replicas.', { required: true }),
    statusReplicasPath: string(2, 'Path of the number there is, such as .status.replicas.', { required: true }),
    labelSelectorPath: string(3, 'Path of a selector as text, such as .status.selector; autoscalers need it.', { pointer: true }),
  }),
);
export interface CustomResourceSubresourceScale extends Of<typeof customResourceSubresourceScale> {}

export const customResourceSubresources = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources',
  'Which subresources objects have.',
  () => ({
    status: ref(customResourceSubresourceStatus, 1, 'Splits status off: it is written through /status only, and spec not through it.', {
      pointer: true,
    }),
    scale: ref(customResourceSubresourceScale, 2, 'Offers /scale.', { pointer: true }),
  }),
);
export interface CustomResourceSubresources extends Of<typeof customResourceSubresources> {}

export const selectableField = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.SelectableField',
  'A field by which objects can be selected.',
  () => ({
    jsonPath: string(1, 'Path of the field, such as .spec.color; a string, boolean or integer.', { required: true }),
  }),
);
export interface SelectableField extends Of<typeof selectableField> {}

export const customResourceDefinitionVersion = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion',
  'One version of a custom resource.',
  () => ({
    name: string(1, 'Name of the version, such as v1 or v1beta1.', { required: true }),
    served: bool(2, 'True offers it in the API.', { required: true }),
    storage: bool(3, 'True stores objects in it; exactly one version does.', { required: true }),
    deprecated: bool(7, 'True warns clients that use it; false unless given.'),
    deprecationWarning: string(8, 'Text of that warning; a standard one unless given.', { pointer: true }),
    schema: ref(customResourceValidation, 4, 'What objects must look like.', { pointer: true }),
    subresources: ref(customResourceSubresources, 5, 'Which subresources objects have; none unless given.', { pointer: true }),
    additionalPrinterColumns: list(of(customResourceColumnDefinition), 6, 'Columns that kubectl get shows; the age unless given.', {
      listType: 'atomic',
    }),
    selectableFields: list(of(selectableField), 9, 'Fields by which objects can be selected; at most 8.', { listType: 'atomic' }),
  }),
);
export interface CustomResourceDefinitionVersion extends Of<typeof customResourceDefinitionVersion> {}

export const customResourceDefinitionSpec = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec',
  "A kind of one's own: its names, scope and versions.",
  () => ({
    group: string(1, 'API group, such as example.com; the object must be called PLURAL.GROUP.', { required: true }),
    names: ref(customResourceDefinitionNames, 3, 'What it is called.', { required: true }),
    scope: string(4, 'Cluster or Namespaced.', { required: true }),
    versions: list(of(customResourceDefinitionVersion), 7, 'Its versions, in any order.', {
      required: true,
      keepsEmpty: true,
      listType: 'atomic',
    }),
    conversion: ref(customResourceConversion, 9, 'How objects get from one version to another.', { pointer: true }),
    preserveUnknownFields: bool(10, 'Must be false; set x-kubernetes-preserve-unknown-fields in the schema instead.'),
  }),
);
export interface CustomResourceDefinitionSpec extends Of<typeof customResourceDefinitionSpec> {}

export const customResourceDefinitionCondition = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition',
  'One aspect: Established, NamesAccepted, NonStructuralSchema or Terminating.',
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastTransitionTime: time(3, 'When status last went from one value to another.'),
    reason: string(4, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(5, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface CustomResourceDefinitionCondition extends Of<typeof customResourceDefinitionCondition> {}

export const customResourceDefinitionStatus = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus',
  'How far the server has taken up a custom resource.',
  () => ({
    // Definitions lie in upstream's store as JSON, where an empty list stays one.
    conditions: list(of(customResourceDefinitionCondition), 1, 'Whether it is served, and what stands in the way.', {
      always: true,
      keepsEmpty: true,
      listType: 'map',
      listMapKeys: ['type'],
    }),
    acceptedNames: ref(customResourceDefinitionNames, 2, 'The names in use, which differ from those wanted in case of a clash.'),
    storedVersions: list(item.string(), 3, 'Every version objects were ever stored in; remove one only after migrating them.', {
      always: true,
      listType: 'atomic',
    }),
  }),
);
export interface CustomResourceDefinitionStatus extends Of<typeof customResourceDefinitionStatus> {}

export const customResourceDefinition = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  "Adds a kind of one's own to the API.",
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(customResourceDefinitionSpec, 2, "The kind's names, scope and versions.", { required: true }),
    status: ref(customResourceDefinitionStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface CustomResourceDefinition extends Of<typeof customResourceDefinition> {}
