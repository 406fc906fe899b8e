// The order of a map's keys. Upstream: go-yaml 2, `sorter.go`.

/** Letters come after what is none, and numbers by their value: `a2` before `a10`. */
export function compareKeys(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let same = 0;
  while (same < end && a.charCodeAt(same) === b.charCodeAt(same)) same += 1;
  const [x, y] = [a.charCodeAt(same), b.charCodeAt(same)];
  return isPlainLetter(x) && isPlainLetter(y) ? x - y : compareChars(a, b);
}

/** Whether a 16-bit code is one of English's letters, as it mostly is. */
const isPlainLetter = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90);

function compareChars(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  const at = left.findIndex((char, i) => char !== right[i]);
  if (at < 0 || at >= right.length) return left.length - right.length;
  const [x = '', y = ''] = [left[at], right[at]];
  const [isLetterX, isLetterY] = [LETTER.test(x), LETTER.test(y)];
  if (isLetterX && isLetterY) return codePoint(x) - codePoint(y);
  if (isLetterX || isLetterY) return isLetterX ? 1 : -1;
  const lead = x === '0' || y === '0' ? leadOf(left, at) : '';
  const [numberX, numberY] = [digitsAt(left, at), digitsAt(right, at)];
  return (
    compareNumbers(numberOf(lead + numberX), numberOf(lead + numberY)) || numberX.length - numberY.length || codePoint(x) - codePoint(y)
  );
}

const LETTER = /^\p{L}$/u;
const DIGIT = /^\p{Nd}$/u;
const codePoint = (char: string): number => char.codePointAt(0) ?? 0;

/** Zeros count for something when a number has begun before them. */
function leadOf(chars: readonly string[], at: number): string {
  for (let i = at - 1; i >= 0 && DIGIT.test(chars[i] ?? ''); i--) if (chars[i] !== '0') return '1';
  return '';
}

function digitsAt(chars: readonly string[], at: number): string {
  let end = at;
  while (end < chars.length && DIGIT.test(chars[end] ?? '')) end += 1;
  return chars.slice(at, end).join('');
}

/** As Go's 64 bits have it, whatever the script of the digits. */
const numberOf = (digits: string): bigint =>
  [...digits].reduce((sum, digit) => BigInt.asIntN(64, sum * 10n + BigInt(codePoint(digit) - 48)), 0n);

const compareNumbers = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
