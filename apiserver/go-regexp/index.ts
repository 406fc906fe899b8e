import { Matcher, TooLargeError } from './matcher.ts';
import { GoRegExpError, parseGoPattern } from './parse.ts';

export { GoRegExpError };

/** A pattern in the syntax of Go's regexp (RE2), ready to be matched. */
export interface GoPattern {
  /** Whether the pattern matches anywhere in a text, in time linear to its length. Never, if the pattern is wrong. */
  matches(text: string): boolean;
  /** What is wrong with the pattern, in Go's words. */
  readonly error: string | undefined;
}

/** Compiles a pattern. */
export function compileGoPattern(pattern: string): GoPattern {
  try {
    const matcher = new Matcher(parseGoPattern(pattern));
    return { matches: (text) => matcher.matches(text), error: undefined };
  } catch (error) {
    if (error instanceof TooLargeError) return failed(new GoRegExpError('expression too large', pattern));
    if (error instanceof GoRegExpError) return failed(error);
    throw error;
  }
}

const failed = ({ message }: GoRegExpError): GoPattern => ({ matches: () => false, error: message });
