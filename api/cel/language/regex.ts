// Regular expressions as Go's, kept by their text.
import { compileGoPattern, type GoPattern } from '../../go-regexp.ts';
import { CelError } from './values.ts';

/** Patterns that are computed rather than written are compiled again and again; as many are kept. */
const PATTERNS_MAX = 500;
const patterns = new Map<string, GoPattern | CelError>();

/** Compiles a pattern; the error has Go's text. */
export function compilePattern(pattern: string): GoPattern | CelError {
  const known = patterns.get(pattern);
  if (known) return known;
  if (patterns.size >= PATTERNS_MAX) patterns.clear();
  const compiled = compileGoPattern(pattern);
  const kept = compiled.error === undefined ? compiled : new CelError(compiled.error);
  patterns.set(pattern, kept);
  return kept;
}

/** Whether the pattern matches somewhere in the text. */
export function matches(text: string, pattern: string): boolean | CelError {
  const compiled = compilePattern(pattern);
  return compiled instanceof CelError ? compiled : compiled.matches(text);
}

/** The matches in a text, at most so many; all if the limit is below 0. */
export function findMatches(text: string, pattern: string, limit: number): string[] | CelError {
  const compiled = compilePattern(pattern);
  return compiled instanceof CelError ? compiled : compiled.find(text, limit);
}
