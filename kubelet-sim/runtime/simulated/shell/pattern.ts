/** Escapes what a pattern would take for more than itself. */
export const escapeGlob = (text: string): string => text.replace(/[*?[\]\\]/g, '\\$&');
/** Undoes {@link escapeGlob}. */
export const unescapeGlob = (text: string): string => text.replace(/\\(.)/gs, '$1');
/** Whether a pattern is more than a text. */
export const isGlob = (pattern: string): boolean => /(?:^|[^\\])(?:\\\\)*[*?[]/.test(pattern);

/** The source of a regular expression that matches what a shell pattern does. @param star what `*` becomes */
export function globSource(pattern: string, star = '[^]*'): string {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charAt(i);
    if (c === '*') source += star;
    else if (c === '?') source += '[^]';
    else if (c === '\\') source += escapeRegExp(pattern.charAt(++i));
    else if (c === '[') {
      const set = /^\[(!|\^)?(\]?(?:\[:\w+:\]|[^\]])*)\]/.exec(pattern.slice(i));
      if (set) {
        source += `[${set[1] ? '^' : ''}${classSource(set[2] ?? '')}]`;
        i += set[0].length - 1;
      } else source += '\\[';
    } else source += escapeRegExp(c);
  }
  return source;
}

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

const classSource = (text: string): string => text.replace(/\[:(\w+):\]|[\\\]^[]/g, (c, name?: string) => (name === undefined ? `\\${c}` : (CLASSES[name] ?? '')));

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

export const globRegExp = (pattern: string): RegExp => new RegExp(`^${globSource(pattern)}$`);
