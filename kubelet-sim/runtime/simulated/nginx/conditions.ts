import { ConfigError, type Place, wrongAt } from './config-error.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import type { Directive } from './scope.ts';
import { compileTemplate, type Template } from './template.ts';

/** What an `if` asks. */
export type Condition =
  | { readonly test: 'set'; readonly value: Template }
  | { readonly test: 'equal'; readonly value: Template; readonly other: Template; readonly isNegated: boolean }
  | { readonly test: 'match'; readonly value: Template; readonly pattern: Pattern; readonly isNegated: boolean }
  | { readonly test: 'file'; readonly what: 'f' | 'd' | 'e' | 'x'; readonly path: Template; readonly isNegated: boolean };

/** A pattern of a configuration. @throws ConfigError that names its place */
export function patternAt(source: string, place: Place, ignoresCase = false): Pattern {
  try {
    return compilePattern(source, ignoresCase);
  } catch (error) {
    throw error instanceof ConfigError ? wrongAt(place, error.message) : error;
  }
}

/** Reads the words of an `if` (`ngx_http_rewrite_if_condition`). @throws ConfigError */
export function parseCondition(directive: Directive): Condition {
  const words = [...directive.args];
  const first = words[0] ?? '';
  const last = words.at(-1) ?? '';
  if (!first.startsWith('(')) throw wrongAt(directive, `invalid condition "${first}"`);
  if (!last.endsWith(')')) throw wrongAt(directive, `invalid condition "${last}"`);
  words.splice(0, 1, ...(first === '(' ? [] : [first.slice(1)]));
  words.push(...[words.pop() ?? ''].filter((word) => word !== ')').map((word) => word.slice(0, -1)));
  const [subject = '', operator, ...others] = words;
  if (subject.startsWith('$')) return ofVariable(directive, subject, operator, others);
  const [, negation, what] = /^(!?)-([fdex])$/.exec(subject) ?? [];
  if (what === undefined || operator === undefined) throw wrongAt(directive, `invalid condition "${subject}"`);
  return { test: 'file', what: what as 'f', path: compileTemplate(operator, directive), isNegated: negation === '!' };
}

function ofVariable(directive: Directive, subject: string, operator: string | undefined, others: readonly string[]): Condition {
  if (!/^\$(?:\w+|\{\w+\})$/.test(subject)) throw wrongAt(directive, `invalid condition "${subject}"`);
  const value = compileTemplate(subject, directive);
  if (operator === undefined) return { test: 'set', value };
  const [other = ''] = others;
  if (operator === '=' || operator === '!=')
    return { test: 'equal', value, other: compileTemplate(other, directive), isNegated: operator === '!=' };
  if (/^!?~\*?$/.test(operator))
    return { test: 'match', value, pattern: patternAt(other, directive, operator.endsWith('*')), isNegated: operator.startsWith('!') };
  throw wrongAt(directive, `unexpected "${operator}" in condition`);
}
