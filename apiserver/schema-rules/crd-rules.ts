// What is wrong with the rules in a CRD's schema (apiextensions-apiserver, `pkg/apis/apiextensions/validation/validation.go`,
// `cel_validation.go`).
import { escapeName, fixedDouble } from '../../api/cel.ts';
import { type FieldError, fieldError, type JSONSchemaProps } from '../../api/index.ts';
import { additionalOf, itemsOf, propertiesOf } from '../custom-resources/schema/index.ts';
import { goRule } from '../strategies/apiextensions/go-forms.ts';
import { type DeclaredType, declaredType } from './declared-type.ts';
import { ESTIMATED_RULE_LIMIT, ESTIMATED_SCHEMA_LIMIT } from './limits.ts';
import { type CompiledRule, cardinality, compileRules } from './rule-compiler.ts';
import { compileSchemaRules } from './schema-rules.ts';

export interface SchemaPlace {
  /** Path of the schema. */
  readonly path: string;
  /** Whether something else is wrong with the schema at a path or below it: rules there are not looked at. */
  readonly hasSchemaErrors: (path: string) => boolean;
  /** The schema did not change: what one expression costs is not complained of. */
  readonly ignoresExpressionCost: boolean;
}

/** What is wrong with the rules of a structural schema, in upstream's order and words. */
export function validateSchemaRules(schema: JSONSchemaProps, place: SchemaPlace): FieldError[] {
  const checks = new RuleChecks(place);
  const types = schema['x-kubernetes-validations']?.length ? declaredType(schema, true) : undefined;
  checks.schema(schema, { path: place.path, types, count: 1, isRoot: true, uncorrelatable: undefined });
  return [...checks.errors, ...checks.totalErrors()];
}

/** What the rules of a schema say of its default, at first as if the default had been there before, then as if it were new. */
export function evaluateDefaultRules(schema: JSONSchemaProps, value: unknown, path: string): readonly FieldError[] {
  const rules = compileSchemaRules(schema, schema['x-kubernetes-embedded-resource'] === true);
  const errors = rules?.validate(value, value, { path }) ?? [];
  return errors.length > 0 ? errors : (rules?.validate(value, undefined, { path }) ?? []);
}

interface Visit {
  readonly path: string;
  /** The type, if a schema around or this one has rules; and this one can have a type. */
  readonly types: DeclaredType | undefined;
  /** How many such values there may be in an object; nothing if there is no limit. */
  readonly count: number | undefined;
  readonly isRoot: boolean;
  /** The innermost schema below which values before and after an update cannot be told to be the same. */
  readonly uncorrelatable: string | undefined;
}

interface Expensive {
  readonly path: string;
  readonly cost: number;
}

/** Rules below a hundredth of the limit are not named when all are too much; of the others the four that cost most are. */
const NAMED_COST_MIN = ESTIMATED_SCHEMA_LIMIT / 100;
const NAMED_MAX = 4;

/** Upstream's `MapIsCorrelatable`: of a type yet to come nobody knows. */
const CORRELATABLE_MAPS: ReadonlySet<string | undefined> = new Set([undefined, 'granular', 'atomic']);

class RuleChecks {
  readonly errors: FieldError[] = [];
  readonly #place: SchemaPlace;
  #total = 0;
  readonly #expensive: Expensive[] = [];

  constructor(place: SchemaPlace) {
    this.#place = place;
  }

