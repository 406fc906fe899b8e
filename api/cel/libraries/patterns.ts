// Searching with regular expressions (apiserver, `pkg/cel/library/regex.go`).
import { ArrayList } from '../language/collections.ts';
import type { FunctionDeclaration, Implementation } from '../language/declarations.ts';
import { define, method, signature } from '../language/define.ts';
import { findMatches } from '../language/regex.ts';
import { costSize, regexCost } from '../language/runtime-cost.ts';
import { INT, listOf, STRING } from '../language/types.ts';
import { CelError, type CelValue, noSuchOverload } from '../language/values.ts';

const search =
  (limit: number | undefined, give: (found: readonly string[]) => CelValue): Implementation =>
  (text, pattern, count = -1n) => {
    if (typeof text !== 'string' || typeof pattern !== 'string' || typeof count !== 'bigint') return noSuchOverload();
    const found = findMatches(text, pattern, limit ?? Number(count));
    return found instanceof CelError ? new CelError(`Illegal regex: ${found.message}`) : give(found);
  };

const first = search(1, ([match]) => match ?? '');
const all = search(undefined, (found) => new ArrayList(found));
const cost = (args: readonly CelValue[]): number => regexCost(costSize(args[0] ?? null), costSize(args[1] ?? null));

export const PATTERN_FUNCTIONS: readonly FunctionDeclaration[] = [
  define('find', method('string_find_string', signature([STRING, STRING], STRING), first)),
  define(
    'findAll',
    method('string_find_all_string', signature([STRING, STRING], listOf(STRING)), all),
    method('string_find_all_string_int', signature([STRING, STRING, INT], listOf(STRING)), all),
  ),
].map((declared) => ({ ...declared, cost }));
