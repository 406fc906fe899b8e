import type { JSONSchemaProps } from '../../../api/index.ts';
import { additionalOf, hasAdditional, propertiesOf, propertyOf } from './structural.ts';

/** What a path such as `.spec.size` or `.spec['a.b']` leads to. */
export interface FoundField {
  /** The path as errors tell it: `spec.size`, `spec.map[key]`. */
  readonly path: string;
  /** Its first step. */
  readonly root: string;
  readonly steps: readonly string[];
  readonly schema: JSONSchemaProps | undefined;
}

/** A path that leads nowhere; the message is upstream's. */
export class FieldPathError extends Error {
  override readonly name = 'FieldPathError';
}

/** Quoted text, a delimiter, or text up to the next one. */
const TOKEN = /'(?:[^'\\]|\\[\s\S])*'|[.[\]]|[^.[\]]+/g;

/**
 * Follows a path of fields through a schema: upstream's `ValidFieldPath` (apiextensions-apiserver, `pkg/apiserver/schema/cel`).
 *
 * @param allowBrackets whether `['name']` is a step too.
 * @throws FieldPathError
 */
export function followFieldPath(path: string, schema: JSONSchemaProps, allowBrackets = true): FoundField {
  const tokens = path.match(TOKEN) ?? [];
  const steps: string[] = [];
  let at: JSONSchemaProps | undefined = schema;
  let shown = '';
  for (let i = 0; i < tokens.length; ) {
    const { name, next } = readStep(tokens, i, allowBrackets);
    const isField: boolean = at !== undefined && propertiesOf(at).length > 0;
    at = stepInto(at, name, isField);
    shown = isField ? `${shown}${shown === '' ? '' : '.'}${name}` : `${shown}[${name}]`;
    steps.push(name);
    i = next;
  }
  return { path: shown, root: steps[0] ?? '', steps, schema: at };
}

function stepInto(schema: JSONSchemaProps | undefined, name: string, isField: boolean): JSONSchemaProps | undefined {
  const child = schema && (isField ? propertyOf(schema, name) : additionalOf(schema));
  if (!schema || (isField ? !child : !hasAdditional(schema))) throw new FieldPathError('does not refer to a valid field');
  return child;
}

function readStep(tokens: readonly string[], at: number, allowBrackets: boolean): { name: string; next: number } {
  const opening = tokens[at];
  if (opening !== '.' && opening !== '[') throw new FieldPathError(`expected [ or . but got: ${opening ?? ''}`);
  if (opening === '[' && !allowBrackets) throw new FieldPathError('array notation is not allowed');
  const name = tokens[at + 1];
  if (name === undefined) throw new FieldPathError('unexpected end of JSON path');
  if (opening === '.') return { name, next: at + 2 };
  if (name.length < 2 || !name.startsWith("'") || !name.endsWith("'")) {
    throw new FieldPathError(`expected single quoted string but got ${name}`);
  }
  const closing = tokens[at + 2];
  if (closing === undefined) throw new FieldPathError('unexpected end of JSON path');
  if (closing !== ']') throw new FieldPathError(`expected ] but got ${closing}`);
  return { name: unquote(name.slice(1, -1)), next: at + 3 };
}

function unquote(text: string): string {
  try {
    const value: unknown = JSON.parse(`"${text.replaceAll("\\'", "'")}"`);
    return String(value);
  } catch {
    throw new FieldPathError('invalid string literal: invalid syntax');
  }
}
