import type { Exchange } from './exchange.ts';
import type { Location, Locations } from './model.ts';
import { groupsOf } from './server-names.ts';

/** The location that answers a path; or that the path is to be asked with a slash at its end. */
export type Located = { readonly location: Location } | { readonly slash: true };

/** Handlers whose locations `/x/` are asked for `/x` with a redirect. */
const REDIRECTING: readonly string[] = ['proxy_pass', 'fastcgi_pass', 'uwsgi_pass', 'scgi_pass', 'grpc_pass', 'memcached_pass'];

/**
 * Finds the location of a path (`ngx_http_core_find_location`): an exact one; else, of the longest prefix, those inside it; else the first
 * pattern that fits, unless the prefix forbids that; else the longest prefix.
 *
 * @returns undefined when there is none
 */
export function locate(exchange: Exchange, locations: Locations): Located | undefined {
  const { uri } = exchange;
  const exact = locations.exact.get(uri);
  if (exact) return { location: exact };
  const redirecting = locations.prefixes.find(
    ({ text, scope }) => text === `${uri}/` && REDIRECTING.some((name) => scope.own(name).length > 0),
  );
  if (redirecting && !locations.prefixes.some(({ text }) => text === uri)) return { slash: true };
  const prefix = locations.prefixes.find(({ text }) => uri.startsWith(text));
  const inside = prefix && locate(exchange, prefix.inner);
  if (inside && ('slash' in inside || isFinal(inside.location, uri))) return inside;
  if (prefix?.modifier !== '^~') {
    const byPattern = ofPatterns(exchange, locations);
    if (byPattern) return byPattern;
  }
  return inside ?? (prefix ? { location: prefix } : undefined);
}

/** Whether nothing around it may answer in its place. */
const isFinal = ({ modifier, text }: Location, uri: string): boolean => modifier.startsWith('~') || (modifier === '=' && text === uri);

function ofPatterns(exchange: Exchange, locations: Locations): Located | undefined {
  for (const location of locations.patterns) {
    const groups = location.pattern?.match(exchange.uri);
    if (!location.pattern || !groups) continue;
    exchange.groups = groupsOf(location.pattern, groups);
    return locate(exchange, location.inner) ?? { location };
  }
  return undefined;
}
