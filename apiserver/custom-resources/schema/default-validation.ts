// Whether the defaults in a schema are values that the schema allows: upstream's `ValidateDefaults` (apiextensions-apiserver,
// `pkg/apiserver/schema/defaulting/validation.go`).
import { type FieldError, fieldError, type JSONSchemaProps } from '../../../api/index.ts';
import { cloneJson, equalJson, inGoOrder } from '../../../api/schema.ts';
import { SchemaCoercionError } from './custom-schema.ts';
import { compileCoercer, compileEmbeddedValidator } from './embedded.ts';
import { type Step, surround } from './pruned-defaults.ts';
import { compilePrunerOf } from './pruner.ts';
import { hasDefault, isEmbedded, itemsOf, propertiesOf } from './structural.ts';
import { toFieldErrors } from './values/result.ts';
import { ValueNode } from './values/value-node.ts';

export interface DefaultOptions {
  /** Whether defaults may not hold anything that the schema does not know. */
  readonly requirePruned: boolean;
  /** What the CEL rules of a schema say of a default that is fine otherwise. */
  readonly evaluateRules?: ((schema: JSONSchemaProps, value: unknown, path: string) => readonly FieldError[]) | undefined;
}

/** What is wrong with the defaults of a custom resource's schema. */
export const validateDefaults = (schema: JSONSchemaProps, path: string, options: DefaultOptions): FieldError[] => {
  const root = { ...schema, 'x-kubernetes-embedded-resource': true };
  return nodeErrors(root, path, { root, steps: [], insideMeta: false, options });
};

interface Place {
  /** The innermost object with a kind of its own. */
  readonly root: JSONSchemaProps;
  /** The way from there. */
  readonly steps: readonly Step[];
  /** Whether it is about what every object has. */
  readonly insideMeta: boolean;
  readonly options: DefaultOptions;
}

function nodeErrors(schema: JSONSchemaProps, path: string, outer: Place): FieldError[] {
  const place = isEmbedded(schema) ? { ...outer, root: schema, steps: [], insideMeta: false } : outer;
  const into = (step: Step, insideMeta = place.insideMeta): Place => ({ ...place, steps: [...place.steps, step], insideMeta });
  const items = itemsOf(schema);
  return [
    ...(hasDefault(schema) ? defaultErrors(schema, `${path}.default`, place) : []),
    ...(items ? nodeErrors(items, `${path}.items`, into({ item: 0 })) : []),
    ...propertiesOf(schema).flatMap(([name, child]) => {
      const isMeta = place.insideMeta || (isEmbedded(schema) && META_FIELDS.has(name));
      return nodeErrors(child, `${path}.properties[${name}]`, into({ field: name }, isMeta));
    }),
  ];
}

const META_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

function defaultErrors(schema: JSONSchemaProps, path: string, place: Place): FieldError[] {
  const value = cloneJson(schema.default);
  const unpruned = place.insideMeta || !place.options.requirePruned ? [] : unknownFieldErrors(schema, value, path);
  const malformed = place.insideMeta ? surroundedErrors(value, path, place) : objectErrors(schema, value, path);
  if (malformed.length > 0) return [...unpruned, ...malformed];
  const wrong = toFieldErrors(new ValueNode(schema, { asDefault: true }).problems(value), path);
  return [...unpruned, ...(wrong.length > 0 ? wrong : (place.options.evaluateRules?.(schema, value, path) ?? []))];
}

function unknownFieldErrors(schema: JSONSchemaProps, value: unknown, path: string): FieldError[] {
  const pruned = cloneJson(value);
  compilePrunerOf(schema)(pruned, { path: [], unknown: [], removes: true });
  return equalJson(pruned, value) ? [] : [fieldError.invalid(path, inGoOrder(value), 'must not have unknown fields')];
}

/** A default inside metadata is looked at as part of an object. */
function surroundedErrors(value: unknown, path: string, { root, steps }: Place): FieldError[] {
  const whole = { kind: 'Validation', apiVersion: 'validation/v1', ...surround(cloneJson(value), steps) };
  const errors = objectErrors({ ...root, 'x-kubernetes-embedded-resource': true }, whole, '');
  if (errors.length === 0) return [];
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.body}`))];
  const shown = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
  return [fieldError.invalid(path, inGoOrder(value), `must result in valid metadata: ${shown}`)];
}

/** What is wrong with the embedded objects of a value. */
function objectErrors(schema: JSONSchemaProps, value: unknown, path: string): readonly FieldError[] {
  try {
    compileCoercer(schema)?.(value, { path, dropInvalid: false, unknown: [] });
  } catch (error) {
    if (error instanceof SchemaCoercionError) return [error.fieldError];
    throw error;
  }
  return compileEmbeddedValidator(schema)?.(value, path) ?? [];
}
