// The rules of schemas (`x-kubernetes-validations`): typed, checked, and run on values.
import type { FieldError, JSONSchemaProps } from '../../api/index.ts';
import { evaluateDefaultRules, type SchemaPlace, validateSchemaRules } from './crd-rules.ts';

export { declaredType, nameTypes, structTypes } from './declared-type.ts';
export { RuleMetrics } from './rule-metrics.ts';
export { compileSchemaRules, type RuleOptions, type SchemaRules } from './schema-rules.ts';
export { evaluateDefaultRules, type SchemaPlace, validateSchemaRules };

/** What CRDs' validation asks of CEL. */
export const ruleChecks = {
  validateRules: (schema: JSONSchemaProps, place: SchemaPlace): readonly FieldError[] => validateSchemaRules(schema, place),
  evaluateDefault: evaluateDefaultRules,
};
