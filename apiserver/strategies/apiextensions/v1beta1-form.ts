// Definitions as apiextensions.k8s.io/v1beta1 had them, which kube-apiserver still stores them as. Upstream: apiextensions-apiserver,
// `pkg/apis/apiextensions/v1/conversion.go` (from the internal version, which is v1beta1's form), `pkg/apis/apiextensions/v1beta1/defaults.go`.
import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  KubeObject,
  WebhookConversion,
} from '../../../api/index.ts';
import { apiextensionsKinds } from '../../../api/index.ts';
import { normalForm } from '../normal-form.ts';

/** A column names its path in capitals there. */
type Column = Omit<NonNullable<CustomResourceDefinitionVersion['additionalPrinterColumns']>[number], 'jsonPath'> & { JSONPath?: string };

/** What all versions have in common is said once, beside them. */
type Common = Pick<CustomResourceDefinitionVersion, 'subresources' | 'selectableFields'> & {
  additionalPrinterColumns?: Column[];
};

type Conversion = Pick<CustomResourceConversion, 'strategy'> &
  Pick<Partial<WebhookConversion>, 'conversionReviewVersions'> & { webhookClientConfig?: WebhookConversion['clientConfig'] };

type Version = Omit<CustomResourceDefinitionVersion, 'additionalPrinterColumns'> & Common;

type Spec = Omit<CustomResourceDefinition['spec'], 'versions' | 'conversion'> &
  Common & { version?: string; versions?: Version[]; validation?: CustomResourceDefinitionVersion['schema']; conversion?: Conversion };

/** The same definition in v1. It leaves the one it is given as it is. */
export function fromV1beta1(object: KubeObject): CustomResourceDefinition {
  const { spec, ...others } = object as unknown as Omit<CustomResourceDefinition, 'spec'> & { spec: Spec };
  const { version = '', versions, validation, subresources, additionalPrinterColumns, selectableFields, conversion, ...rest } = spec;
  const listed = versions?.length ? versions : [{ name: version, served: true, storage: true }];
  const common = { subresources, schema: validation, additionalPrinterColumns, selectableFields };
  return normalForm(apiextensionsKinds.customresourcedefinitions, {
    ...others,
    spec: {
      ...rest,
      preserveUnknownFields: rest.preserveUnknownFields ?? true,
      versions: listed.map((each) => versionOf({ ...each, ...present(common) })),
      conversion: conversion && conversionOf(conversion),
    },
  });
}

const present = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

const versionOf = ({ additionalPrinterColumns, ...version }: Version): CustomResourceDefinitionVersion => ({
  ...version,
  additionalPrinterColumns: additionalPrinterColumns?.map(({ JSONPath = '', ...column }) => ({ ...column, jsonPath: JSONPath })),
});

function conversionOf({ strategy, webhookClientConfig, conversionReviewVersions }: Conversion): CustomResourceConversion {
  if (!webhookClientConfig && !conversionReviewVersions) return { strategy };
  return { strategy, webhook: { clientConfig: webhookClientConfig, conversionReviewVersions: conversionReviewVersions ?? [] } };
}
