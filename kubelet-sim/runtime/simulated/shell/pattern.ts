/** Escapes what a pattern would take for more than itself. */
export const escapeGlob = (text: string): string => text.replace(/[*?[\]\\]/g, '\\$&');
/** Undoes {@link escapeGlob}. */
export const unescapeGlob = (text: string): string => text.replace(/\\(.)/gs, '$1');
/** Whether a pattern is more than a text. */
export const isGlob = (pattern: string): boolean => /(?:^|[^\\])(?:\\\\)*[*?[]/.test(pattern);

/** A piece of a pattern: an escaped character, a set, or any character. */
const PIECE = /\\(.)|\[(!|\^)?(\]?(?:\[:\w+:\]|[^\]])*)\]|\*|\?|./gs;

/** The source of a regular expression that matches what a shell pattern does. @param star what `*` becomes */
export const globSource = (pattern: string, star = '[^]*'): string =>
  pattern.replace(PIECE, (...[piece, escaped, not, set]: (string | undefined)[]) => {
    if (escaped !== undefined) return escapeRegExp(escaped);
    if (set !== undefined) return `[${not ? '^' : ''}${classSource(set)}]`;
    return piece === '*' ? star : piece === '?' ? '[^]' : escapeRegExp(piece ?? '');
  });

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
};

const classSource = (text: string): string =>
  text.replace(/\[:(\w+):\]|[\\\]^[]/g, (c, name?: string) => (name === undefined ? `\\${c}` : (CLASSES[name] ?? '')));

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

export const globRegExp = (pattern: string): RegExp => new RegExp(`^${globSource(pattern)}$`);
