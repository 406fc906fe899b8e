import { FileError, normalizePath } from '../files/tree.ts';
import { checkArguments } from './checks.ts';
import { ConfigError, type Place, wrongAt } from './config-error.ts';
import { type DirectiveRule, directiveRules, takes } from './directives.ts';
import { type Directive, Scope } from './scope.ts';
import { TokenReader, type Tokens } from './tokens.ts';

/** The files that a configuration is read from. */
export interface ConfigFiles {
  /** @throws FileError */
  read(path: string): Promise<string>;
  /** Names in a directory; none when there is no such directory. */
  list(path: string): Promise<readonly string[]>;
}

/** A configuration as it stands, with the files that were read, in their order. */
export interface ParsedConfig {
  readonly main: Scope;
  readonly sources: ReadonlyMap<string, string>;
  /** What is said of it though it can be used. */
  readonly warnings: readonly string[];
}

/** Where files are that are named without a directory. */
const CONFIG_PREFIX = '/etc/nginx';
/** Files that include others may not go on for ever. */
const DEPTH_MAX = 32;

/** Blocks whose lines are no directives: words, up to a semicolon. */
const RAW: ReadonlySet<string> = new Set(['types', 'map', 'geo', 'split_clients', 'charset_map']);
const RAW_CONTEXT = '';

/**
 * Reads a configuration, as nginx reads it: what is wrong first is what is complained of.
 *
 * @param path of the first file
 * @param global directives of the command line (`-g`)
 * @throws ConfigError
 */
export async function parseConfig(files: ConfigFiles, path: string, global = ''): Promise<ParsedConfig> {
  const main = new Scope('m');
  const parser = new Parser(files);
  if (global !== '') await parser.parse(new TokenReader(global, ''), main);
  await parser.parseFile(path, main, undefined);
  return { main, sources: parser.sources, warnings: parser.warnings };
}

/** A relative path in a configuration. */
export const configPath = (path: string): string => normalizePath(path, CONFIG_PREFIX);

class Parser {
  readonly sources = new Map<string, string>();
  readonly warnings: string[] = [];
  readonly #files: ConfigFiles;
  #depth = 0;

  constructor(files: ConfigFiles) {
    this.#files = files;
  }

