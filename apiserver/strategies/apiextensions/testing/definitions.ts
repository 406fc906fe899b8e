import { apiextensionsKinds, type CustomResourceDefinition, type JSONSchemaProps } from '../../../../api/index.ts';
import { StrategyHarness } from '../../testing/harness.ts';
import { customResourceDefinitionStrategy } from '../custom-resource-definition.ts';
import type { RuleChecks } from '../validation-options.ts';

/** Runs the strategy of CRDs. */
export const harness = (checks?: RuleChecks) =>
  new StrategyHarness<CustomResourceDefinition>(customResourceDefinitionStrategy(checks), apiextensionsKinds.customresourcedefinitions);

/** A schema that is fine. */
export const OBJECT: JSONSchemaProps = { type: 'object', properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } } };

type Version = Record<string, unknown>;

/** A version that is stored. */
export const version = (name: string, schema: unknown = OBJECT, more: Version = {}): Version => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  ...more,
});

/** A CRD with these versions. */
export const crd = (versions: readonly Version[], more: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) => ({
  metadata: { name: 'widgets.example.com', namespace: undefined, ...metadata },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions,
    ...more,
  },
});

/** A CRD with one version of this schema. */
export const withSchema = (schema: unknown, more: Version = {}) => crd([version('v1', schema, more)]);

/** A CRD of objects with these fields under spec. */
export const withSpec = (properties: Record<string, unknown>) =>
  withSchema({ type: 'object', properties: { spec: { type: 'object', properties } } });

/** Where a schema is when all versions have it. */
export const AT = 'spec.validation.openAPIV3Schema';
export const SPEC = `${AT}.properties[spec]`;
