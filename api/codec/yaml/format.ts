// JSON values as YAML, laid out as Go's yaml.v2 does: keys sorted, lists not indented, texts quoted only where they must be.
import { needsQuotes } from './resolve.ts';

/** The YAML text of a JSON value. */
export function formatYaml(value: unknown): string {
  const lines: string[] = [];
  if (isNested(value)) writeNested(value, '', lines);
  else lines.push(scalar(value, ''));
  return `${lines.join('\n')}\n`;
}

type Nested = readonly unknown[] | Readonly<Record<string, unknown>>;

/** Whether a value takes lines of its own. */
const isNested = (value: unknown): value is Nested => typeof value === 'object' && value !== null && Object.keys(value).length > 0;

const isList = (value: Nested): value is readonly unknown[] => Array.isArray(value);

function writeNested(value: Nested, indent: string, lines: string[]): void {
  if (isList(value)) {
    for (const item of value) writeItem(item, indent, lines);
    return;
  }
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member === undefined) continue;
    const head = `${indent}${key.includes('\n') ? JSON.stringify(key) : text(key, '')}:`;
    if (!isNested(member)) {
      lines.push(`${head} ${scalar(member, indent)}`);
      continue;
    }
    lines.push(head);
    writeNested(member, isList(member) ? indent : `${indent}  `, lines);
  }
}

/** The first line of an item stands behind its dash. */
function writeItem(item: unknown, indent: string, lines: string[]): void {
  if (!isNested(item)) {
    lines.push(`${indent}- ${scalar(item, indent)}`);
    return;
  }
  const start = lines.length;
  writeNested(item, `${indent}  `, lines);
  lines[start] = `${indent}- ${(lines[start] ?? '').slice(indent.length + 2)}`;
}

function scalar(value: unknown, indent: string): string {
  if (typeof value === 'string') return text(value, indent);
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object' && value !== null) return '{}';
  return String(value ?? null);
}

/** What may not begin a plain text, or be in it. */
const NOT_PLAIN = /^[-?:](?:\s|$)|^[,[\]{}#&*!|>'"%@`]|: |:$| #|^\s|\s$|^(?:---|\.\.\.)/;
/** What only double quotes can carry. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const SPECIAL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;

function text(value: string, indent: string): string {
  if (SPECIAL.test(value)) return JSON.stringify(value);
  if (value.includes('\n')) return literal(value, indent);
  if (value === '' || needsQuotes(value)) return JSON.stringify(value);
  return NOT_PLAIN.test(value) ? `'${value.replaceAll("'", "''")}'` : value;
}

/** A block of lines; one that begins with a space or a line break would need an indentation hint. */
function literal(value: string, indent: string): string {
  if (/^[\n ]/.test(value) || /[ \t]\n|[ \t]$/.test(value)) return JSON.stringify(value);
  const body = value.replace(/\n+$/, '');
  const breaks = value.length - body.length;
  const chomp = breaks === 0 ? '-' : breaks === 1 ? '' : '+';
  const lines = value.slice(0, breaks === 0 ? undefined : -1).split('\n');
  return `|${chomp}\n${lines.map((line) => (line === '' ? '' : `${indent}  ${line}`)).join('\n')}`;
}
