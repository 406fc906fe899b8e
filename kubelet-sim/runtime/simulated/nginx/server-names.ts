import { compilePattern, type Pattern } from './pattern.ts';

/** Finds who has a name: exactly, by a wildcard (the longest first, one at the beginning before one at the end), by a pattern in their order. */
export class ServerNames<T> {
  readonly #exact = new Map<string, T>();
  readonly #heads = new Map<string, T>();
  readonly #tails = new Map<string, T>();
  readonly #patterns: { readonly pattern: Pattern; readonly owner: T }[] = [];

  /** @returns false when another has the name already */
  add(name: string, owner: T): boolean {
    if (name.startsWith('~')) {
      this.#patterns.push({ pattern: compilePattern(name.slice(1), true), owner });
      return true;
    }
    const lower = name.toLowerCase();
    if (lower.startsWith('.')) {
      const isNew = put(this.#exact, lower.slice(1), owner);
      return put(this.#heads, lower.slice(1), owner) && isNew;
    }
    if (lower.startsWith('*.')) return put(this.#heads, lower.slice(2), owner);
    if (lower.endsWith('.*')) return put(this.#tails, lower.slice(0, -2), owner);
    return put(this.#exact, lower, owner);
  }

  /** Who has a name, and what a pattern found in it. */
  find(name: string): { readonly owner: T; readonly groups: ReadonlyMap<string, string> } | undefined {
    const owner = this.#exact.get(name) ?? wild(this.#heads, name, afterDot) ?? wild(this.#tails, name, beforeDot);
    if (owner !== undefined) return { owner, groups: NO_GROUPS };
    for (const { pattern, owner: found } of this.#patterns) {
      const groups = pattern.match(name);
      if (groups) return { owner: found, groups: groupsOf(pattern, groups) };
    }
    return undefined;
  }
}

const NO_GROUPS: ReadonlyMap<string, string> = new Map();

/** Groups by their numbers and names. */
export function groupsOf(pattern: Pattern, groups: readonly (string | undefined)[]): ReadonlyMap<string, string> {
  const found = new Map(groups.map((text, group) => [String(group), text ?? ''] as const));
  for (const [name, group] of pattern.names) found.set(name.toLowerCase(), groups[group] ?? '');
  return found;
}

function put<T>(map: Map<string, T>, name: string, owner: T): boolean {
  if (map.has(name)) return map.get(name) === owner;
  map.set(name, owner);
  return true;
}

const afterDot = (name: string): string | undefined => (name.includes('.') ? name.slice(name.indexOf('.') + 1) : undefined);
const beforeDot = (name: string): string | undefined => (name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : undefined);

/** The longest that fits: one part of the name less each time. */
function wild<T>(map: ReadonlyMap<string, T>, name: string, shorten: (name: string) => string | undefined): T | undefined {
  if (map.size === 0) return undefined;
  for (let rest = shorten(name); rest !== undefined; rest = shorten(rest)) {
    const owner = map.get(rest);
    if (owner !== undefined) return owner;
  }
  return undefined;
}