  /** @param from the directive that includes it */
  async parseFile(path: string, scope: Scope, from: Place | undefined): Promise<void> {
    const text = await this.#files.read(path).catch((error: unknown) => {
      throw error instanceof FileError ? cannotOpen(path, error, from) : error;
    });
    this.sources.set(path, text);
    if (++this.#depth > DEPTH_MAX) throw new ConfigError(`open() "${path}" failed (24: Too many open files)`);
    await this.parse(new TokenReader(text, path), scope);
    this.#depth--;
  }

  /** Reads directives into a block, until it is closed, or the file is at its end. */
  async parse(reader: TokenReader, scope: Scope, isBlock = false): Promise<void> {
    for (let tokens = reader.next(); !isEnd(tokens, reader.place, isBlock); tokens = reader.next()) {
      if (tokens.end === '{' && reader.place.file === '') throw wrongAt(reader.place, 'block directives are not supported in -g option');
      if (scope.context === RAW_CONTEXT) await this.#readRaw(tokens, reader.place, scope);
      else await this.#readDirective(tokens, reader, scope);
    }
  }

  async #readRaw({ words, end }: Tokens, place: Place, scope: Scope): Promise<void> {
    const [name = '', ...args] = words;
    if (end === '{') throw wrongAt(place, 'unexpected "{"');
    if (name === 'include' && args.length === 1) return await this.#include({ ...place, name, args }, scope);
    scope.add({ name, args, ...place });
  }

  async #readDirective(tokens: Tokens, reader: TokenReader, scope: Scope): Promise<void> {
    const [name = '', ...args] = tokens.words;
    const { place } = reader;
    const rule = ruleFor(tokens, scope, place);
    const directive = { name, args, ...place };
    checkArguments(directive, rule.kind, scope);
    if (name === 'upstream' && scope.own('upstream').some((other) => other.args[0] === args[0]))
      throw wrongAt(place, `duplicate upstream "${args[0]}"`);
    if (name === 'include') return await this.#include(directive, scope);
    if (!rule.isBlock) return scope.add(directive);
    const block = new Scope(contextOf(name, scope), scope, isWithoutUri(directive));
    scope.add({ ...directive, block });
    await this.parse(reader, block, true);
    if (name === 'upstream' && block.own('server').length === 0) throw wrongAt(reader.place, 'no servers are inside upstream');
    checkLocations(directive, scope);
  }

  async #include(directive: Directive, scope: Scope): Promise<void> {
    const path = configPath(directive.args[0] ?? '');
    if (!/[*?[]/.test(path)) return await this.parseFile(path, scope, directive);
    for (const found of await this.#glob(path)) await this.parseFile(found, scope, directive);
  }

  /** The paths that a pattern stands for, in their order (glob(3)). */
  async #glob(pattern: string): Promise<readonly string[]> {
    let found = [''];
    for (const part of pattern.split('/').filter(Boolean)) {
      if (!/[*?[]/.test(part)) {
        found = found.map((path) => `${path}/${part}`);
        continue;
      }
      const fits = globPattern(part);
      const lists = await Promise.all(
        found.map(async (path) => (await this.#files.list(path || '/')).filter((name) => fits.test(name)).map((name) => `${path}/${name}`)),
      );
      found = lists.flat().sort();
    }
    return found;
  }
}

/** Whether a block, or a file, is at its end. @throws ConfigError when the other would be */
function isEnd({ end }: Tokens, place: Place, isBlock: boolean): boolean {
  if (end === '}' && !isBlock) throw wrongAt(place, 'unexpected "}"');
  if (end === 'end' && isBlock) throw wrongAt(place, 'unexpected end of file, expecting "}"');
  return end === '}' || end === 'end';
}

const cannotOpen = (path: string, error: FileError, from: Place | undefined): ConfigError => {
  const what = `open() "${path}" failed (${error.number}: ${error.reason})`;
  return from ? wrongAt(from, what) : new ConfigError(what);
};

/** A part of a path with wildcards; these do not stand for a dot at the beginning. */
const globPattern = (part: string): RegExp => {
  const text = part
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${part.startsWith('.') ? '' : '(?!\\.)'}${text}$`);
};

/** The rule by which a directive is used here. @throws ConfigError */
function ruleFor({ words, end }: Tokens, scope: Scope, place: Place): DirectiveRule {
  const [name = '', ...args] = words;
  const known = directiveRules().get(name);
  if (!known) throw wrongAt(place, `unknown directive "${name}"`);
  const rule = known.find(({ contexts }) => contexts.includes(scope.context));
  if (!rule) throw wrongAt(place, `"${name}" directive is not allowed here`);
  if (!rule.isBlock && end === '{') throw wrongAt(place, `directive "${name}" is not terminated by ";"`);
  if (rule.isBlock && end !== '{') throw wrongAt(place, `directive "${name}" has no opening "{"`);
  if (!takes(rule, args.length)) throw wrongAt(place, `invalid number of arguments in "${name}" directive`);
  return rule;
}

const CONTEXTS: Readonly<Record<string, string>> = { events: 'e', http: 'h', stream: 'H', location: 'l', limit_except: 'x' };

/** The context that the block of a directive is. */
function contextOf(name: string, { context }: Scope): string {
  if (RAW.has(name)) return RAW_CONTEXT;
  if (name === 'server') return context === 'h' ? 's' : 'V';
  if (name === 'upstream') return context === 'h' ? 'u' : 'U';
  if (name === 'if') return context === 's' ? 'S' : 'L';
  return CONTEXTS[name] ?? RAW_CONTEXT;
}

/** What a location is asked by: a modifier and a text. */
export interface LocationName {
  readonly modifier: string;
  readonly text: string;
}

/** `= /x`, `=/x`, `~ \.php$`, `@name`, `/x`. */
export function locationName({ args }: Pick<Directive, 'args'>): LocationName {
  const [first = '', second] = args;
  if (second !== undefined) return { modifier: first, text: second };
  const [, modifier = '', text = ''] = /^(=|\^~|~\*|~|@)?([\s\S]*)$/.exec(first) ?? [];
  return { modifier, text };
}

const isWithoutUri = (directive: Directive): boolean => directive.name === 'location' && /^[~@]/.test(locationName(directive).modifier);

/** Whether a location may be where it is, beside and inside others. @throws ConfigError */
function checkLocations(directive: Directive, scope: Scope): void {
  if (directive.name !== 'location') return;
  const { modifier, text } = locationName(directive);
  const outer = scope.context === 'l' ? scope.parent?.own('location').find(({ block }) => block === scope) : undefined;
  if (outer) {
    const around = locationName(outer);
    const wrong = (what: string) => wrongAt(directive, what);
    if (around.modifier === '=') throw wrong(`location "${text}" cannot be inside the exact location "${around.text}"`);
    if (around.modifier === '@') throw wrong(`location "${text}" cannot be inside the named location "@${around.text}"`);
    if (modifier === '@') throw wrong(`named location "@${text}" can be on the server level only`);
    if (!modifier.startsWith('~') && !around.modifier.startsWith('~') && !text.startsWith(around.text))
      throw wrong(`location "${text}" is outside location "${around.text}"`);
  }
}
