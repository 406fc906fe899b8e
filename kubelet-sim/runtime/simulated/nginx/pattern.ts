import { RE2JS, RE2JSException } from 're2js';
import { ConfigError } from './config-error.ts';

/**
 * A regular expression of a configuration, matched without backtracking (docs/adr/0011): what is matched comes from outside. Of what PCRE has
 * and RE2 has not, a lookahead that stands beside groups (`/\.(?!well-known)`) is understood; other such patterns are refused.
 */
export interface Pattern {
  /** Names of its groups, by number. */
  readonly names: ReadonlyMap<string, number>;
  /** The groups of the first match, the whole first; undefined when there is none. */
  match(text: string): readonly (string | undefined)[] | undefined;
}

/** Longer texts are not matched with lookaheads: these take time with the square of the text. */
const LOOKING_LENGTH_MAX = 2048;

/** @throws ConfigError without a place, in PCRE's words as far as they differ */
export function compilePattern(source: string, ignoresCase = false): Pattern {
  try {
    return compile(source, ignoresCase);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new ConfigError(`pcre2_compile() failed: ${reasonOf(error.message, source)}`);
  }
}

function compile(source: string, ignoresCase: boolean): Pattern {
  const split = splitAtLookahead(source);
  if (split) return new LookingPattern(split, ignoresCase);
  const compiled = RE2JS.compile(source, ignoresCase ? RE2JS.CASE_INSENSITIVE : 0);
  return {
    names: new Map(Object.entries(compiled.namedGroups())),
    match(text) {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return undefined;
      return Array.from({ length: compiled.groupCount() + 1 }, (_, group) => matcher.group(group) ?? undefined);
    },
  };
}

const REASONS: readonly (readonly [RegExp, (source: string) => string])[] = [
  [/missing closing \)/, (source) => `missing closing parenthesis in "${source}"`],
  [/unexpected \)/, (source) => `unmatched closing parenthesis in "${source}" at "${source.slice(source.indexOf(')'))}"`],
  [/missing closing \]/, (source) => `missing terminating ] for character class in "${source}"`],
  [
    /missing argument to repetition operator: `(.)/,
    (source) => `quantifier does not follow a repeatable item in "${source}" at "${source.slice(source.search(/[*+?]/))}"`,
  ],
];

const reasonOf = (message: string, source: string): string =>
  REASONS.find(([pattern]) => pattern.test(message))?.[1](source) ?? `${message.replace(/^error parsing regexp: /, '')} in "${source}"`;

/** What is before a lookahead, what it looks for, and what is behind it. */
interface Split {
  readonly before: string;
  readonly wanted: string;
  readonly isNegative: boolean;
  readonly after: string;
}

/** At the first lookahead that is in no group, of a pattern that is one alternative. */
function splitAtLookahead(source: string): Split | undefined {
  const start = topLevel(source, (at) => source.startsWith('(?!', at) || source.startsWith('(?=', at));
  if (start === undefined || topLevel(source, (at) => source[at] === '|') !== undefined) return undefined;
  const rest = source.slice(start + 1);
  const end = topLevel(rest, (at) => rest[at] === ')');
  if (end === undefined) return undefined;
  return { before: source.slice(0, start), wanted: rest.slice(2, end), isNegative: rest[1] === '!', after: rest.slice(end + 1) };
}

/** The first place outside groups and classes for which something holds. */
function topLevel(source: string, holds: (at: number) => boolean): number | undefined {
  let depth = 0;
  let isInClass = false;
  for (let at = 0; at < source.length; at++) {
    const char = source[at];
    if (char === '\\') at++;
    else if (isInClass) isInClass = char !== ']';
    else if (depth === 0 && holds(at)) return at;
    else if (char === '[') isInClass = true;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
  }
  return undefined;
}

/** Tries each place at which the lookahead may stand: with the square of the text, never more. */
class LookingPattern implements Pattern {
  readonly names: ReadonlyMap<string, number>;
  readonly #head: Pattern;
  readonly #wanted: Pattern;
  readonly #isNegative: boolean;
  readonly #tail: Pattern;

  constructor({ before, wanted, isNegative, after }: Split, ignoresCase: boolean) {
    this.#head = compile(`(?:${before})$`, ignoresCase);
    this.#wanted = compile(`^(?:${wanted})`, ignoresCase);
    this.#tail = compile(`^${after}`, ignoresCase);
    this.#isNegative = isNegative;
    const groups = RE2JS.compile(`(?:${before})`).groupCount();
    this.names = new Map([...this.#head.names, ...[...this.#tail.names].map(([name, group]) => [name, group + groups] as const)]);
  }

  match(text: string): readonly (string | undefined)[] | undefined {
    if (text.length > LOOKING_LENGTH_MAX) return undefined;
    for (let at = 0; at <= text.length; at++) {
      const rest = text.slice(at);
      if ((this.#wanted.match(rest) !== undefined) === this.#isNegative) continue;
      const tail = this.#tail.match(rest);
      const head = tail && this.#head.match(text.slice(0, at));
      if (tail && head) return [`${head[0]}${tail[0]}`, ...head.slice(1), ...tail.slice(1)];
    }
    return undefined;
  }
}
