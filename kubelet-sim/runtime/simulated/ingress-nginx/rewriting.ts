import type { Incoming } from './incoming.ts';
import { compile } from './locations.ts';
import type { Location } from './model.ts';

/** Where a rewritten request goes: to a backend with another path, or elsewhere altogether. */
export type Rewritten = { readonly uri: string } | { readonly redirect: string };

/**
 * What `rewrite-target` makes of a request: captures of the path's pattern, anywhere in the path and in any case, are put into the target
 * (upstream `buildProxyPass`).
 */
export function rewritten({ ingressPath, owner }: Location, incoming: Incoming): Rewritten {
  const target = owner?.annotations.rewriteTarget ?? '';
  const pattern = target === '' || target === ingressPath ? undefined : compile(ingressPath, true);
  const captures = pattern?.match(incoming.path ?? '/');
  if (!pattern || !captures) return { uri: incoming.uri };
  const named = [...pattern.names].map(([name, group]) => [name, captures[group] ?? ''] as const);
  const filled = fill(target, captures, { ...Object.fromEntries(named), ...variablesOf(incoming) });
  if (/^https?:\/\//.test(filled)) return { redirect: filled };
  const [path = '', ...args] = filled.split('?');
  const query = [args.join('?'), filled.endsWith('?') ? '' : incoming.query].filter((part) => part !== '').join('&');
  return { uri: `${escapeUri(path)}${query === '' ? '' : `?${query}`}` };
}

/** Puts captures and variables where a text names them; a variable that nobody knows is nothing. */
function fill(text: string, captures: readonly (string | undefined)[], variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(?:\{(\w+)\}|(\d)|([a-z_]\w*))/gi, (_, braced?: string, digit?: string, name?: string) => {
    const key = braced ?? digit ?? name ?? '';
    return /^\d+$/.test(key) ? (captures[Number(key)] ?? '') : (variables[key] ?? '');
  });
}

/** What texts of annotations may name of a request. */
export const variablesOf = (incoming: Incoming): Record<string, string> => ({
  args: incoming.query,
  host: incoming.host,
  http_host: incoming.httpHost,
  best_http_host: incoming.bestHost,
  pass_access_scheme: incoming.accessScheme,
  query_string: incoming.query,
  remote_addr: incoming.remote,
  request_method: incoming.method,
  request_uri: incoming.uri,
  escaped_request_uri: encodeURIComponent(incoming.uri),
  scheme: incoming.isSecure ? 'https' : 'http',
  uri: incoming.path ?? '/',
});

/** Fills the variables of a text. */
export const withVariables = (text: string, incoming: Incoming): string => {
  const variables = variablesOf(incoming);
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => variables[braced ?? bare ?? ''] ?? '');
};

/** As nginx writes a path that it has changed. */
const escapeUri = (path: string): string =>
  path.replace(/[#%?]|[^\x21-\x7e]/gu, (letter) =>
    [...Buffer.from(letter)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
