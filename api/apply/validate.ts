// Whether a value is of a type, in the words of upstream's typed values.
import { goQuote } from '../field-error.ts';
import { goFormat, isObject, memberOf } from '../patch/json-value.ts';
import type { ApplyType, ListType, MapType, ScalarKind } from './apply-type.ts';
import { ApplyTypeError, showElement } from './path-element.ts';
import { itemElement, shapeOf } from './shape.ts';

/**
 * Checks a configuration that is to be applied.
 *
 * @throws ApplyTypeError with all that is wrong.
 */
export const validate = (type: ApplyType, value: unknown): void => check(type, value, false);

/**
 * Checks an object as it is stored, whose lists may name an item twice; it may be of an older schema.
 *
 * @throws ApplyTypeError with all that is wrong.
 */
export const validateStored = (type: ApplyType, value: unknown): void => check(type, value, true);

function check(type: ApplyType, value: unknown, duplicates: boolean): void {
  const problems = problemsOf(type, value, duplicates);
  if (problems.length === 0) return;
  const [only] = problems;
  throw new ApplyTypeError(
    problems.length === 1 && only ? show(only) : ['errors:', ...problems.map((problem) => `  ${show(problem)}`)].join('\n'),
  );
}

interface Problem {
  readonly path: string;
  readonly text: string;
}

const show = ({ path, text }: Problem): string => (path === '' ? text : `${path}: ${text}`);

const at = (element: string, problems: readonly Problem[]): Problem[] =>
  problems.map(({ path, text }) => ({ path: showElement(element) + path, text }));

function problemsOf(type: ApplyType, value: unknown, duplicates: boolean): Problem[] {
  const shape = shapeOf(type, value);
  if (shape === 'map' && type.map) return mapProblems(type.map, value, duplicates);
  if (shape === 'list' && type.list) return listProblems(type.list, value, duplicates);
  const text = type.scalar && scalarProblem(type.scalar, value);
  return text ? [{ path: '', text }] : [];
}

const GO_SCALARS: Readonly<Record<ScalarKind, readonly string[]>> = {
  string: ['string'],
  numeric: ['number', 'bigint'],
  boolean: ['boolean'],
  untyped: ['string', 'number', 'bigint', 'boolean'],
};

function scalarProblem(scalar: ScalarKind, value: unknown): string | undefined {
  if (value === null || value === undefined || GO_SCALARS[scalar].includes(typeof value)) return undefined;
  switch (scalar) {
    case 'numeric':
      return `expected numeric (int or float), got ${goType(value)}`;
    case 'string':
      return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'boolean':
      return `expected boolean, got &{${goFormat(value)}}`;
    case 'untyped':
      return `expected any scalar, got &{${goFormat(value)}}`;
  }
}

const goType = (value: unknown): string =>
  Array.isArray(value)
    ? '[]interface {}'
    : isObject(value)
      ? 'map[string]interface {}'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value;

/** A JSON value as Go's `%#v` prints it. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isObject(value)) {
    const members = Object.keys(value).sort();
    return `map[string]interface {}{${members.map((name) => `${goQuote(name)}:${goSyntax(value[name])}`).join(', ')}}`;
  }
  if (value === null) return 'interface {}(nil)';
  return typeof value === 'string' ? goQuote(value) : String(value);
}

function mapProblems(map: MapType, value: unknown, duplicates: boolean): Problem[] {
  if (value === null || value === undefined) return [];
  if (!isObject(value)) return [{ path: '', text: `expected map, got &{${goFormat(value)}}` }];
  const problems: Problem[] = [];
  for (const name of Object.keys(value).sort()) {
    const element = `f:${name}`;
    const type = map.fields.get(name)?.type ?? map.values;
    if (!type) {
      problems.push({ path: showElement(element), text: 'field not declared in schema' });
      return problems; // the walk ends here
    }
    problems.push(...at(element, problemsOf(type, memberOf(value, name), duplicates)));
  }
  return problems;
}

function listProblems(list: ListType, value: unknown, duplicates: boolean): Problem[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) return [{ path: '', text: `expected list, got &{${goFormat(value)}}` }];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const element = elementOf(list, index, item);
    if (element instanceof ApplyTypeError) return [...problems, { path: '', text: `element ${index}: ${element.message}` }];
    if (!duplicates && seen.has(element)) problems.push({ path: '', text: `duplicate entries for key ${showElement(element)}` });
    seen.add(element);
    problems.push(...at(element, problemsOf(list.items, item, duplicates)));
  }
  return problems;
}

function elementOf(list: ListType, index: number, item: unknown): string | ApplyTypeError {
  if (list.atomic) return `i:${index}`;
  try {
    return itemElement(list, item);
  } catch (error) {
    if (error instanceof ApplyTypeError) return error;
    throw error;
  }
}
