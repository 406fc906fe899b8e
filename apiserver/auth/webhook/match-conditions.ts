import {
  type CompiledExpression,
  CostBudget,
  celTypes,
  compileExpression,
  dynamicValue,
  ExpressionError,
  MATCH_CONDITIONS_BUDGET,
  structTypesOf,
} from '../../../api/cel.ts';
import { type FieldError, fieldError } from '../../../api/index.ts';
import type { AccessReviewSpec } from './access-review.ts';

// Which requests a webhook is asked about. Upstream: apiserver, pkg/authorization/cel.

const CONDITIONS_MAX = 64;
const { BOOL, STRING, listOf, mapOf, struct } = celTypes;
const name = (type: string) => `kubernetes.${type}`;
const texts = (...fields: readonly string[]) => Object.fromEntries(fields.map((field) => [field, STRING]));
const selectorType = { rawSelector: STRING, requirements: listOf(struct(name('SelectorRequirement'))) };

const ENVIRONMENT = {
  variables: new Map([['request', struct(name('SubjectAccessReviewSpec'))]]),
  structs: structTypesOf({
    [name('SubjectAccessReviewSpec')]: {
      resourceAttributes: struct(name('ResourceAttributes')),
      nonResourceAttributes: struct(name('NonResourceAttributes')),
      groups: listOf(STRING),
      extra: mapOf(STRING, listOf(STRING)),
      ...texts('user', 'uid'),
    },
    [name('ResourceAttributes')]: {
      ...texts('namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'),
      fieldSelector: struct(name('FieldSelectorAttributes')),
      labelSelector: struct(name('LabelSelectorAttributes')),
    },
    [name('FieldSelectorAttributes')]: selectorType,
    [name('LabelSelectorAttributes')]: selectorType,
    [name('SelectorRequirement')]: { ...texts('key', 'operator'), values: listOf(STRING) },
    [name('NonResourceAttributes')]: texts('path', 'verb'),
  }),
  returns: [BOOL],
};

/** Compiled conditions, and what is wrong with them. @param path of the webhook they belong to. */
export function compileMatchConditions(
  conditions: readonly string[],
  path: string,
): { readonly compiled: readonly CompiledExpression[]; readonly errors: readonly FieldError[] } {
  if (conditions.length > CONDITIONS_MAX) {
    return { compiled: [], errors: [fieldError.tooMany(`${path}.matchConditions`, conditions.length, CONDITIONS_MAX)] };
  }
  const errors: FieldError[] = [];
  const compiled = conditions.flatMap((text, i) => {
    const at = `${path}.matchConditions[${i}].expression`;
    if (text.trim() === '') errors.push(fieldError.required(at));
    else if (conditions.indexOf(text) < i) errors.push(fieldError.duplicate(at, text));
    else return compile(text, at, errors);
    return [];
  });
  return { compiled, errors };
}

function compile(text: string, path: string, errors: FieldError[]): CompiledExpression[] {
  try {
    return [compileExpression(text, ENVIRONMENT)];
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    errors.push(fieldError.invalid(path, text, error.message));
    return [];
  }
}

/** Whether all conditions hold; an Error when one fails and none says no. */
export function allMatch(conditions: readonly CompiledExpression[], spec: AccessReviewSpec): boolean | Error {
  const request = dynamicValue(complete(spec));
  const budget = new CostBudget(MATCH_CONDITIONS_BUDGET);
  const errors: string[] = [];
  for (const condition of conditions) {
    const outcome = condition.evaluate(() => request, budget);
    if ('error' in outcome) errors.push(`cel evaluation error: ${outcome.error}`);
    else if (outcome.value !== true) return false;
  }
  if (errors.length === 0) return true;
  return new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
}

/** Expressions find every text, also an empty one; attributes are there for the sort of request that it is. */
function complete({ resourceAttributes: resource, nonResourceAttributes: other, ...spec }: AccessReviewSpec): unknown {
  const { user = '', groups = [], uid = '', extra = {} } = spec;
  return {
    user,
    groups,
    uid,
    extra,
    ...(resource ? { resourceAttributes: { ...EMPTY_RESOURCE, ...withoutUndefined(resource) } } : {}),
    ...(other ? { nonResourceAttributes: { path: '', verb: '', ...withoutUndefined(other) } } : {}),
  };
}

const EMPTY_RESOURCE = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' };

const withoutUndefined = (object: object): object => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
