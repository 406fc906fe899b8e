// YAML bodies. The parser is loaded when the first one arrives: most servers never see any.
import { createRequire } from 'node:module';
import type { Document, LineCounter, Node, YAMLError } from 'yaml';
import { DecodeError } from '../decode-error.ts';
import { setMember } from '../reader.ts';
import { resolvePlain } from './resolve.ts';

const require = createRequire(import.meta.url);
const load = (): typeof import('yaml') => require('yaml');

/** Scalars with a tag of their own are read like plain ones. */
const TAGS = ['int', 'float', 'bool', 'null'].map((name) => ({ tag: `tag:yaml.org,2002:${name}`, resolve: resolvePlain }));
const PLAIN = { tag: 'tag:yaml.org,2002:plain', default: true as const, test: /^/, resolve: resolvePlain };

/** Alias nodes may stand for so many others. */
const ALIASES_MAX = 10_000;

/**
 * Parses the first document of a YAML text into JSON values, as upstream does: YAML 1.1, keys of any scalar type become texts.
 *
 * @throws DecodeError, `yaml: line 3: …`.
 */
export function parseYaml(text: string): unknown {
  const document = parse(text);
  try {
    return toJson(document.toJS({ mapAsMap: true, maxAliasCount: ALIASES_MAX }));
  } catch (error) {
    throw conversionError(error);
  }
}

/** Repeated keys, as upstream's strict conversion reports them: none, or one text with a line for each. */
export function duplicateYamlKeys(text: string): string[] {
  const { LineCounter } = load();
  const lines = new LineCounter();
  const document = parse(text, lines);
  const found: string[] = [];
  collect(document.contents, lines, found);
  return found.length === 0 ? [] : [`yaml: unmarshal errors:\n${found.map((line) => `  ${line}`).join('\n')}`];
}

function parse(text: string, lineCounter?: LineCounter): Document {
  const document = parseQuietly(text, lineCounter);
  const [error] = document.errors.filter(({ code }) => code !== 'MULTIPLE_DOCS');
  if (error) throw new DecodeError(`yaml: ${describe(error, text)}`, { cause: error });
  return document;
}

function parseQuietly(text: string, lineCounter: LineCounter | undefined): Document {
  try {
    return load().parseDocument(text, {
      schema: 'failsafe',
      customTags: (tags) => [...tags, PLAIN, ...TAGS],
      merge: true,
      uniqueKeys: false,
      logLevel: 'silent',
      ...(lineCounter ? { lineCounter } : {}),
    });
  } catch (error) {
    if (error instanceof RangeError) throw new DecodeError('yaml: exceeded max depth of 10000');
    throw error;
  }
}

function conversionError(error: unknown): unknown {
  if (error instanceof Error && error.message.startsWith('Merge sources')) {
    return new DecodeError('yaml: map merge requires map or sequence of maps as the value', { cause: error });
  }
  if (!(error instanceof ReferenceError)) return error;
  const name = /Unresolved alias.*: (.*)$/.exec(error.message)?.[1];
  return new DecodeError(name === undefined ? 'yaml: document contains excessive aliasing' : `yaml: unknown anchor '${name}' referenced`);
}

function toJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJson);
  if (Number.isNaN(value)) throw new DecodeError('error converting YAML to JSON: json: unsupported value: NaN');
  if (!(value instanceof Map)) return value ?? null;
  const object: Record<string, unknown> = {};
  for (const [key, member] of value) setMember(object, keyText(key), toJson(member));
  return object;
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return String(key);
  throw new DecodeError('error converting YAML to JSON: unsupported map key of type: nil');
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

/** Errors that Go's scanner finds; its parser counts lines from zero. */
const SCANNER: readonly string[] = [
  'TAB_AS_INDENT',
  'BAD_SCALAR_START',
  'BAD_DQ_ESCAPE',
  'BLOCK_AS_IMPLICIT_KEY',
  'MULTILINE_IMPLICIT_KEY',
];

/** What Go's parser would say: line and problem, as near as the two parsers agree. */
function describe({ code, message, linePos, pos }: YAMLError, text: string): string {
  const line = (linePos?.[0].line ?? 1) - (SCANNER.includes(code) ? 0 : 1);
  return `${line > 0 ? `line ${line}: ` : ''}${isClosedEarly(text, pos[0]) ? NO_CONTENT : problem(code, message)}`;
}

const NO_CONTENT = 'did not find expected node content';

/** A wrong bracket right after an opening one or a comma stands where a value is due. */
const isClosedEarly = (text: string, at: number): boolean => /[[{,]\s*[\]}]$/.test(text.slice(0, at + 1));

function problem(code: string, message: string): string {
  const flow = /^(?:Flow (map|sequence)|Missing , )/.exec(message);
  if (flow) return `did not find expected ',' or '${flow[1] === 'sequence' ? ']' : '}'}'`;
  if (message.startsWith('Missing closing')) return 'found unexpected end of stream';
  return PROBLEMS[code] ?? NO_CONTENT;
}

const PROBLEMS: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  BAD_INDENT: 'did not find expected key',
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_SCALAR_START: 'found character that cannot start any token',
  BAD_DQ_ESCAPE: 'found unknown escape character',
  MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
  BAD_DIRECTIVE: 'found unknown directive name',
};
