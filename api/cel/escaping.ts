// Field names that are no identifiers of CEL: `a-b` is `a__dash__b` in an expression (apiserver, `pkg/cel/escaping.go`).

const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

const WORDS: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };
const CHARACTERS: Readonly<Record<string, string>> = { underscores: '__', dot: '.', dash: '-', slash: '/' };

/** Words of the language: as a field they may be written as they are, or escaped. */
export const isReserved = (name: string): boolean => RESERVED.has(name);

/** The name that an expression uses; nothing for names that none can use. */
export function escapeName(name: string): string | undefined {
  if (name === '' || /^\d/.test(name)) return undefined;
  if (RESERVED.has(name)) return `__${name}__`;
  if (!/^[A-Za-z\d_./-]*$/.test(name)) return undefined;
  return name.replace(/__|[-./]/g, (part) => WORDS[part] ?? part);
}

/** The field that a name in an expression means; nothing if it can be none. */
export function unescapeName(escaped: string): string | undefined {
  let valid = true;
  const name = escaped.replace(/__[^_]+__/g, (part) => {
    const word = part.slice(2, -2);
    if (Object.hasOwn(CHARACTERS, word)) return CHARACTERS[word] ?? '';
    if (RESERVED.has(word) && part.length === escaped.length) return word;
    valid = false;
    return '';
  });
  return valid ? name : undefined;
}
