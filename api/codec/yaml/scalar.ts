// A text as a YAML scalar: plain, in quotes or as a block of lines, and where its lines are folded. Upstream: go-yaml, `emitterc.go`.
import { needsQuotes, resolvePlain } from './resolve.ts';

/** How scalars are laid out. */
export interface ScalarStyle {
  /** Spaces of one step of indentation. */
  readonly step: number;
  /** A line that is longer is folded at its next space. */
  readonly widthMax: number;
  /** Whether a block of lines may hold tabs. */
  readonly tabsInBlocks: boolean;
}

/** Where a scalar stands. */
export interface Place {
  /** Spaces before its further lines. */
  readonly indent: number;
  /** Characters before it on its first line. */
  readonly column: number;
  /** A key that has its value behind it is one line, whatever its length. */
  readonly isKey?: boolean | undefined;
}

/** What most texts are: nothing in it needs a look. */
const WORD = /^[A-Za-z/][\w./-]*$/;
const BREAKS = '\\n\\u2028\\u2029';
/** What only double quotes can carry; what is beyond 16 bits comes as its halves. */
const SPECIAL = /[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const SPECIAL_BUT_TABS = /[^\n\t\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const IS_BREAK = new RegExp(`[${BREAKS}]`);
const SPACE_BREAK = new RegExp(` [${BREAKS}]`);
const BREAK_SPACE = new RegExp(`[${BREAKS}] `);
/** What may not begin a plain text, end it, or be in it. */
const NOT_PLAIN = new RegExp(`^[,[\\]{}#&*!|>'"%@\`]|^[-?:](?: |$)|^(?:---|\\.\\.\\.)|:(?: |$)| #|^ | $|[${BREAKS}]`);

/** Whether a text is of several lines. */
export const hasBreaks = (text: string): boolean => /[\n\r\x85\u2028\u2029]/.test(text);

/** A text as a scalar, without a line break at its end. */
export function textScalar(text: string, place: Place, style: ScalarStyle): string {
  if (WORD.test(text)) return resolvePlain(text) === text ? text : `"${text}"`;
  const isLoose = SPACE_BREAK.test(text);
  if (text.includes('\n')) {
    const special = style.tabsInBlocks ? SPECIAL_BUT_TABS : SPECIAL;
    const isBlock = place.isKey !== true && !isLoose && !text.endsWith(' ') && !special.test(text);
    return isBlock ? literal(text, place.indent, style.step) : folded(text, DOUBLE_QUOTED, place, style);
  }
  if (needsQuotes(text) || isLoose || BREAK_SPACE.test(text) || SPECIAL.test(text)) return folded(text, DOUBLE_QUOTED, place, style);
  return folded(text, NOT_PLAIN.test(text) ? SINGLE_QUOTED : PLAIN, place, style);
}

/** Lines as they are; signs say what is not to be seen: spaces in front, and breaks at the end. */
function literal(text: string, indent: number, step: number): string {
  const isBreak = (at: number): boolean => IS_BREAK.test(text.at(at) ?? '');
  const hint = text.startsWith(' ') || isBreak(0) ? step : '';
  const chomping = !isBreak(-1) ? '-' : text.length === 1 || isBreak(-2) ? '+' : '';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  return `|${hint}${chomping}\n${body.replace(FIRST_OF_LINE, `${' '.repeat(indent)}$&`)}`;
}

const FIRST_OF_LINE = new RegExp(`(?<=^|[${BREAKS}])[^${BREAKS}]`, 'g');

/** A kind of scalar whose lines may be folded. */
interface Folding {
  readonly quote: '' | "'" | '"';
  /** What must be escaped, and as what. */
  readonly unsafe?: RegExp | undefined;
  shownAs(char: string): string;
}

const PLAIN: Folding = { quote: '', shownAs: (char) => char };
const SINGLE_QUOTED: Folding = { quote: "'", unsafe: /'/gu, shownAs: (char) => `${char}${char}` };
const DOUBLE_QUOTED: Folding = {
  quote: '"',
  unsafe: /["\\\n\u2028\u2029]|[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/gu,
  shownAs: escaped,
};

function folded(text: string, { quote, unsafe, shownAs }: Folding, place: Place, { widthMax }: ScalarStyle): string {
  const shown = unsafe ? text.replaceAll(unsafe, shownAs) : text;
  const isOneLine = place.isKey === true || place.column + quote.length + shown.length <= widthMax;
  return isOneLine && !IS_BREAK.test(shown) ? `${quote}${shown}${quote}` : `${quote}${foldedLines(shown, quote, place, widthMax)}${quote}`;
}

/** Runs of spaces, of breaks, and of what is neither. */
const RUNS = /( +)|([\u2028\u2029]+)|[^ \u2028\u2029]+/g;

/** Folds at the first of a run of spaces; only double quotes can tell that there were more. */
function foldedLines(shown: string, quote: Folding['quote'], { indent, column: start }: Place, widthMax: number): string {
  const pad = ' '.repeat(indent);
  let written = '';
  let column = start + quote.length;
  for (const { 0: run, 1: spaces, 2: breaks, index } of shown.matchAll(RUNS)) {
    if (breaks !== undefined) {
      written += index + run.length < shown.length ? `${run}${pad}` : run;
      column = indent;
    } else if (spaces !== undefined && column > widthMax && mayFold(quote, spaces, isInside(index, shown))) {
      const rest = `${spaces.length > 1 ? '\\' : ''}${spaces.slice(1)}`;
      written += `\n${pad}${rest}`;
      column = indent + rest.length;
    } else {
      written += run;
      column += run.length;
    }
  }
  return written;
}

/** What is quoted is not folded at a space that it begins or ends with. */
const isInside = (index: number, shown: string): boolean => index > 0 && index < shown.length - 1;

const mayFold = (quote: Folding['quote'], spaces: string, inside: boolean): boolean =>
  quote === '' ? spaces.length === 1 : inside && (quote === '"' || spaces.length === 1);

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '0'],
  ['\x07', 'a'],
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\v', 'v'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['\x1b', 'e'],
  ['"', '"'],
  ['\\', '\\'],
  ['\x85', 'N'],
  ['\u2028', 'L'],
  ['\u2029', 'P'],
]);

function escaped(char: string): string {
  const short = SHORT_ESCAPES.get(char);
  if (short !== undefined) return `\\${short}`;
  const code = char.codePointAt(0) ?? 0;
  const [letter, digits] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8];
  return `\\${letter}${code.toString(16).toUpperCase().padStart(Number(digits), '0')}`;
}
