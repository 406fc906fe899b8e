// YAML bodies. The parser is loaded when the first one arrives that is not JSON as well: most servers never see any.
import { createRequire } from 'node:module';
import type { CST, Document, LineCounter, Node } from 'yaml';
import { goQuote } from '../../field-error.ts';
import { setMember } from '../../patch/json-value.ts';
import { DecodeError } from '../decode-error.ts';
import { readPlainJson } from './plain-json.ts';
import { resolveBinary, resolvePlain } from './resolve.ts';
import { describe } from './yaml-errors.ts';

const require = createRequire(import.meta.url);
const load = (): typeof import('yaml') => require('yaml');

/** Scalars with a tag of their own are read like plain ones. */
const TAGS = [
  ...['int', 'float', 'bool', 'null'].map((name) => ({ tag: `tag:yaml.org,2002:${name}`, resolve: resolvePlain })),
  { tag: 'tag:yaml.org,2002:binary', resolve: resolveBinary },
];
const PLAIN = { tag: 'tag:yaml.org,2002:plain', default: true as const, test: /^/, resolve: resolvePlain };

/**
 * Nodes may be nested so deep; Go lets 10,000 pass. The parser needs a kilobyte of stack for each, and where none is left V8 ends the process
 * rather than throw if it is compiling a regular expression.
 */
const DEPTH_MAX = 400;
const tooDeep = () => new DecodeError(`yaml: exceeded max depth of ${DEPTH_MAX}`);

/** Alias nodes may stand for so many others. */
const ALIASES_MAX = 10_000;

/** What go-yaml's reader takes in no text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that are looked for
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f]/;

/** What a YAML text says. */
export interface YamlContent {
  readonly value: unknown;
  /** Repeated keys, as upstream's strict conversion reports them: none, or one text with a line for each. */
  repeated(): string[];
}

/**
 * Reads the first document of a YAML text into JSON values, as upstream does: YAML 1.1, keys of any scalar type become texts.
 *
 * @throws DecodeError, `yaml: line 3: …`.
 */
export function readYaml(text: string): YamlContent {
  const json = readPlainJson(text, DEPTH_MAX);
  if (json) return { value: json, repeated: () => [] };
  if (CONTROL.test(text)) throw new DecodeError('yaml: control characters are not allowed');
  const { LineCounter } = load();
  const lines = new LineCounter();
  const document = parse(text, lines);
  try {
    const value = toJson(document.toJS({ mapAsMap: true, maxAliasCount: ALIASES_MAX }));
    return { value, repeated: () => repeatedKeys(document, lines) };
  } catch (error) {
    throw conversionError(error);
  }
}

/** The same, where nobody asks for repeated keys. */
export const parseYaml = (text: string): unknown => readYaml(text).value;

function repeatedKeys(document: Document, lines: LineCounter): string[] {
  const found: string[] = [];
  collect(document.contents, lines, found);
  return found.length === 0 ? [] : [`yaml: unmarshal errors:\n${found.map((line) => `  ${line}`).join('\n')}`];
}

function parse(text: string, lines: LineCounter): Document {
  const { Composer } = load();
  const composer = new Composer({ schema: 'failsafe', customTags: (tags) => [...tags, PLAIN, ...TAGS], merge: true, uniqueKeys: false });
  const [document] = composer.compose(shallow(text, lines), true, text.length);
  if (!document) throw new Error('a text without a document'); // not with the argument above
  const [error] = document.errors;
  if (error) throw new DecodeError(`yaml: ${describe(error, text, lines)}`, { cause: error });
  return document;
}

/** The syntax trees of a text's documents. @throws DecodeError as soon as one is too deep. */
function* shallow(text: string, lines: LineCounter): Generator<CST.Token> {
  const { Lexer, Parser } = load();
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > DEPTH_MAX) throw tooDeep();
  }
  yield* parser.end();
}

function conversionError(error: unknown): unknown {
  if (error instanceof Error && error.message.startsWith('Merge sources')) {
    return new DecodeError('yaml: map merge requires map or sequence of maps as the value', { cause: error });
  }
  if (!(error instanceof ReferenceError)) return error;
  const name = /Unresolved alias.*: (.*)$/.exec(error.message)?.[1];
  return new DecodeError(name === undefined ? 'yaml: document contains excessive aliasing' : `yaml: unknown anchor '${name}' referenced`);
}

function toJson(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) throw tooDeep(); // by aliases
  if (Array.isArray(value)) return value.map((item) => toJson(item, depth + 1));
  if (Number.isNaN(value)) throw new DecodeError('error converting YAML to JSON: json: unsupported value: NaN');
  if (!(value instanceof Map)) return value ?? null;
  const object: Record<string, unknown> = {};
  const members = [...value].map(([key, member]): [string, unknown] => [keyText(key), member]);
  // Go makes JSON of it before it looks at the fields: a map's keys are in order there.
  for (const [key, member] of members.sort(([a], [b]) => (a < b ? -1 : 1))) setMember(object, key, toJson(member, depth + 1));
  return object;
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return String(key);
  if (key === null || key === undefined) throw new DecodeError('error converting YAML to JSON: unsupported map key of type: nil');
  throw new DecodeError(`yaml: invalid map key: ${goSyntax(key)}`);
}

/** A value as Go's `%#v` writes it. */
function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (value instanceof Map) {
    const members = [...value].map(([key, member]) => `${goSyntax(key)}:${goSyntax(member)}`);
    return `map[interface {}]interface {}{${members.sort().join(', ')}}`;
  }
  return typeof value === 'string' ? goQuote(value) : String(value);
}

function collect(node: unknown, lines: LineCounter, found: string[]): void {
  const { isMap, isSeq, isScalar, isNode } = load();
  if (isSeq(node)) for (const item of node.items) collect(item, lines, found);
  if (!isMap(node)) return;
  const seen = new Set<unknown>();
  for (const { key, value } of node.items) {
    collect(value, lines, found);
    if (!isScalar(key)) continue;
    if (seen.has(key.value))
      found.push(`line ${lineOf(isNode(value) ? value : key, lines)}: key ${JSON.stringify(key.value)} already set in map`);
    seen.add(key.value);
  }
}

const lineOf = (node: Node, lines: LineCounter): number => lines.linePos(node.range?.[0] ?? 0).line;
