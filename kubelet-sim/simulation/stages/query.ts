// jq's paths, as far as KWOK's stages use them: `.status.conditions.[] | select( .type == "Ready" ) | .status`.
import { isObject } from './template.ts';
import { TemplateError } from './template-error.ts';

type Step = (value: unknown) => readonly unknown[];

/** A query: what it finds in an object; nulls are nothing. */
export type Query = (object: unknown) => readonly unknown[];

const PATH_PART =
  /\s*(?:\.?\[\s*"((?:[^"\\]|\\.)*)"\s*\]|\.?\[\s*(-?\d+)\s*\]|\.?(\[\s*\])|\.([A-Za-z_][\w-]*)|\."((?:[^"\\]|\\.)*)"|(\.)(?=\s*(?:$|\|)))\??/y;
const SELECT = /^select\s*\(([\s\S]*)\)$/;
const COMPARISON = /^([\s\S]*?)\s*(==|!=)\s*([\s\S]*)$/;

/** @throws TemplateError */
export function readQuery(text: string): Query {
  const steps = splitPipes(text).map(readStage);
  return (object) =>
    steps
      .reduce<readonly unknown[]>((values, step) => values.flatMap(step), [object])
      .filter((value) => value !== null && value !== undefined);
}

/** The parts between `|`s that are in no parentheses or texts. */
function splitPipes(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const piece of text.match(/"(?:[^"\\]|\\.)*"|[\s\S]/g) ?? []) {
    if (piece === '(') depth++;
    if (piece === ')') depth--;
    if (piece === '|' && depth === 0) parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts.map((part) => part.trim());
}

function readStage(text: string): Step {
  const [, condition] = SELECT.exec(text) ?? [];
  if (condition === undefined) return readPath(text);
  const [, left = '', sign, right = ''] = COMPARISON.exec(condition.trim()) ?? [];
  if (sign === undefined) {
    const query = readQuery(condition);
    return (value) => (query(value).some((found) => found !== false) ? [value] : []);
  }
  const query = readQuery(left);
  const wanted: unknown = JSON.parse(right);
  return (value) => (((query(value)[0] ?? null) === wanted) === (sign === '==') ? [value] : []);
}

function readPath(text: string): Step {
  const steps: Step[] = [];
  PATH_PART.lastIndex = 0;
  while (PATH_PART.lastIndex < text.trimEnd().length) {
    const start = PATH_PART.lastIndex;
    const match = PATH_PART.exec(text);
    if (!match) throw new TemplateError(`unexpected "${text.slice(start)}" in the query ${text}`);
    const [, quoted, index, all, name, quotedName] = match;
    const key = quoted ?? name ?? quotedName;
    if (key !== undefined) steps.push((value) => [isObject(value) ? value[key] : undefined]);
    else if (index !== undefined) steps.push((value) => [Array.isArray(value) ? value.at(Number(index)) : undefined]);
    else if (all !== undefined) steps.push((value) => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []));
  }
  return (value) => steps.reduce<readonly unknown[]>((values, step) => values.flatMap(step), [value]);
}
