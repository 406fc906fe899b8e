/** Regular expressions as Go's (RE2): matched in time linear to the text, so that no pattern anybody may write stops the server. */
import { RE2JS, RE2JSException } from 're2js';

/** A pattern, ready to be matched. */
export interface GoPattern {
  /** Whether it matches anywhere in a text. Never, if the pattern is wrong. */
  matches(text: string): boolean;
  /** The matches in a text from left to right, at most so many; all if the limit is below 0. */
  find(text: string, limit: number): string[];
  /** What is wrong with the pattern, in Go's words. */
  readonly error: string | undefined;
}

/** Compiles a pattern in the syntax of Go's regexp. */
export function compileGoPattern(pattern: string): GoPattern {
  try {
    const compiled = RE2JS.compile(pattern);
    return { matches: (text) => compiled.test(text), find: (text, limit) => findIn(compiled, text, limit), error: undefined };
  } catch (error) {
    if (error instanceof RE2JSException) return { matches: () => false, find: () => [], error: goMessage(error) };
    throw error;
  }
}

function findIn(pattern: RE2JS, text: string, limit: number): string[] {
  const found: string[] = [];
  const matcher = pattern.matcher(text);
  while ((limit < 0 || found.length < limit) && matcher.find()) found.push(matcher.group() ?? '');
  return found;
}

/** Go always says where; of nothing, nothing in quotes. */
const goMessage = ({ message }: RE2JSException): string => (message.endsWith('`') ? message : `${message}: \`\``);
