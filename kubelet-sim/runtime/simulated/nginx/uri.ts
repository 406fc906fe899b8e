import { hex, replaceUnprinted } from './ascii.ts';

/** The path of a request without escapes, `.`, `..` and double slashes; undefined when it is none that nginx takes. */
export function normalizeUri(target: string, mergesSlashes = true): { readonly uri: string; readonly args: string } | undefined {
  const [path = '', ...rest] = target.replace(/#.*$/, '').split('?');
  const args = rest.join('?');
  if (!path.startsWith('/') || /%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  const plain = path.replace(/%([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  if (plain.includes('\0')) return undefined;
  const parts: string[] = [];
  const all = plain.split('/').slice(1);
  for (const [i, part] of all.entries()) {
    const isLast = i === all.length - 1;
    if (part === '..' && parts.pop() === undefined) return undefined;
    if (part === '..' || part === '.' || (part === '' && mergesSlashes)) {
      if (isLast) parts.push('');
    } else parts.push(part);
  }
  return { uri: `/${parts.join('/')}`, args };
}

/** What nginx escapes in a path (`NGX_ESCAPE_URI`). */
export const escapeUri = (path: string): string => replaceUnprinted(path, ' "#%<>?[\\]^`{|}', (_, code) => `%${hex(code)}`);

/** `/path?query` from a text of a configuration. */
export function splitArgs(text: string): { readonly uri: string; readonly args: string } {
  const at = text.indexOf('?');
  return at < 0 ? { uri: text, args: '' } : { uri: text.slice(0, at), args: text.slice(at + 1) };
}
