import { ConfigError } from '../nginx/config-error.ts';
import { compilePattern, type Pattern } from '../nginx/pattern.ts';
import type { Configuration, Location, Server } from './model.ts';
import { DEFAULT_SERVER } from './model.ts';

const needsRewrite = ({ owner, path }: Location): boolean => {
  const target = owner?.annotations.rewriteTarget ?? '';
  return target !== '' && target !== path;
};
const isRegex = (location: Location): boolean => needsRewrite(location) || (location.owner?.annotations.useRegex ?? false);

/**
 * Locations in the order in which they are written down: the longest first. A prefix ends at a slash, and is joined by the path without
 * one (upstream `updateServerLocations`).
 */
export function orderedLocations(locations: readonly Location[]): readonly Location[] {
  const sorted = [...locations]
    .sort((a, b) => (a.path > b.path ? -1 : a.path < b.path ? 1 : 0))
    .sort((a, b) => b.path.length - a.path.length);
  const exact = new Set(sorted.filter(({ pathType }) => pathType === 'Exact').map(({ path }) => path));
  return sorted.flatMap((location) => {
    const { path, pathType } = location;
    if (path === '/' || pathType !== 'Prefix' || isRegex(location)) return [location];
    const prefix = { ...location, path: path.endsWith('/') ? path : `${path}/` };
    return exact.has(path) ? [prefix] : [prefix, { ...location, pathType: 'Exact' as const }];
  });
}

/** Finds the server for the name of a host, as nginx does: by name, by wildcard, else the default one. */
export function serverFor({ servers }: Configuration, host: string): Server | undefined {
  const exact = servers.get(host);
  if (exact && !host.startsWith('*')) return exact;
  const all = [...servers.values()];
  return (
    all.find(({ aliases }) => aliases.includes(host)) ??
    all.find(({ hostname, aliases }) => [hostname, ...aliases].some((name) => isNamed(name, host))) ??
    servers.get(DEFAULT_SERVER)
  );
}

/** Whether a host is one of those that a name with a wildcard stands for, or an alias that is a regular expression. */
function isNamed(name: string, host: string): boolean {
  if (name.startsWith('*.')) return host.endsWith(name.slice(1)) && /^[\w-]+$/.test(host.slice(0, 1 - name.length));
  return name.startsWith('~') && matches(name.slice(1), host);
}

/** Which location a path is of, as nginx picks it. */
export class LocationMatcher {
  readonly #exact = new Map<string, Location>();
  /** The longest first. */
  readonly #prefixes: Location[] = [];
  readonly #patterns: (readonly [Pattern, Location])[] = [];

  /** With a regular expression on any path of a host all its paths are such (upstream `enforceRegexModifier`). */
  constructor({ locations }: Pick<Server, 'locations'>) {
    const areRegexes = locations.some(isRegex);
    for (const location of locations) {
      const { path, pathType } = location;
      const pattern = areRegexes ? compile(`^${path}`, true) : undefined;
      if (areRegexes) this.#patterns.push(...(pattern ? [[pattern, location] as const] : []));
      else if (pathType === 'Exact') this.#addExact(location);
      else if (!this.#prefixes.some((other) => other.path === path)) this.#prefixes.push(location);
    }
    this.#prefixes.sort((a, b) => b.path.length - a.path.length);
  }

  #addExact(location: Location): void {
    if (!this.#exact.has(location.path)) this.#exact.set(location.path, location);
  }

  /** @param path normalized: nothing in it is encoded */
  match(path: string): Location | undefined {
    return (
      this.#exact.get(path) ??
      this.#patterns.find(([pattern]) => pattern.match(path))?.[1] ??
      this.#prefixes.find((location) => path.startsWith(location.path))
    );
  }
}

/** Patterns that were read, for requests ask for them by their texts. */
const read = new Map<string, Pattern | undefined>();
const READ_MAX = 1000;

/** A pattern of an Ingress; undefined for one that cannot be read. */
export function compile(source: string, ignoresCase = false): Pattern | undefined {
  const key = `${ignoresCase} ${source}`;
  if (read.has(key)) return read.get(key);
  if (read.size === READ_MAX) read.clear();
  let pattern: Pattern | undefined;
  try {
    pattern = compilePattern(source, ignoresCase);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
  read.set(key, pattern);
  return pattern;
}

/** Whether a pattern of an Ingress, if it is one, is found in a text. */
export const matches = (source: string, text: string): boolean => compile(source)?.match(text) !== undefined;

/** A request's path as nginx compares it: decoded, without doubled slashes and dots that go up; undefined for one that leaves the root. */
export function normalizedPath(raw: string): string | undefined {
  const path = raw.replace(/[?#].*$/, '');
  const decoded = /[%\x80-\xff]/.test(path) ? Buffer.from(decodeBytes(path), 'latin1').toString() : path;
  if (decoded.includes('\0')) return undefined;
  const kept: string[] = [];
  const parts = decoded.split('/').slice(1);
  for (const [i, part] of parts.entries()) {
    const isLast = i === parts.length - 1;
    if (part === '..' && kept.length === 0) return undefined;
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
    if (isLast && (part === '' || part === '.' || part === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}

const decodeBytes = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
