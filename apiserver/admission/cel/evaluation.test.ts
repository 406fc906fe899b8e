import { describe, expect, it } from 'vitest';
import { CostBudget, ExpressionError } from '../../../api/cel.ts';
import { AdmissionCompiler, attempt, RETURNS } from './compiler.ts';
import { type AdmissionInput, Evaluator, OutOfBudget } from './evaluation.ts';
import { type MatchConditions, matchConditions } from './match-conditions.ts';

const DECLARED = { params: true, authorizer: true };
const INPUT: AdmissionInput = { object: { spec: { n: 3 }, gone: undefined }, oldObject: undefined, request: { operation: 'CREATE' } };

function compilerWith(variables: Readonly<Record<string, string>> = {}) {
  const compiler = new AdmissionCompiler({ composed: true });
  for (const [name, expression] of Object.entries(variables)) compiler.addVariable({ name, expression }, DECLARED);
  return compiler;
}

function evaluate(text: string, variables: Readonly<Record<string, string>> = {}, limit = 1_000_000, input = INPUT) {
  const compiler = compilerWith(variables);
  const evaluator = new Evaluator(input, compiler.variables, new CostBudget(limit));
  return evaluator.evaluate(attempt(() => compiler.compile(text, RETURNS.variable, DECLARED)));
}

describe('expressions of admission', () => {
  it.each([
    ['object.spec.n', 3n],
    ['has(object.gone)', false],
    ['size(object)', 1n],
    ['oldObject == null && params == null && namespaceObject == null', true],
    ['request.operation', 'CREATE'],
    ['has(request.namespace)', false],
  ])('%s', (text, value) => {
    expect(evaluate(text)).toEqual({ value });
  });

  it('use variables, which have the types of what they give', () => {
    const variables = { list: '[1, 2]', map: "{'a': object.spec.n}", object: 'object.spec' };
    expect(evaluate("variables.list[0] + variables.map['a'] + variables.object.n", variables)).toEqual({ value: 7n });
    expect(evaluate("variables.list == 'x'", variables)).toEqual({ error: expect.stringContaining('found no matching overload') });
    expect(evaluate('variables.later', { ...variables })).toEqual({ error: expect.stringContaining("undefined field 'later'") });
  });

  it('fail where a variable fails, or could not be compiled', () => {
    expect(evaluate('variables.a', { a: 'object.x' })).toEqual({
      error: 'expression \'variables.a\' resulted in error: composited variable "a" fails to evaluate: no such key: x',
    });
    const { error } = evaluate('variables.a', { a: 'object..x' }) as { error: string };
    expect(error).toContain('composited variable "a" fails to compile: compilation failed: ERROR');
  });

  it('work out a variable once, and pay for it', () => {
    const variables = { costly: '[1, 2, 3, 4, 5].map(x, x * x)' };
    const compiler = compilerWith(variables);
    const budget = new CostBudget(1000);
    const evaluator = new Evaluator(INPUT, compiler.variables, budget);
    const expression = compiler.compile('variables.costly.size() == 5', RETURNS.condition, DECLARED);
    const spent = [0, 1].map(() => {
      const before = budget.remaining;
      evaluator.evaluate(expression);
      return before - budget.remaining;
    });
    expect(spent[0]).toBeGreaterThan((spent[1] ?? 0) + 20);
  });

  it('end when they or their variables have cost too much', () => {
    expect(() => evaluate('[1, 2, 3].all(x, x > 0)', {}, 10)).toThrow(OutOfBudget);
    expect(() => evaluate('variables.v', { v: '[1, 2, 3].all(x, x > 0)' }, 10)).toThrow(OutOfBudget);
  });

  it('cannot ask what the user may do unless there is somebody to ask', () => {
    expect(evaluate("authorizer.path('/').check('get').allowed()")).toEqual({ error: expect.stringContaining('authorizer') });
    const asked: unknown[] = [];
    const authorize = (question: unknown) => {
      asked.push(question);
      return { allowed: true, reason: '' };
    };
    const requestResource = { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'ns', name: 'a' };
    const input = { ...INPUT, authorize, requestResource };
    expect(evaluate("authorizer.requestResource.check('update').allowed()", {}, 1_000_000, input)).toEqual({ value: true });
    expect(asked).toEqual([{ ...requestResource, verb: 'update' }]);
  });

  it('say why they cannot be compiled', () => {
    expect(attempt(() => compilerWith().compile('1', RETURNS.message, DECLARED))).toBeInstanceOf(ExpressionError);
  });
});

describe('match conditions', () => {
  const compiler = compilerWith();
  const outcome = (failurePolicy: string, ...texts: readonly string[]) => {
    const conditions: MatchConditions['conditions'] = texts.map((text) =>
      attempt(() => compiler.compile(text, RETURNS.condition, DECLARED)),
    );
    return matchConditions({ conditions, failurePolicy }, { ...INPUT, namespaceObject: { metadata: {} } });
  };

  it.each<readonly [string, readonly string[], boolean]>([
    ['all are met', ['true', 'object.spec.n == 3'], true],
    ['one is not met', ['true', 'false'], false],
    ['one is not met and others fail', ['object.x == 1', 'false'], false],
    ['there is no namespace to look at', ['namespaceObject == null'], true],
  ])('%s', (_what, texts, matches) => {
    expect(outcome('Fail', ...texts)).toBe(matches);
  });

  it('that fail are errors, each told once, or are not met where failures are ignored', () => {
    const error = "expression 'object.x == 1' resulted in error: no such key: x";
    expect(outcome('Fail', 'object.x == 1')).toEqual({ error });
    expect(outcome('Fail', 'object.x == 1', 'object.x == 1')).toEqual({ error });
    const other = "expression 'object.y == 1' resulted in error: no such key: y";
    expect(outcome('Fail', 'object.x == 1', 'object.y == 1')).toEqual({ error: `[${error}, ${other}]` });
    expect(outcome('Ignore', 'object.x == 1')).toBe(false);
  });
});
