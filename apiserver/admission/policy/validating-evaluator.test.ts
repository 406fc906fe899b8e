import { describe, expect, it } from 'vitest';
import type { ValidatingAdmissionPolicySpec, Validation } from '../../../api/index.ts';
import { ValidatingEvaluator } from './validating-evaluator.ts';

const INPUT = { object: { name: 'x', lines: 'a\nb', long: 'y'.repeat(6000), n: 1 }, oldObject: undefined, request: {} };
const verdict = (spec: ValidatingAdmissionPolicySpec) => new ValidatingEvaluator({ spec }).evaluate(INPUT, () => 0);
const decide = (validation: Partial<Validation>, spec: ValidatingAdmissionPolicySpec = {}) =>
  verdict({ ...spec, validations: [{ expression: 'false', ...validation }] }).decisions;

describe('a validation', () => {
  it.each<readonly [Partial<Validation>, string]>([
    [{}, 'failed expression: false'],
    [{ message: ' as written ' }, 'as written'],
    [{ message: 'as written', messageExpression: "' is ' + object.name + ' '" }, 'is x'],
    [{ message: 'as written', messageExpression: 'object.missing' }, 'as written'],
    [{ message: 'as written', messageExpression: "'  '" }, 'as written'],
    [{ message: 'as written', messageExpression: 'object.lines' }, 'as written'],
    [{ message: 'as written', messageExpression: 'object.long' }, 'as written'],
    [{ messageExpression: 'string(object.n)' }, '1'],
  ])('%j says %s', (validation, message) => {
    const isTyped = validation.messageExpression?.startsWith('object.');
    const given = isTyped ? { ...validation, messageExpression: `string(${validation.messageExpression})` } : validation;
    expect(decide(given)).toEqual([{ action: 'deny', message, reason: 'Invalid', seconds: 0 }]);
  });

  it('has the reason that it names, and none when it fails', () => {
    expect(decide({ reason: 'Forbidden' })).toMatchObject([{ reason: 'Forbidden' }]);
    expect(decide({ expression: 'object.missing == 1', reason: 'Forbidden' })).toMatchObject([{ action: 'deny', reason: '' }]);
    expect(decide({ expression: 'object.missing == 1' }, { failurePolicy: 'Ignore' })).toEqual([
      { action: 'admit', ignored: "expression 'object.missing == 1' resulted in error: no such key: missing", seconds: 0 },
    ]);
  });

  it('refuses whatever the others say', () => {
    const validations = ['true', 'false', 'object.n == 1'].map((expression) => ({ expression }));
    expect(verdict({ validations }).decisions.map(({ action }) => action)).toEqual(['admit', 'deny', 'admit']);
  });
});

describe('an audit annotation', () => {
  it.each([
    ["' of ' + object.name", [{ key: 'k', value: 'of x' }]],
    ["' '", []],
    ['null', []],
    ["string(authorizer.path('/').check('get').allowed())", [{ error: expect.stringContaining('authorizer'), seconds: 0 }]],
  ])('%s gives %j', (valueExpression, annotations) => {
    expect(verdict({ auditAnnotations: [{ key: 'k', valueExpression }] }).annotations).toEqual(annotations);
  });

  it('that fails is left out where failures are ignored', () => {
    const auditAnnotations = [{ key: 'k', valueExpression: 'string(object.missing)' }];
    expect(verdict({ auditAnnotations, failurePolicy: 'Ignore' }).annotations).toEqual([]);
    expect(verdict({ auditAnnotations }).annotations).toHaveLength(1);
  });
});
