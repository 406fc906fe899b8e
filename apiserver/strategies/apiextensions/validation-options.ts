import type { CustomResourceDefinition, FieldError, JSONSchemaProps } from '../../../api/index.ts';
import { equalJson } from '../../../api/schema.ts';
import { anySchema, structuralProblem, validateStructural, withPrunedDefaults } from '../../custom-resources/schema/index.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { validateCaBundle } from '../../validation/webhook.ts';
import { type ConversionOptions, speaksKnownReview } from './conversion-validation.ts';
import { anySchemaOf, type InternalSpec, internalSpec, schemaOfVersion, schemasOf } from './internal-spec.ts';
import { hasCompoundSetItems, mapItemErrors, type SchemaOptions } from './schema-validation.ts';

/** What the compilation of a schema's CEL rules has to know of its place. */
export interface RuleContext {
  /** Path of the schema. */
  readonly path: string;
  /** Whether something is wrong with the schema at a path or below it: rules there are not looked at. */
  readonly hasSchemaErrors: (path: string) => boolean;
  /** Expressions that were there before the update, which are compiled as they were then. */
  readonly existing: ExistingExpressions;
  /** The schema did not change: what an expression costs is not complained of. */
  readonly ignoresExpressionCost: boolean;
}

export interface ExistingExpressions {
  readonly rules: ReadonlySet<string>;
  readonly messageExpressions: ReadonlySet<string>;
}

/** What CEL says of a CRD; it is asked where upstream asks it. */
export interface RuleChecks {
  /** What is wrong with the rules of a schema that is structural and whose defaults are fine; comes after the schema's own errors. */
  validateRules?(schema: JSONSchemaProps, context: RuleContext): readonly FieldError[];
  /** What the rules at and below a schema say of its default. */
  evaluateDefault?(schema: JSONSchemaProps, value: unknown, path: string): readonly FieldError[];
}

/** How strict validation is: what was let through once may stay. Upstream's `validationOptions`. */
export interface ValidationOptions extends SchemaOptions, ConversionOptions, RuleChecks {
  readonly requireSchema: boolean;
  readonly requireStructural: boolean;
  readonly requirePrunedDefaults: boolean;
  readonly requireImmutableNames: boolean;
  readonly existing: ExistingExpressions;
  /** Names of the versions whose schema is as it was. */
  readonly unchanged: ReadonlySet<string>;
}

/** For a new CRD. */
export const createOptions = (checks: RuleChecks): ValidationOptions => ({
  ...checks,
  requireSchema: true,
  requireStructural: true,
  requirePrunedDefaults: true,
  requireImmutableNames: false,
  requireValidType: true,
  requireAtomicSet: true,
  requireMapKeys: true,
  requireKnownReview: true,
  allowInvalidCaBundle: true,
  existing: { rules: new Set(), messageExpressions: new Set() },
  unchanged: new Set(),
});

/** For an update. */
export function updateOptions(spec: InternalSpec, old: CustomResourceDefinition, checks: RuleChecks): ValidationOptions {
  const oldSpec = internalSpec(old);
  return {
    ...checks,
    requireSchema: hasAllSchemas(oldSpec),
    requireStructural: !schemasOf(oldSpec).some(isNonStructural),
    requirePrunedDefaults: !schemasOf(oldSpec).some(hasUnprunedDefaults),
    requireImmutableNames: isEstablished(old),
    requireValidType: !anySchemaOf(oldSpec, hasUnknownType),
    requireAtomicSet: !anySchemaOf(oldSpec, hasCompoundSetItems),
    requireMapKeys: !anySchemaOf(oldSpec, (schema) => mapItemErrors(schema, '').length > 0),
    requireKnownReview: speaksKnownReview(oldSpec.conversion?.reviewVersions ?? []),
    allowInvalidCaBundle: mayHaveInvalidCaBundle(old, oldSpec),
    existing: expressionsIn(oldSpec),
    unchanged: unchangedVersions(spec, oldSpec),
  };
}

export const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false;

const hasAllSchemas = ({ shared, versions }: InternalSpec): boolean =>
  shared.schema?.openAPIV3Schema !== undefined || versions.every(({ schema }) => schema?.openAPIV3Schema !== undefined);

const isNonStructural = (schema: JSONSchemaProps): boolean =>
  structuralProblem(schema) !== undefined || validateStructural(schema, '').length > 0;

const hasDefault = ({ default: value }: JSONSchemaProps): boolean => value !== undefined && value !== null;

const hasUnprunedDefaults = (schema: JSONSchemaProps): boolean =>
  anySchema(schema, hasDefault) && !isNonStructural(schema) && !equalJson(withPrunedDefaults(schema), schema);

const TYPES: ReadonlySet<string> = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);

const hasUnknownType = ({ type }: JSONSchemaProps): boolean => !!type && !TYPES.has(type);

/** Authorities are looked at once a CRD is in use, and then only if they were good before. */
function mayHaveInvalidCaBundle(old: CustomResourceDefinition, { conversion }: InternalSpec): boolean {
  if (!isEstablished(old)) return true;
  const bundle = conversion?.clientConfig?.caBundle ?? '';
  return bundle !== '' && validateCaBundle(bundle, '').length > 0;
}

function expressionsIn(spec: InternalSpec): ExistingExpressions {
  const rules = new Set<string>();
  const messageExpressions = new Set<string>();
  anySchemaOf(spec, (schema) => {
    for (const { rule, messageExpression } of schema['x-kubernetes-validations'] ?? []) {
      rules.add(rule);
      if (messageExpression) messageExpressions.add(messageExpression);
    }
    return false;
  });
  return { rules, messageExpressions };
}

const unchangedVersions = (spec: InternalSpec, old: InternalSpec): ReadonlySet<string> =>
  new Set(
    spec.versions
      .map(({ name }) => name)
      .filter((name) => old.versions.some((version) => version.name === name))
      .filter((name) => semanticEqual(schemaOfVersion(spec, name), schemaOfVersion(old, name))),
  );
