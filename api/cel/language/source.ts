// The text of an expression, and errors that point into it: cel-go's `ERROR: <input>:1:6: message`, the line, and a caret
// (cel-go, `common/error.go`). Positions are UTF-16 offsets here and code points in the text that people see.

/** An offset that points nowhere: cel-go prints such errors as `<input>:-1:0` and without a line. */
export const NOWHERE = -1;

/** Longer lines are not shown (cel-go's `maxSnippetLength`). */
const SNIPPET_LENGTH_MAX = 16_384;
/** As many errors as cel-go reports of one expression. */
const ERRORS_MAX = 100;

const WIDE_DOT = '\uff0e';
const WIDE_CARET = '\uff3e';

/** One thing wrong at one place. */
export interface Issue {
  readonly offset: number;
  readonly message: string;
}

/** An expression that does not parse or check. The message is cel-go's, one block per issue in order of position. */
export class CompileError extends Error {
  override readonly name = 'CompileError';
  readonly issues: readonly Issue[];

  constructor(text: string, issues: readonly Issue[]) {
    super(format(text, issues));
    this.issues = issues;
  }
}

function format(text: string, issues: readonly Issue[]): string {
  const sorted = [...issues].sort((a, b) => a.offset - b.offset);
  const shown = sorted.slice(0, ERRORS_MAX).map((issue) => formatIssue(text, issue));
  if (issues.length > ERRORS_MAX) shown.push(`${issues.length - ERRORS_MAX} more errors were truncated`);
  return shown.join('\n');
}

function formatIssue(text: string, { offset, message }: Issue): string {
  if (offset === NOWHERE) return `ERROR: <input>:-1:0: ${message}`;
  if (text === '') return `ERROR: <input>:1:0: ${message}`; // the end of nothing lies before its first column
  const before = text.slice(0, offset).split('\n');
  const line = text.split('\n')[before.length - 1] ?? '';
  const column = [...(before.at(-1) ?? '')].length;
  const head = `ERROR: <input>:${before.length}:${column + 1}: ${message}`;
  if (byteLength(line) > SNIPPET_LENGTH_MAX) return head;
  const characters = [...line.replaceAll('\t', ' ')];
  const dots = characters.slice(0, column).map((c) => (isWide(c) ? WIDE_DOT : '.'));
  const at = characters[column];
  return `${head}\n | ${characters.join('')}\n | ${dots.join('')}${at !== undefined && isWide(at) ? WIDE_CARET : '^'}`;
}

const isWide = (character: string): boolean => (character.codePointAt(0) ?? 0) >= 0x80;
const byteLength = (text: string): number => Buffer.byteLength(text);
