import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceSubresources,
  CustomResourceValidation,
  JSONSchemaProps,
  SelectableField,
  WebhookClientConfig,
} from '../../../api/index.ts';
import { anySchema } from '../../custom-resources/schema/index.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';

/** What may be said for each version, or once for all. */
export interface PerVersion {
  readonly schema: CustomResourceValidation | undefined;
  readonly subresources: CustomResourceSubresources | undefined;
  readonly columns: readonly CustomResourceColumnDefinition[];
  readonly selectableFields: readonly SelectableField[];
}

export interface InternalVersion extends PerVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated: boolean;
  readonly deprecationWarning: string | undefined;
}

export interface InternalConversion {
  readonly strategy: string;
  readonly clientConfig: WebhookClientConfig | undefined;
  readonly reviewVersions: readonly string[];
}

/**
 * A CRD's spec as upstream validates it. What all versions say alike stands at the top and not in the versions, which is how paths such as
 * `spec.validation.openAPIV3Schema` come about.
 */
export interface InternalSpec {
  readonly group: string;
  /** The first version's name. */
  readonly version: string;
  readonly names: CustomResourceDefinitionNames;
  readonly scope: string;
  readonly shared: PerVersion;
  readonly versions: readonly InternalVersion[];
  /** Whether there is a list of versions, be it an empty one. */
  readonly hasVersions: boolean;
  readonly conversion: InternalConversion | undefined;
  readonly preserveUnknownFields: boolean;
}

const NOTHING: PerVersion = { schema: undefined, subresources: undefined, columns: [], selectableFields: [] };

/** Upstream's conversion from v1 (`pkg/apis/apiextensions/v1/conversion.go`). */
export function internalSpec({ spec }: CustomResourceDefinition): InternalSpec {
  const versions = (spec.versions ?? []).map(
    (version): InternalVersion => ({
      name: version.name,
      served: version.served,
      storage: version.storage,
      deprecated: version.deprecated ?? false,
      deprecationWarning: version.deprecationWarning,
      schema: version.schema,
      subresources: version.subresources,
      columns: version.additionalPrinterColumns ?? [],
      selectableFields: version.selectableFields ?? [],
    }),
  );
  const shared = sharedBy(versions);
  return {
    group: spec.group,
    version: versions[0]?.name ?? '',
    names: spec.names,
    scope: spec.scope,
    shared: { ...NOTHING, ...shared },
    versions: versions.map((version) => ({ ...version, ...emptied(shared) })),
    hasVersions: spec.versions !== undefined && spec.versions !== null,
    conversion: spec.conversion && {
      strategy: spec.conversion.strategy,
      clientConfig: spec.conversion.webhook?.clientConfig,
      reviewVersions: spec.conversion.webhook?.conversionReviewVersions ?? [],
    },
    preserveUnknownFields: spec.preserveUnknownFields ?? false,
  };
}

/** What all versions say alike. */
function sharedBy(versions: readonly InternalVersion[]): Partial<PerVersion> {
  const [first, ...others] = versions;
  if (!first) return {};
  const isShared = (name: keyof PerVersion): boolean => others.every((other) => semanticEqual(other[name], first[name]));
  return {
    ...(isShared('schema') ? { schema: first.schema } : {}),
    ...(isShared('subresources') ? { subresources: first.subresources } : {}),
    ...(isShared('columns') ? { columns: first.columns } : {}),
    ...(isShared('selectableFields') ? { selectableFields: first.selectableFields } : {}),
  };
}

const emptied = (shared: Partial<PerVersion>): Partial<PerVersion> => ({
  ...('schema' in shared ? { schema: undefined } : {}),
  ...('subresources' in shared ? { subresources: undefined } : {}),
  ...('columns' in shared ? { columns: [] } : {}),
  ...('selectableFields' in shared ? { selectableFields: [] } : {}),
});

/** Every schema in a spec. */
export const schemasOf = ({ shared, versions }: InternalSpec): JSONSchemaProps[] =>
  [shared, ...versions].flatMap(({ schema }) => schema?.openAPIV3Schema ?? []);

/** Whether something holds for a schema of a spec, or for any inside one. */
export const anySchemaOf = (spec: InternalSpec, holds: (schema: JSONSchemaProps) => boolean): boolean =>
  schemasOf(spec).some((schema) => anySchema(schema, holds));

/** The schema of a version, wherever it stands. */
export const schemaOfVersion = ({ shared, versions }: InternalSpec, name: string): CustomResourceValidation | undefined =>
  versions.some(({ schema }) => schema) ? versions.find((version) => version.name === name)?.schema : shared.schema;
