import type { JSONSchemaProps } from '../../../api/index.ts';
import { cloneJson, isObject, type JsonObject } from '../../../api/schema.ts';
import { compileCoercer } from './embedded.ts';
import { compilePruner } from './pruner.ts';
import { additionalOf, hasDefault, itemsOf } from './structural.ts';

/** A step from an object to something inside it: a field, or the first item of a list. */
export type Step = { readonly field: string } | { readonly item: 0 };

/**
 * A copy of a schema whose defaults hold nothing that the schema does not know: upstream's `PruneDefaults`. A default is looked at where it
 * would stand in an object, since what is known there may depend on what is around it.
 */
export function withPrunedDefaults(schema: JSONSchemaProps): JSONSchemaProps {
  const copy = cloneJson(schema);
  const prune = compilePruner(schema);
  const coerce = compileCoercer({ ...schema, 'x-kubernetes-embedded-resource': true });
  const visit = (node: JSONSchemaProps, steps: readonly Step[]): void => {
    if (hasDefault(node)) {
      const whole = surround(cloneJson(node.default), steps);
      coerce?.(whole, { path: '', dropInvalid: true, unknown: [] });
      prune(whole, { path: [], unknown: [], removes: true });
      node.default = reach(whole, steps);
    }
    const values = additionalOf(node);
    if (values) visit(values, [...steps, { field: '*' }]);
    const items = itemsOf(node);
    if (items) visit(items, [...steps, { item: 0 }]);
    for (const [name, child] of Object.entries(node.properties ?? {})) visit(child, [...steps, { field: name }]);
  };
  visit(copy, []);
  return copy;
}

/** The object in which a value is found by following steps. The value must be an object when there are none. */
export function surround(value: unknown, steps: readonly Step[]): JsonObject {
  const whole = steps.reduceRight<unknown>((inner, step) => ('field' in step ? { [step.field]: inner } : [inner]), value);
  return isObject(whole) ? whole : {};
}

function reach(whole: unknown, steps: readonly Step[]): unknown {
  let at = whole;
  for (const step of steps) {
    if ('field' in step) at = isObject(at) ? at[step.field] : undefined;
    else at = Array.isArray(at) ? at[step.item] : undefined;
  }
  return at;
}
