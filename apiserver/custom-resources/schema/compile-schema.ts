import type { FieldError, JSONSchemaProps } from '../../../api/index.ts';
import { cloneJson, isObject, type JsonObject } from '../../../api/schema.ts';
import { applyTypeOfSchema } from './apply-type.ts';
import type { CompileOptions, CustomSchema } from './custom-schema.ts';
import { compileDefaulter } from './defaulter.ts';
import { compileCoercer, compileEmbeddedValidator } from './embedded.ts';
import { compileListTypes } from './list-types.ts';
import { withPrunedDefaults } from './pruned-defaults.ts';
import { compileNullDropper, compilePruner } from './pruner.ts';
import { publishedSchema } from './published-schema.ts';
import { anyStructural, propertyOf, structuralProblem } from './structural.ts';
import { validateStructural } from './structural-validation.ts';
import { Correlation } from './values/correlation.ts';
import { toFieldErrors } from './values/result.ts';
import { ValueNode } from './values/value-node.ts';

/**
 * Compiles the schema of one version of a custom resource.
 *
 * @param schema `spec.versions[*].schema.openAPIV3Schema`, structural; undefined where an old CRD has none.
 */
export function compileSchema(schema: JSONSchemaProps | undefined, { preserveUnknownFields = false }: CompileOptions = {}): CustomSchema {
  const structure = schema ?? {};
  const checks = compileChecks(structure);
  // Only what keeps everything may be of another form: it is checked against, and else known to nobody.
  const known = schema && (!preserveUnknownFields || isStructural(schema)) ? schema : undefined;
  return {
    ...compileReading(schema, preserveUnknownFields),
    ...checks,
    validate: (object, old) => [
      ...checks.validateValues(object, old),
      ...checks.validateEmbedded(object),
      ...checks.validateListTypes(object, old),
    ],
    defaultsStatus: propertyOf(structure, 'status')?.default !== undefined,
    applyType: applyTypeOfSchema(known, preserveUnknownFields),
    openApiV3: () => publishedSchema(known, 'v3', preserveUnknownFields),
    openApiV2: () => publishedSchema(known, 'v2', preserveUnknownFields),
    hasRules: anyStructural(structure, (node) => (node['x-kubernetes-validations']?.length ?? 0) > 0),
  };
}

const isStructural = (schema: JSONSchemaProps): boolean =>
  structuralProblem(schema) === undefined && validateStructural(schema, '').length === 0;

/** What brings an object into form. */
function compileReading(
  schema: JSONSchemaProps | undefined,
  preserveUnknownFields: boolean,
): Pick<CustomSchema, 'prune' | 'unknownFields' | 'setDefaults'> {
  const pruneFields = preserveUnknownFields ? undefined : compilePruner(schema);
  const dropNulls = schema && !preserveUnknownFields ? compileNullDropper(schema) : undefined;
  const coerce = schema && compileCoercer(schema);
  const setDefaults = schema && compileDefaulter(withPrunedDefaults(schema));

  const prune: CustomSchema['prune'] = (object, { dropInvalid = false } = {}) => {
    const unknown: string[] = [];
    pruneFields?.(object, { path: [], unknown, removes: true });
    dropNulls?.(object);
    const inMetadata: string[] = [];
    coerce?.(object, { path: '', dropInvalid, unknown: inMetadata });
    return unknown.length + inMetadata.length === 0 ? unknown : [...unknown.sort(), ...inMetadata.sort()];
  };
  return {
    prune,
    unknownFields: (object) => prune(cloneJson(object), { dropInvalid: true }).map((path) => `unknown field "${path}"`),
    setDefaults: (object) => setDefaults?.(object),
  };
}

type Checks = Pick<CustomSchema, 'validateValues' | 'validateStatusValues' | 'validateEmbedded' | 'validateListTypes'>;

/** What finds what is wrong with an object. */
function compileChecks(schema: JSONSchemaProps): Checks {
  const root = new ValueNode(schema);
  const status = propertyOf(schema, 'status');
  const statusNode = status && new ValueNode(status);
  const embedded = compileEmbeddedValidator(schema);
  const listTypes = compileListTypes(schema);

  const listErrors = (object: JsonObject): FieldError[] => listTypes?.(object, '') ?? [];
  return {
    validateValues: (object, old) => toFieldErrors(root.problems(object, old && new Correlation(object, old, schema)), undefined),
    validateStatusValues: (object, old) => {
      if (!status || !statusNode || !Object.hasOwn(object, 'status')) return [];
      const correlation = new Correlation(object.status, old.status, status);
      return toFieldErrors(statusNode.problems(object.status, correlation), 'status');
    },
    validateEmbedded: (object) => embedded?.(object, '') ?? [],
    validateListTypes: (object, old) => {
      const errors = listErrors(object);
      return errors.length > 0 && old && isObject(old) && listErrors(old).length > 0 ? [] : errors;
    },
  };
}
