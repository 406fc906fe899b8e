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

/** Quoted text, quoted text that does not end, a delimiter, or text up to the next one. */
const TOKEN = /'(?:[^'\\]|\\[\s\S])*'|'[\s\S]*|[.[\]]|[^.[\]]+/g;

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
    const { name, next, isBracketed } = readStep(tokens, i, allowBrackets);
    const isField: boolean = at !== undefined && propertiesOf(at).length > 0;
    at = stepInto(at, name, isField);
    if (isBracketed) checkClosing(tokens[next - 1]);
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

interface Step {
  readonly name: string;
  /** Where the next step begins; before it a bracket is to close this one. */
  readonly next: number;
  readonly isBracketed: boolean;
}

function readStep(tokens: readonly string[], at: number, allowBrackets: boolean): Step {
  const opening = tokens[at];
  if (opening !== '.' && opening !== '[') throw new FieldPathError(`expected [ or . but got: ${opening ?? ''}`);
  if (opening === '[' && !allowBrackets) throw new FieldPathError('array notation is not allowed');
  const name = tokens[at + 1];
  if (name === undefined) throw new FieldPathError('unexpected end of JSON path');
  if (opening === '.') return { name, next: at + 2, isBracketed: false };
  if (name.length < 2 || !name.startsWith("'") || !name.endsWith("'")) {
    throw new FieldPathError(`expected single quoted string but got ${name}`);
  }
  return { name: unquote(name.slice(1, -1)), next: at + 3, isBracketed: true };
}

function checkClosing(token: string | undefined): void {
  if (token === undefined) throw new FieldPathError('unexpected end of JSON path');
  if (token !== ']') throw new FieldPathError(`expected ] but got ${token}`);
}

const UNICODE_MAX = 0x10_ffff;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]?))/g;
const CONTROLS: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** As Go's `strconv.Unquote` reads text in double quotes; a single quote may be escaped too. */
function unquote(text: string): string {
  const escaped = text.replaceAll("\\'", "'");
  const invalid = new FieldPathError('invalid string literal: invalid syntax');
  if (/["\n]/.test(escaped.replaceAll(/\\[\s\S]/g, ''))) throw invalid;
  return escaped.replaceAll(ESCAPE, (...[, byte, short, long, octal, one]: (string | undefined)[]) => {
    const hex = byte ?? short ?? long;
    const code = hex === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(hex, 16);
    if (!Number.isNaN(code)) return code <= UNICODE_MAX ? String.fromCodePoint(code) : '\ufffd';
    const plain = CONTROLS[one ?? ''];
    if (plain === undefined) throw invalid;
    return plain;
  });
}
