/** Whether a code point is of a set. */
export type CharSet = (code: number) => boolean;

export const range =
  (from: number, to: number): CharSet =>
  (code) =>
    code >= from && code <= to;

export const union =
  (sets: readonly CharSet[]): CharSet =>
  (code) =>
    sets.some((set) => set(code));

export const not =
  (set: CharSet): CharSet =>
  (code) =>
    !set(code);

const NEWLINE = 0x0a;

export const ANY: CharSet = () => true;
export const NOT_NEWLINE: CharSet = (code) => code !== NEWLINE;

/** A set of the characters of a class such as `0-9a-z`. */
function ascii(ranges: string): CharSet {
  const member = new Set<number>();
  for (let i = 0; i < ranges.length; i += 2) {
    for (let code = ranges.charCodeAt(i); code <= ranges.charCodeAt(i + 1); code++) member.add(code);
  }
  return (code) => member.has(code);
}

export const isWord: CharSet = ascii('09AZaz__');

/** `\d`, `\s` and `\w`, which are about ASCII in Go. */
export const PERL: Readonly<Record<string, CharSet>> = { d: ascii('09'), s: ascii('\t\n\f\r  '), w: isWord };

/** The classes inside brackets, such as `[:alpha:]`. */
export const POSIX: Readonly<Record<string, CharSet>> = {
  alnum: ascii('09AZaz'),
  alpha: ascii('AZaz'),
  ascii: ascii('\u0000\u007f'),
  blank: ascii('\t\t  '),
  cntrl: ascii('\u0000\u001f\u007f\u007f'),
  digit: ascii('09'),
  graph: ascii('!~'),
  lower: ascii('az'),
  print: ascii(' ~'),
  punct: ascii('!/:@[`{~'),
  space: ascii('\t\r  '),
  upper: ascii('AZ'),
  word: isWord,
  xdigit: ascii('09AFaf'),
};

const CATEGORY = /^(?:C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;
/** Go knows scripts by their long names only, and JavaScript by their codes of four letters too. */
const SHORT_SCRIPTS: ReadonlySet<string> = new Set(['Ahom', 'Cham', 'Kawi', 'Lisu', 'Miao', 'Modi', 'Newa', 'Thai', 'Toto']);

/** The characters of a Unicode category or script; undefined when there is none of that name. */
export function unicodeSet(name: string): CharSet | undefined {
  if (name === 'Any') return ANY;
  const property = propertyOf(name);
  if (property === undefined) return undefined;
  try {
    const pattern = new RegExp(`^\\p{${property}}$`, 'u');
    return (code) => pattern.test(String.fromCodePoint(code));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function propertyOf(name: string): string | undefined {
  if (CATEGORY.test(name)) return `General_Category=${name}`;
  if (!/^[A-Z][A-Za-z_]*$/.test(name) || (name.length === 4 && !SHORT_SCRIPTS.has(name))) return undefined;
  return `Script=${name}`;
}

/** A set without regard to upper and lower case. */
export const folded =
  (set: CharSet): CharSet =>
  (code) => {
    if (set(code)) return true;
    const char = String.fromCodePoint(code);
    const forms = [char.toLowerCase(), char.toUpperCase()];
    forms.push(...forms.flatMap((form) => [form.toLowerCase(), form.toUpperCase()]));
    return forms.some((form) => isSingle(form) && set(form.codePointAt(0) ?? 0));
  };

/** What becomes two characters in the other case is not the same letter. */
const isSingle = (text: string): boolean => text.length === 1 || (text.length === 2 && (text.codePointAt(0) ?? 0) > 0xffff);
