// Regular expressions as Go's: RE2 syntax, matched in linear time, so that no pattern can stop the API server.
import { RE2JS, RE2JSException } from 're2js';
import { CelError } from './values.ts';

/** Patterns that are computed rather than written are compiled again and again; as many are kept. */
const PATTERNS_MAX = 500;
const patterns = new Map<string, RE2JS | CelError>();

/** Compiles a pattern; the error has Go's text. */
export function compilePattern(pattern: string): RE2JS | CelError {
  const known = patterns.get(pattern);
  if (known) return known;
  if (patterns.size >= PATTERNS_MAX) patterns.clear();
  const compiled = compile(pattern);
  patterns.set(pattern, compiled);
  return compiled;
}

function compile(pattern: string): RE2JS | CelError {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) return new CelError(error.message);
    throw error;
  }
}

/** Whether the pattern matches somewhere in the text. */
export function matches(text: string, pattern: string): boolean | CelError {
  const compiled = compilePattern(pattern);
  return compiled instanceof CelError ? compiled : compiled.test(text);
}

/** The matches in a text, at most so many; all if the limit is below 0. */
export function findMatches(text: string, pattern: string, limit: number): string[] | CelError {
  const compiled = compilePattern(pattern);
  if (compiled instanceof CelError) return compiled;
  const found: string[] = [];
  const matcher = compiled.matcher(text);
  while ((limit < 0 || found.length < limit) && matcher.find()) found.push(matcher.group() ?? '');
  return found;
}
