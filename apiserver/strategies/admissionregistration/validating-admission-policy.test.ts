import { describe, expect, it } from 'vitest';
import {
  admissionregistrationKinds,
  type KindInfo,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '../../../api/index.ts';
import type { AccessAttributes } from '../../auth/types.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { bindingRefErrors, type PolicyAccess, paramKindErrors } from './policy-access.ts';
import { validatingAdmissionPolicyBindingStrategy, validatingAdmissionPolicyStrategy } from './validating-admission-policy.ts';

const { validatingadmissionpolicies, validatingadmissionpolicybindings } = admissionregistrationKinds;

const asked: AccessAttributes[] = [];
const access = (allowed: boolean): PolicyAccess => ({
  authorizer: {
    authorize: (attributes) => {
      asked.push(attributes);
      return { allowed, reason: '' };
    },
  },
  kinds: () => [{ group: 'example.com', version: 'v1', kind: 'Widget', resource: 'widgets' } as KindInfo],
});

const policies = new StrategyHarness<ValidatingAdmissionPolicy>(
  validatingAdmissionPolicyStrategy(paramKindErrors(access(true))),
  validatingadmissionpolicies,
);
const RULE = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const policy = (spec: object) => ({
  spec: { matchConstraints: { resourceRules: [RULE] }, validations: [{ expression: 'true' }], ...spec },
});
it('looks at the metadata of a status once', () => {
  const { subresources } = validatingAdmissionPolicyStrategy(paramKindErrors(access(true)));
  expect(subresources?.status?.metadataLooks).toEqual([]);
});

const errorsOf = (spec: object) => policies.create(policy(spec)).errors;

const noPolicies = {
  get: () => undefined,
  list: () => [],
  fresh: () => undefined,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
};
const bindings = new StrategyHarness<ValidatingAdmissionPolicyBinding>(
  validatingAdmissionPolicyBindingStrategy(bindingRefErrors(access(true), noPolicies, validatingadmissionpolicies)),
  validatingadmissionpolicybindings,
);
const binding = (spec: object) => ({ spec: { policyName: 'p', validationActions: ['Deny'], ...spec } });

describe('a ValidatingAdmissionPolicy', () => {
  it('gets defaults, a generation and an empty status', () => {
    const { object } = policies.create({
      ...policy({ matchConstraints: { resourceRules: [RULE], excludeResourceRules: [RULE] } }),
      status: { observedGeneration: 7 },
    });
    expect(object.spec).toMatchObject({
      failurePolicy: 'Fail',
      matchConstraints: {
        matchPolicy: 'Equivalent',
        namespaceSelector: {},
        objectSelector: {},
        resourceRules: [{ scope: '*' }],
        excludeResourceRules: [{ scope: '*' }],
      },
    });
    expect([object.metadata.generation, object.status]).toEqual([1, {}]);
  });

  it('has a new generation when its spec changes, and keeps its status', () => {
    const old = policies.stored(policy({}));
    old.status = { observedGeneration: 1 };
    const changed = policies.patch(old, { spec: { failurePolicy: 'Ignore' }, status: { observedGeneration: 5 } }).object;
    expect([changed.metadata.generation, changed.status]).toEqual([2, { observedGeneration: 1 }]);
    expect(policies.patch(old, { metadata: { labels: { a: 'b' } } }).object.metadata.generation).toBe(1);
  });

  it.each<readonly [string, object, readonly string[]]>([
    [
      'names of kinds',
      { paramKind: { apiVersion: 'a/b/c', kind: '1x' } },
      [
        'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        'spec.paramKind.kind: Invalid value: "1x": may have mixed case, but should otherwise match: ' +
          "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an " +
          "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    ['a kind without anything', { paramKind: {} }, ['spec.paramKind.apiVersion: Required value', 'spec.paramKind.kind: Required value']],
    [
      'a kind without a version',
      { paramKind: { apiVersion: 'g/', kind: 'A' } },
      ['spec.paramKind.apiVersion: Invalid value: "g/": version must be specified'],
    ],
    [
      'words that it does not know',
      {
        failurePolicy: 'Never',
        matchConstraints: { matchPolicy: 'Some', resourceRules: [{ ...RULE, scope: 'None', operations: ['GET'] }] },
      },
      [
        'spec.failurePolicy: Unsupported value: "Never": supported values: "Fail", "Ignore"',
        'spec.matchConstraints.matchPolicy: Unsupported value: "Some": supported values: "Equivalent", "Exact"',
        'spec.matchConstraints.resourceRules[0].operations[0]: Unsupported value: "GET": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
        'spec.matchConstraints.resourceRules[0].scope: Unsupported value: "None": supported values: "*", "Cluster", "Namespaced"',
      ],
    ],
    ['no rules', { matchConstraints: {} }, ['spec.matchConstraints.resourceRules: Required value']],
    [
      'a rule without anything',
      { matchConstraints: { resourceRules: [{}] } },
      ['operations', 'apiGroups', 'apiVersions', 'resources'].map(
        (field) => `spec.matchConstraints.resourceRules[0].${field}: Required value`,
      ),
    ],
    [
      'rules that say a thing twice',
      {
        matchConstraints: {
          resourceRules: [
            {
              resourceNames: ['a', 'a', 'x/y'],
              operations: ['*', 'CREATE'],
              apiGroups: ['*', 'a'],
              apiVersions: ['*', ''],
              resources: ['pods/*', 'pods/log', '*/scale', 'a/scale', '*', 'b'],
            },
            { ...RULE, resources: ['*/*', 'pods', ''] },
          ],
        },
      },
      [
        'resourceNames[1]: Duplicate value: "a"',
        'resourceNames[2]: Invalid value: "x/y": may not contain \'/\'',
        'operations: Invalid value: ["*","CREATE"]: if \'*\' is present, must not specify other operations',
        'apiGroups: Invalid value: ["*","a"]: if \'*\' is present, must not specify other API groups',
        'apiVersions: Invalid value: ["*",""]: if \'*\' is present, must not specify other API versions',
        'apiVersions[1]: Required value',
        'resources[1]: Invalid value: "pods/log": if \'pods/*\' is present, must not specify pods/log',
        'resources[3]: Invalid value: "a/scale": if \'*/scale\' is present, must not specify a/scale',
        'resources: Invalid value: ["pods/*","pods/log","*/scale","a/scale","*","b"]: ' +
          "if '*' is present, must not specify other resources without subresources",
      ]
        .map((text) => `spec.matchConstraints.resourceRules[0].${text}`)
        .concat(
          'spec.matchConstraints.resourceRules[1].resources[2]: Required value',
          'spec.matchConstraints.resourceRules[1].resources: Invalid value: ["*/*","pods",""]: if \'*/*\' is present, must not specify other resources',
        ),
    ],
    [
      'conditions',
      {
        matchConditions: [
          { name: '', expression: ' ' },
          { name: 'a', expression: ' params.x ' },
          { name: 'a', expression: 'variables.x' },
          { name: 'b', expression: '1' },
        ],
      },
      [
        'spec.matchConditions[0].expression: Required value',
        'spec.matchConditions[0].name: Required value',
        'spec.matchConditions[1].expression: Invalid value: "params.x": compilation failed: ' +
          "ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.x\n | ^",
        'spec.matchConditions[2].expression: Invalid value: "variables.x": compilation failed: ' +
          "ERROR: <input>:1:1: undeclared reference to 'variables' (in container '')\n | variables.x\n | ^",
        'spec.matchConditions[2].name: Duplicate value: "a"',
        'spec.matchConditions[3].expression: Invalid value: "1": must evaluate to bool but got int',
      ],
    ],
    [
      'variables that are used before they are there',
      {
        variables: [
          { name: 'a', expression: 'variables.b' },
          { name: 'b', expression: '[1]' },
          { name: 'for', expression: '' },
        ],
        validations: [{ expression: 'variables.b == "x" || variables.c' }],
      },
      [
        'spec.variables[0].expression: Invalid value: "variables.b": compilation failed: ' +
          "ERROR: <input>:1:10: undefined field 'b'\n | variables.b\n | .........^",
        'spec.variables[2].name: Invalid value: "for": must be a valid CEL identifier',
        'spec.variables[2].expression: Required value: expression is not specified',
        'spec.validations[0].expression: Invalid value: "variables.b == \\"x\\" || variables.c": compilation failed: ' +
          "ERROR: <input>:1:13: found no matching overload for '_==_' applied to '(list(int), string)'\n" +
          ' | variables.b == "x" || variables.c\n | ............^\n' +
          "ERROR: <input>:1:32: undefined field 'c'\n" +
          ' | variables.b == "x" || variables.c\n | ...............................^',
      ],
    ],
    [
      'messages',
      {
        validations: [{ expression: ' ', message: ' ', messageExpression: ' ' }],
      },
      [
        'spec.validations[0].expression: Required value: expression is not specified',
        'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
        'spec.validations[0].message: Invalid value: " ": must be non-empty if specified',
      ],
    ],
    [
      'audit annotations',
      {
        validations: [],
        auditAnnotations: [
          { key: 'a', valueExpression: '1' },
          { key: 'a', valueExpression: '' },
          { key: 'b c', valueExpression: `'${'x'.repeat(6000)}'` },
        ],
      },
      [
        'spec.auditAnnotations[0].valueExpression: Invalid value: "1": must evaluate to one of [string null_type] but got int',
        'spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified',
        'spec.auditAnnotations[1].key: Duplicate value: "a"',
        "spec.auditAnnotations[2].key: Invalid value: \"x/b c\": name part must consist of alphanumeric characters, '-', '_' or '.', and must " +
          "start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
          "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        'spec.auditAnnotations[2].valueExpression: Required value: must not exceed 5120 bytes in length',
      ],
    ],
  ])('refuses %s', (_what, spec, errors) => {
    expect(errorsOf(spec)).toEqual(errors);
  });

  it('has a message expression that cannot ask what the user may do', () => {
    const [error] = errorsOf({ validations: [{ expression: 'true', messageExpression: 'string(authorizer)' }] });
    expect(error).toContain("undeclared reference to 'authorizer'");
  });

  it('lists at most 20 audit annotations and 64 conditions', () => {
    const auditAnnotations = Array.from({ length: 21 }, (_, i) => ({ key: `k${i}`, valueExpression: "'x'" }));
    const [first] = errorsOf({ auditAnnotations });
    expect(first).toMatch(/^spec\.auditAnnotations: Invalid value: \[\{"Key":"k0","ValueExpression":"'x'"\}.*must not have more than 20/);
    const matchConditions = Array.from({ length: 65 }, (_, i) => ({ name: `c${i}`, expression: 'true' }));
    expect(errorsOf({ matchConditions })).toEqual(['spec.matchConditions: Too many: 65: must have at most 64 items']);
  });

  it('looks at conditions again only if they or the parameters change', () => {
    const old = policies.stored(policy({ matchConditions: [{ name: 'a', expression: 'true' }] }));
    for (const condition of old.spec.matchConditions ?? []) condition.expression = 'nothing';
    expect(policies.patch(old, { spec: { failurePolicy: 'Ignore' } }).errors).toEqual([]);
    expect(policies.patch(old, { spec: { paramKind: { apiVersion: 'v1', kind: 'Pod' } } }).errors).toHaveLength(1);
  });

  it('checks a status, which changes nothing else', () => {
    const old = policies.stored(policy({}));
    const warnings = [
      { fieldRef: 'spec.validations[0].expression', warning: '' },
      { fieldRef: ' ', warning: 'w' },
      { fieldRef: 'a[', warning: 'w' },
    ];
    const { errors, object } = policies.patch(
      old,
      { metadata: { labels: { a: 'b' } }, spec: { failurePolicy: 'Ignore' }, status: { typeChecking: { expressionWarnings: warnings } } },
      'status',
    );
    expect(errors.slice(0, 2)).toEqual([
      'status.typeChecking.expressionWarnings[0].warning: Required value',
      'status.typeChecking.expressionWarnings[1].fieldRef: Required value',
    ]);
    expect(errors[2]).toMatch(/^status\.typeChecking\.expressionWarnings\[2\]\.fieldRef: Invalid value: "a\[": invalid JSONPath: /);
    expect([object.metadata.labels, object.spec.failurePolicy]).toEqual([undefined, 'Fail']);
  });

  it('is shown with the number of its validations and the kind of its parameters', () => {
    const object = policies.stored(policy({ paramKind: { apiVersion: 'example.com/v1', kind: 'Widget' } }));
    expect(policies.row(object).slice(0, 3)).toEqual(['x', 1, 'example.com/v1/Widget']);
    expect(policies.row(policies.stored(policy({})))[2]).toBe('<unset>');
  });

  it('is refused to who may not read all its parameters', () => {
    const strict = new StrategyHarness(validatingAdmissionPolicyStrategy(paramKindErrors(access(false))), validatingadmissionpolicies);
    expect(strict.create(policy({ paramKind: { apiVersion: 'example.com/v1', kind: 'Widget' } })).errors).toEqual([
      'spec.paramKind: Forbidden: user &{somebody  [] map[]} must have "get" permission on all objects of the referenced paramKind (kind=Widget, apiVersion=example.com/v1)',
    ]);
    expect(asked.at(-1)).toMatchObject({
      verb: 'get',
      group: 'example.com',
      version: 'v1',
      resource: 'widgets',
      name: '*',
      namespace: '*',
    });
    expect(strict.create(policy({})).errors).toEqual([]);
  });
});

describe('a ValidatingAdmissionPolicyBinding', () => {
  it.each<readonly [string, object, readonly string[]]>([
    ['a bad name of a policy', { policyName: 'A' }, ['spec.policyName: Invalid value: "A": a lowercase RFC 1123 subdomain must']],
    [
      'parameters without name and selector',
      { paramRef: { parameterNotFoundAction: 'Deny' } },
      ['spec.paramRef: Required value: one of name or selector must be specified'],
    ],
    [
      'an unknown action for missing parameters',
      { paramRef: { name: 'a', parameterNotFoundAction: 'Warn' } },
      ['spec.paramRef.parameterNotFoundAction: Unsupported value: "Warn": supported values: "Deny", "Allow"'],
    ],
    [
      'actions that are unknown or given twice',
      { validationActions: ['Deny', 'Deny', 'Log'] },
      [
        'spec.validationActions[1]: Duplicate value: "Deny"',
        'spec.validationActions[2]: Unsupported value: "Log": supported values: "Audit", "Deny", "Warn"',
      ],
    ],
    [
      'bad rules',
      { matchResources: { resourceRules: [{ ...RULE, operations: [] }] } },
      ['spec.matchResources.resourceRules[0].operations: Required value'],
    ],
  ])('refuses %s', (_what, spec, errors) => {
    const found = bindings.create(binding(spec)).errors;
    expect(found).toHaveLength(errors.length);
    errors.forEach((error, i) => {
      expect(found[i]).toContain(error);
    });
  });

  it('gets defaults and a generation', () => {
    const object = bindings.stored(binding({ matchResources: {} }));
    expect(object.metadata.generation).toBe(1);
    expect(object.spec.matchResources).toEqual({ matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} });
    expect(bindings.patch(object, { spec: { policyName: 'q' } }).object.metadata.generation).toBe(2);
  });

  it.each<readonly [object, string]>([
    [{}, '<unset>'],
    [{ paramRef: { name: 'a', parameterNotFoundAction: 'Deny' } }, '*/a'],
    [{ paramRef: { name: 'a', namespace: 'n', parameterNotFoundAction: 'Deny' } }, 'n/a'],
    [
      { paramRef: { selector: { matchExpressions: [{ key: 'k', operator: 'In', values: ['a', 'b'] }] }, parameterNotFoundAction: 'Deny' } },
      '&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[a b],},},}',
    ],
  ])('shows its parameters: %j', (spec, cell) => {
    expect(bindings.row(bindings.stored(binding(spec))).slice(0, 3)).toEqual(['x', 'p', cell]);
  });

  it('is refused to who may not read its parameters', () => {
    const strict = new StrategyHarness(
      validatingAdmissionPolicyBindingStrategy(bindingRefErrors(access(false), noPolicies, validatingadmissionpolicies)),
      validatingadmissionpolicybindings,
    );
    const paramRef = { name: 'a', namespace: 'n', parameterNotFoundAction: 'Deny' };
    expect(strict.create(binding({ paramRef })).errors).toEqual([
      'spec.paramRef: Forbidden: user &{somebody  [] map[]} does not have "get" permission on the object referenced by paramRef',
    ]);
    expect(asked.at(-1)).toMatchObject({ group: '*', version: '*', resource: '*', name: 'a', namespace: 'n' });
  });
});
