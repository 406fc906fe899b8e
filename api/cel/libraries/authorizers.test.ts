// What expressions ask the authorizer, and what they make of its answers (apiserver, `pkg/cel/library/authz.go`).
import { describe, expect, it } from 'vitest';
import { CostBudget, compileExpression } from '../expression.ts';
import type { CelValue } from '../language/values.ts';
import {
  AUTHORIZER_TYPE,
  type AuthorizerAnswer,
  type AuthorizerQuestion,
  authorizerValue,
  CHECK_COST,
  RESOURCE_CHECK_TYPE,
  resourceCheckValue,
} from './authorizers.ts';

const TYPES = new Map([
  ['authorizer', AUTHORIZER_TYPE],
  ['authorizer.requestResource', RESOURCE_CHECK_TYPE],
]);

function ask(expression: string, answer: AuthorizerAnswer = { allowed: true, reason: 'because' }) {
  const questions: AuthorizerQuestion[] = [];
  const authorize = (question: AuthorizerQuestion) => {
    questions.push(question);
    return answer;
  };
  const variables: Readonly<Record<string, CelValue>> = {
    authorizer: authorizerValue(authorize),
    'authorizer.requestResource': resourceCheckValue(authorize, { group: 'apps', resource: 'deployments', namespace: 'ns', name: 'web' }),
  };
  const budget = new CostBudget(10_000_000);
  const outcome = compileExpression(expression, { variables: TYPES }).evaluate((name) => variables[name], budget);
  return { outcome, questions, cost: 10_000_000 - budget.remaining };
}

describe('questions', () => {
  it.each<readonly [string, AuthorizerQuestion]>([
    ["authorizer.path('/healthz').check('get').allowed()", { path: '/healthz', verb: 'get' }],
    ["authorizer.group('').resource('pods').check('list').allowed()", { group: '', resource: 'pods', verb: 'list' }],
    [
      "authorizer.group('apps').resource('deployments').subresource('scale').namespace('ns').name('web').check('update').allowed()",
      { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'ns', name: 'web', verb: 'update' },
    ],
    [
      "authorizer.serviceAccount('ns', 'robot').group('').resource('pods').check('get').allowed()",
      { serviceAccount: { namespace: 'ns', name: 'robot' }, group: '', resource: 'pods', verb: 'get' },
    ],
    [
      "authorizer.group('').resource('pods').labelSelector('a=b').fieldSelector('c=d').check('list').allowed()",
      { group: '', resource: 'pods', labelSelector: 'a=b', fieldSelector: 'c=d', verb: 'list' },
    ],
    [
      "authorizer.requestResource.check('delete').allowed()",
      { group: 'apps', resource: 'deployments', namespace: 'ns', name: 'web', verb: 'delete' },
    ],
    [
      "authorizer.requestResource.subresource('status').check('get').allowed()",
      { group: 'apps', resource: 'deployments', subresource: 'status', namespace: 'ns', name: 'web', verb: 'get' },
    ],
  ])('%s', (expression, question) => {
    const { outcome, questions, cost } = ask(expression);
    expect(outcome).toEqual({ value: true });
    expect(questions.map((asked) => JSON.parse(JSON.stringify(asked)))).toEqual([question]);
    expect(cost).toBeGreaterThanOrEqual(CHECK_COST);
  });
});

describe('answers', () => {
  const CHECK = "authorizer.group('').resource('pods').check('get')";

  it('are decisions, with a reason', () => {
    expect(ask(`${CHECK}.allowed()`, { allowed: false, reason: '' }).outcome).toEqual({ value: false });
    expect(ask(`${CHECK}.reason()`).outcome).toEqual({ value: 'because' });
  });

  it('may be errors, which are not allowed', () => {
    const failed = { allowed: false, reason: '', error: 'no connection' };
    expect(ask(`${CHECK}.errored()`, failed).outcome).toEqual({ value: true });
    expect(ask(`${CHECK}.error()`, failed).outcome).toEqual({ value: 'no connection' });
    expect(ask(`${CHECK}.errored()`).outcome).toEqual({ value: false });
    expect(ask(`${CHECK}.error()`).outcome).toEqual({ value: '' });
  });
});

describe('wrong questions', () => {
  it.each([
    ["authorizer.path('').check('get').allowed()", 'path must not be empty'],
    ["authorizer.group('').resource('').check('get').allowed()", 'resource must not be empty'],
    ["authorizer.serviceAccount('ns', 'Not a name').path('/').check('get').allowed()", 'Invalid service account name'],
    ["authorizer.serviceAccount('N', 'robot').path('/').check('get').allowed()", 'Invalid service account namespace'],
  ])('%s', (expression, message) => {
    expect(ask(expression).outcome).toMatchObject({ error: `expression '${expression}' resulted in error: ${message}` });
  });

  it('do not compile where a check has no such function', () => {
    expect(() => ask("authorizer.path('/').namespace('ns')")).toThrow("found no matching overload for 'namespace'");
  });
});
