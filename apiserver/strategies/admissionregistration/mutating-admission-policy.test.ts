import { describe, expect, it } from 'vitest';
import { admissionregistrationKinds, type MutatingAdmissionPolicy, type MutatingAdmissionPolicyBinding } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { mutatingAdmissionPolicyBindingStrategy, mutatingAdmissionPolicyStrategy } from './mutating-admission-policy.ts';

const { mutatingadmissionpolicies, mutatingadmissionpolicybindings } = admissionregistrationKinds;
const policies = new StrategyHarness<MutatingAdmissionPolicy>(
  mutatingAdmissionPolicyStrategy(() => []),
  mutatingadmissionpolicies,
);
const bindings = new StrategyHarness<MutatingAdmissionPolicyBinding>(
  mutatingAdmissionPolicyBindingStrategy(() => []),
  mutatingadmissionpolicybindings,
);

const RULE = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const MUTATION = { patchType: 'JSONPatch', jsonPatch: { expression: '[]' } };
const policy = (spec: object) => ({
  spec: { matchConstraints: { resourceRules: [RULE] }, mutations: [APPLY], reinvocationPolicy: 'Never', ...spec },
});
const APPLY = { patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } };

describe('a MutatingAdmissionPolicy', () => {
  it('gets defaults and a generation', () => {
    const object = policies.stored(policy({}));
    expect([object.spec.failurePolicy, object.spec.matchConstraints?.matchPolicy, object.metadata.generation]).toEqual([
      'Fail',
      'Equivalent',
      1,
    ]);
    expect(policies.patch(object, { spec: { failurePolicy: 'Ignore' } }).object.metadata.generation).toBe(2);
    expect(policies.row(object).slice(0, 3)).toEqual(['x', 1, '<unset>']);
  });

  it.each<readonly [string, object, readonly string[]]>([
    [
      'an empty spec',
      { matchConstraints: undefined, mutations: [], reinvocationPolicy: undefined },
      [
        'spec.matchConstraints: Required value',
        'spec.mutations: Required value: mutations must contain at least one item',
        'spec.reinvocationPolicy: Required value',
      ],
    ],
    [
      'deletes, and unknown words',
      { matchConstraints: { resourceRules: [{ ...RULE, operations: ['DELETE'] }] }, reinvocationPolicy: 'Always' },
      [
        'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
        'spec.reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"',
      ],
    ],
    [
      'mutations of another type than they say',
      {
        mutations: [
          { ...MUTATION, patchType: 'ApplyConfiguration' },
          { ...APPLY, patchType: 'JSONPatch' },
          { patchType: 'Merge' },
          { patchType: '' },
        ],
      },
      [
        'spec.mutations[0].applyConfiguration: Required value: must be specified when patchType is ApplyConfiguration',
        'spec.mutations[0].jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyConfiguration',
        'spec.mutations[1].jsonPatch: Required value: must be specified when patchType is JSONPatch',
        'spec.mutations[1].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
        'spec.mutations[2].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"',
        'spec.mutations[3].patchType: Required value',
      ],
    ],
    [
      'expressions that give something else',
      {
        variables: [{ name: 'v', expression: '1' }],
        mutations: [
          { patchType: 'JSONPatch', jsonPatch: { expression: ' variables.v ' } },
          { patchType: 'ApplyConfiguration', applyConfiguration: { expression: '[]' } },
          { patchType: 'ApplyConfiguration', applyConfiguration: { expression: ' ' } },
          { patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "test", path: jsonpatch.escapeKey("a")}]' } },
        ],
      },
      [
        'spec.mutations[0].jsonPatch.expression: Invalid value: "variables.v": must evaluate to list(JSONPatch) but got int',
        'spec.mutations[1].applyConfiguration.expression: Invalid value: "[]": must evaluate to Object but got list(dyn)',
        'spec.mutations[2].applyConfiguration.expression: Required value',
      ],
    ],
    [
      'conditions that make objects',
      { matchConditions: [{ name: 'a', expression: 'Object{} == object' }] },
      [
        'spec.matchConditions[0].expression: Invalid value: "Object{} == object": compilation failed: ' +
          "ERROR: <input>:1:7: undeclared reference to 'Object' (in container '')\n | Object{} == object\n | ......^",
      ],
    ],
  ])('refuses %s', (_what, spec, errors) => {
    expect(policies.create(policy(spec)).errors).toEqual(errors);
  });
});

describe('a MutatingAdmissionPolicyBinding', () => {
  it('names a policy, and is not for deletes either', () => {
    expect(bindings.create({ spec: { matchResources: { resourceRules: [{ ...RULE, operations: ['DELETE'] }] } } }).errors).toEqual([
      'spec.policyName: Required value',
      'spec.matchResources.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ]);
    const object = bindings.stored({ spec: { policyName: 'p', paramRef: { name: 'q', parameterNotFoundAction: 'Deny' } } });
    expect(bindings.row(object).slice(0, 3)).toEqual(['x', 'p', '*/q']);
  });
});
