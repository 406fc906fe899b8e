import type { Word } from './ast.ts';

/** Words that one range may become. */
const RANGE_MAX = 10_000;

/** bash's braces: `a{b,c}` is two words, `{1..3}` three. They are looked for in what is not quoted, before anything else. */
export function expandBraces(word: Word): readonly Word[] {
  for (const [i, part] of word.entries()) {
    if (part.type !== 'text' || part.quoted || !part.text.includes('{')) continue;
    const found = firstBraces(part.text);
    if (!found) continue;
    const { before, choices, after } = found;
    return choices.flatMap((choice) =>
      expandBraces([...word.slice(0, i), { type: 'text', text: before + choice + after, quoted: false }, ...word.slice(i + 1)]),
    );
  }
  return [word];
}

function firstBraces(text: string): { before: string; choices: readonly string[]; after: string } | undefined {
  for (let start = text.indexOf('{'); start >= 0; start = text.indexOf('{', start + 1)) {
    const parts = partsFrom(text, start + 1);
    if (!parts) continue;
    const { choices, end } = parts;
    const made = choices.length > 1 ? choices : rangeOf(choices[0] ?? '');
    if (made) return { before: text.slice(0, start), choices: made, after: text.slice(end) };
  }
  return undefined;
}

/** What stands between braces, by its commas, and where it ends. */
function partsFrom(text: string, start: number): { choices: readonly string[]; end: number } | undefined {
  const choices = [''];
  for (let i = start, depth = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '}' && depth === 0) return { choices, end: i + 1 };
    if (c === '{') depth++;
    if (c === '}') depth--;
    if (c === ',' && depth === 0) choices.push('');
    else choices[choices.length - 1] += c;
  }
  return undefined;
}

/** `1..3`, `01..10`, `a..e`, `0..10..2` */
function rangeOf(text: string): readonly string[] | undefined {
  const [, from = '', to = '', by] = /^(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?$/.exec(text) ?? [];
  const areNumbers = /\d$/.test(from);
  if (from === '' || areNumbers !== /\d$/.test(to)) return undefined;
  const [first, last] = areNumbers ? [Number(from), Number(to)] : [from.charCodeAt(0), to.charCodeAt(0)];
  const step = Math.abs(Number(by ?? 1)) || 1;
  const width = areNumbers && [from, to].some((end) => /^-?0\d/.test(end)) ? Math.max(from.length, to.length) : 0;
  const count = Math.min(Math.floor(Math.abs(last - first) / step) + 1, RANGE_MAX);
  return Array.from({ length: count }, (_, i) => {
    const value = first + (last < first ? -i : i) * step;
    return areNumbers ? String(value).padStart(width, '0') : String.fromCharCode(value);
  });
}
