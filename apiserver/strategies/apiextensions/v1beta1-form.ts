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
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { normalForm } from '../normal-form.ts';

/** A column names its path in capitals there. */
type Column = Omit<NonNullable<CustomResourceDefinitionVersion['additionalPrinterColumns']>[number], 'jsonPath'> & { JSONPath?: string };

/** What all versions have in common is said once, beside them. */
type Common = Pick<CustomResourceDefinitionVersion, 'subresources' | 'selectableFields'> & {
  additionalPrinterColumns?: Column[];
};

type Conversion = Pick<CustomResourceConversion, 'strategy'> & {
  conversionReviewVersions?: string[] | undefined;
  webhookClientConfig?: WebhookConversion['clientConfig'];
};

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

/** The definition in v1beta1: what all versions say alike is said beside them, and the name of the first too. It leaves the one it is given as it is. */
export function toV1beta1({ spec, ...others }: CustomResourceDefinition): KubeObject {
  const { versions, conversion, preserveUnknownFields = false, ...rest } = spec;
  const [first] = versions;
  const alike = COMMON.filter((field) => versions.every((version) => semanticEqual(version[field], first?.[field])));
  const isAlike = (field: string): boolean => alike.some((each) => each === field);
  const { schema: validation, ...common } = fieldsOf(first, isAlike);
  const own = versions.map((version) => fieldsOf(version, (field) => !isAlike(field)));
  const said = present({ version: first?.name, validation, ...common, versions: own, conversion: conversion && conversionTo(conversion) });
  const object: object = { ...others, apiVersion: 'apiextensions.k8s.io/v1beta1', spec: { ...rest, ...said, preserveUnknownFields } };
  return object as KubeObject; // with the metadata of the definition
}

/** What versions may have in common. */
const COMMON = ['subresources', 'schema', 'additionalPrinterColumns', 'selectableFields'] as const;

/** Some fields of a version, with its columns as they are called there. */
function fieldsOf(version: Partial<CustomResourceDefinitionVersion> = {}, isWanted: (field: string) => boolean): Partial<Version> {
  const wanted: Partial<CustomResourceDefinitionVersion> = Object.fromEntries(Object.entries(version).filter(([field]) => isWanted(field)));
  const { additionalPrinterColumns: columns, ...fields } = wanted;
  return columns
    ? { ...fields, additionalPrinterColumns: columns.map(({ jsonPath: JSONPath, ...column }) => ({ ...column, JSONPath })) }
    : fields;
}

const conversionTo = ({ strategy, webhook }: CustomResourceConversion): Conversion => ({
  strategy,
  ...present({ webhookClientConfig: webhook?.clientConfig, conversionReviewVersions: webhook?.conversionReviewVersions }),
});

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
