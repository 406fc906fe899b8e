// Values as gnostic writes them into an `Any`: YAML in blocks, as Go's yaml.v3 lays it out.
import type { JsonNode, JsonObject } from './json-node.ts';

/** Spaces that what is below a key is moved in by. */
const INDENT = 4;
/** In a list the `- ` is the indentation. */
const INDENT_IN_LIST = 2;

/** A value as YAML, with the line break at its end. */
export const yamlText = (value: JsonNode): string => (isLeaf(value) ? `${leaf(value, INDENT)}\n` : `${linesOf(value, 0).join('\n')}\n`);

/** The lines of a list or map that is not empty; the first is not moved in. */
function linesOf(value: readonly JsonNode[] | JsonObject, indent: number): string[] {
  const pad = ' '.repeat(indent);
  return isList(value)
    ? value.map((item) => `${pad}- ${isLeaf(item) ? leaf(item, indent + INDENT_IN_LIST) : below(item, indent + INDENT_IN_LIST)}`)
    : Object.entries(value).map(([name, item = null]) => `${pad}${scalar(name)}:${after(item, indent)}`);
}

const below = (value: readonly JsonNode[] | JsonObject, indent: number): string => linesOf(value, indent).join('\n').trimStart();

function after(item: JsonNode, indent: number): string {
  const next = indent + INDENT - (indent % INDENT);
  if (isLeaf(item)) return ` ${leaf(item, next)}`;
  return `\n${linesOf(item, next).join('\n')}`;
}

type Leaf = string | number | boolean | null | readonly [] | Readonly<Record<string, never>>;

const isList = (node: JsonNode): node is readonly JsonNode[] => Array.isArray(node);
const isLeaf = (node: JsonNode): node is Leaf => typeof node !== 'object' || node === null || Object.keys(node).length === 0;

function leaf(value: Leaf, indent: number): string {
  if (typeof value === 'string') return isBlock(value) ? block(value, indent) : scalar(value);
  return JSON.stringify(value);
}

/** What plain text would be read as, where it is no text. */
const OTHER_THAN_TEXT =
  /^(?:|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|<<|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[\da-fA-F_]+|[\d_]+)|[-+]?(?:\.\d+|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?\d+)?|\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d\d:\d\d.*)?)$/;
/** What plain text may not begin with, or hold. */
const NOT_PLAIN = /^[#,[\]{}&*!|>'"%@`]|^[-?:](?:\s|$)|^(?:---|\.\.\.)|:(?:\s|$)|\s#|^\s|\s$/;
/** What only text in double quotes can hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NEEDS_ESCAPES = /[\u0000-\u001f\u007f-\u0084\u0086-\u009f\ufeff\ufffe\uffff\u{10000}-\u{10ffff}]/u;
const BEYOND_16_BITS = /[\u{10000}-\u{10ffff}]/gu;

function scalar(value: string): string {
  if (OTHER_THAN_TEXT.test(value) || NEEDS_ESCAPES.test(value)) return quoted(value);
  return NOT_PLAIN.test(value) ? `'${value.replaceAll("'", "''")}'` : value;
}

const quoted = (value: string): string => JSON.stringify(value).replace(BEYOND_16_BITS, longEscape);
const longEscape = (char: string): string => `\\U${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(8, '0')}`;

/** Several lines are written as they are, if they hold nothing that would be lost. */
const isBlock = (value: string): boolean =>
  value.includes('\n') && !/^\s| \n| $/.test(value) && !NEEDS_ESCAPES.test(value.replaceAll('\n', ''));

function block(value: string, indent: number): string {
  const [, text = '', end = ''] = /^(.*?)(\n*)$/s.exec(value) ?? [];
  const chomping = end === '' ? '-' : end === '\n' ? '' : '+';
  const pad = ' '.repeat(indent);
  const lines = `${text}${end.slice(1)}`.split('\n').map((line) => (line === '' ? '' : `${pad}${line}`));
  return `|${chomping}\n${lines.join('\n')}`;
}
