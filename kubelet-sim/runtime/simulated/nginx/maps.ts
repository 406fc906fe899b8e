import { inRange, parseRange } from './addresses.ts';
import { patternAt } from './conditions.ts';
import { wrongAt } from './config-error.ts';
import type { Pattern } from './pattern.ts';
import type { Directive, Scope } from './scope.ts';
import type { ValueOf } from './template.ts';
import { templateOf } from './templates.ts';

/** A variable that follows from others. */
export interface DerivedVariable {
  value(valueFor: ValueOf): string;
}

/** Variables of `map`, `geo` and `split_clients`, by name. @throws ConfigError */
export function buildMaps(http: Scope): Map<string, DerivedVariable> {
  const maps = new Map<string, DerivedVariable>();
  for (const directive of http.own('map')) add(maps, directive, directive.args[1], buildMap);
  for (const directive of http.own('geo')) add(maps, directive, directive.args.at(-1), buildGeo);
  for (const directive of http.own('split_clients')) add(maps, directive, directive.args[1], buildSplit);
  return maps;
}

function add(
  maps: Map<string, DerivedVariable>,
  directive: Directive,
  name = '',
  build: (directive: Directive, entries: readonly Directive[]) => DerivedVariable,
): void {
  if (!name.startsWith('$')) throw wrongAt(directive, `invalid variable name "${name}"`);
  maps.set(name.slice(1).toLowerCase(), build(directive, directive.block?.directives ?? []));
}

/** `map`: exact values first, then wildcards where these are host names, then patterns in their order. */
function buildMap(directive: Directive, entries: readonly Directive[]): DerivedVariable {
  const source = templateOf(directive);
  const exact = new Map<string, Directive>();
  const patterns: { readonly pattern: Pattern; readonly entry: Directive }[] = [];
  const hasHostNames = entries.some(({ name, args }) => name === 'hostnames' && args.length === 0);
  let fallback: Directive | undefined;
  for (const entry of entries) {
    const { name, args } = entry;
    if (args.length === 0 && (name === 'hostnames' || name === 'volatile')) continue;
    if (args.length !== 1) throw wrongAt(entry, 'invalid number of the map parameters');
    if (name === 'default') fallback = entry;
    else if (name.startsWith('~')) patterns.push({ pattern: patternAt(name.replace(/^~\*?/, ''), entry, name.startsWith('~*')), entry });
    else exact.set(name.replace(/^\\(?=.)/, '').toLowerCase(), entry);
  }
  return {
    value(valueFor) {
      const text = source.fill(valueFor);
      const found = exact.get(text.toLowerCase()) ?? (hasHostNames ? ofHost(exact, text.toLowerCase()) : undefined);
      if (found) return templateOf(found).fill(valueFor);
      for (const { pattern, entry } of patterns) {
        const groups = pattern.match(text);
        const named = (name: string) => groups?.[pattern.names.get(name) ?? (/^\d$/.test(name) ? Number(name) : -1)];
        if (groups) return templateOf(entry).fill((name) => named(name) ?? valueFor(name));
      }
      return fallback ? templateOf(fallback).fill(valueFor) : '';
    },
  };
}

function ofHost(exact: ReadonlyMap<string, Directive>, host: string): Directive | undefined {
  const parts = host.split('.');
  for (let i = 0; i < parts.length; i++) {
    const rest = parts.slice(i).join('.');
    const found = exact.get(`.${rest}`) ?? (i > 0 ? exact.get(`*.${rest}`) : undefined);
    if (found) return found;
  }
  for (let i = parts.length - 1; i > 0; i--) {
    const found = exact.get(`${parts.slice(0, i).join('.')}.*`);
    if (found) return found;
  }
  return undefined;
}

/** `geo`: the narrowest network that an address is in. */
function buildGeo(directive: Directive, entries: readonly Directive[]): DerivedVariable {
  const source = directive.args.length === 2 ? (directive.args[0] ?? '').replace(/^\$/, '') : 'remote_addr';
  const networks = entries.flatMap(({ name, args }) => {
    const range = parseRange(name);
    return range ? [{ range, text: args[0] ?? '' }] : [];
  });
  networks.sort((a, b) => b.range.bits - a.range.bits);
  const usual = entries.find(({ name }) => name === 'default')?.args[0] ?? '';
  return { value: (valueFor) => networks.find(({ range }) => inRange(valueFor(source) ?? '', range))?.text ?? usual };
}

/** `split_clients`: by shares of a hundred. */
function buildSplit(directive: Directive, entries: readonly Directive[]): DerivedVariable {
  const source = templateOf(directive);
  return {
    value(valueFor) {
      const point = (hashOf(source.fill(valueFor)) / 2 ** 32) * 100;
      let sum = 0;
      for (const { name, args } of entries) {
        sum += name === '*' ? 100 : Number.parseFloat(name);
        if (point < sum) return args[0] ?? '';
      }
      return '';
    },
  };
}

/** MurmurHash2, by which nginx splits. */
function hashOf(text: string): number {
  const multiplier = 0x5bd1e995;
  let hash = text.length;
  let at = 0;
  for (; text.length - at >= 4; at += 4) {
    let word = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8) | (text.charCodeAt(at + 2) << 16) | (text.charCodeAt(at + 3) << 24);
    word = Math.imul(word, multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  const rest = text.length - at;
  if (rest >= 3) hash ^= text.charCodeAt(at + 2) << 16;
  if (rest >= 2) hash ^= text.charCodeAt(at + 1) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ text.charCodeAt(at), multiplier);
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return (hash ^ (hash >>> 15)) >>> 0;
}