  schema(schema: JSONSchemaProps, visit: Visit): void {
    const count = limitOf(schema, visit.count);
    const into = (part: JSONSchemaProps, path: string, types: DeclaredType | undefined, uncorrelatable = visit.uncorrelatable) =>
      this.schema(part, { path, types: types ?? ownType(part, false), count, isRoot: false, uncorrelatable });
    const additional = additionalOf(schema);
    if (additional) into(additional, `${visit.path}.additionalProperties`, visit.types?.element);
    const uncorrelatable = visit.uncorrelatable ?? (CORRELATABLE_MAPS.has(schema['x-kubernetes-map-type']) ? undefined : visit.path);
    for (const [name, property] of propertiesOf(schema)) {
      into(property, `${visit.path}.properties[${name}]`, visit.types?.fields?.get(escapeName(name) ?? ''), uncorrelatable);
    }
    const items = itemsOf(schema);
    const isMapList = schema['x-kubernetes-list-type'] === 'map';
    if (items)
      into(items, `${visit.path}.items`, visit.types?.element, isMapList ? visit.uncorrelatable : (visit.uncorrelatable ?? visit.path));
    if (schema['x-kubernetes-validations']?.length && !this.#place.hasSchemaErrors(visit.path)) this.#rules(schema, visit);
  }

  #rules(schema: JSONSchemaProps, visit: Visit): void {
    const at = `${visit.path}.x-kubernetes-validations`;
    const types = visit.types ?? ownType(schema, visit.isRoot);
    if (!types) {
      const reason = 'unable to convert structural schema to CEL declarations';
      const detail = `internal error: failed to construct type information for x-kubernetes-validations rules: ${reason}`;
      this.errors.push(fieldError.internal(at, detail));
      return;
    }
    const count = visit.count ?? cardinality(types);
    compileRules(schema, types).forEach((rule, i) => {
      this.#rule(rule, `${at}[${i}]`, { count, uncorrelatable: visit.uncorrelatable });
    });
  }

  #rule(compiled: CompiledRule, path: string, { count, uncorrelatable }: { count: number; uncorrelatable: string | undefined }): void {
    const { rule, message } = compiled;
    this.#cost(`${path}.rule`, 'estimated rule cost', compiled.maxCost * count);
    if (compiled.error !== undefined) this.errors.push(fieldError.invalid(`${path}.rule`, goRule(rule), compiled.error));
    if (compiled.messageError !== undefined) {
      this.errors.push(fieldError.invalid(`${path}.messageExpression`, goRule(rule), compiled.messageError));
    } else if (message) this.#cost(`${path}.messageExpression`, 'estimated messageExpression cost', message.maxCost);
    if (compiled.usesOldSelf && uncorrelatable !== undefined) {
      const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
      this.errors.push(fieldError.invalid(`${path}.rule`, rule.rule, detail));
    } else if (!compiled.usesOldSelf && rule.optionalOldSelf !== undefined && rule.optionalOldSelf !== null) {
      this.errors.push(
        fieldError.invalid(`${path}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'),
      );
    }
  }

  #cost(path: string, name: string, cost: number): void {
    if (cost > ESTIMATED_RULE_LIMIT && !this.#place.ignoresExpressionCost) {
      this.errors.push(fieldError.forbidden(path, costError(name, cost, ESTIMATED_RULE_LIMIT)));
    }
    this.#total += cost;
    if (cost >= NAMED_COST_MIN) this.#expensive.push({ path, cost });
  }

  /** What is said when all rules together may cost too much. */
  totalErrors(): FieldError[] {
    if (this.#total <= ESTIMATED_SCHEMA_LIMIT) return [];
    const named = this.#expensive.sort((a, b) => b.cost - a.cost).slice(0, NAMED_MAX);
    const contribution = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    const all = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    return [
      ...named.map(({ path }) => fieldError.forbidden(path, contribution)),
      fieldError.forbidden(this.#place.path, costError(all, this.#total, ESTIMATED_SCHEMA_LIMIT)),
    ];
  }
}

/** The type of a schema that has rules, where nothing around it has. */
const ownType = (schema: JSONSchemaProps, isRoot: boolean): DeclaredType | undefined =>
  schema['x-kubernetes-validations']?.length
    ? declaredType(schema, isRoot || schema['x-kubernetes-embedded-resource'] === true)
    : undefined;

/** How many values of a part there may be. */
function limitOf(schema: JSONSchemaProps, count: number | undefined): number | undefined {
  if (count === undefined) return undefined;
  const isMap = schema.type === 'object' && schema.additionalProperties !== undefined && schema.additionalProperties !== null;
  if (!isMap && schema.type !== 'array') return count;
  const most = isMap ? schema.maxProperties : schema.maxItems;
  return most === undefined ? undefined : count * Math.max(0, most);
}

function costError(name: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? 'more than 100x' : `${fixedDouble(factor, factor < 1.5 ? 6 : 1)}x`;
  const advice =
    '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';
  return `${name} exceeds budget by factor of ${shown} ${advice}`;
}
