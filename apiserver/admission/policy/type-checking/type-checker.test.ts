import { describe, expect, it } from 'vitest';
import type { ParamKind, ValidatingAdmissionPolicySpec } from '../../../../api/index.ts';
import { BUILT_IN_KINDS } from '../../../../api/schema.ts';
import type { PublishedKind } from '../../../openapi/index.ts';
import { expressionWarnings } from './type-checker.ts';

const WIDGET_SCHEMA = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { max: { type: 'integer' }, namespace: { type: 'string' }, items: { type: 'array', items: { type: 'string' } } },
    },
  },
};
const widget: PublishedKind = {
  info: {
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    resource: 'widgets',
    singular: 'widget',
    namespaced: true,
    verbs: [],
    subresources: [],
  },
  message: { name: 'com.example.v1.Widget', schema: () => WIDGET_SCHEMA },
};
const KINDS: readonly PublishedKind[] = [...BUILT_IN_KINDS, widget];

const rule = (apiGroups: string[], apiVersions: string[], resources: string[]) => ({
  operations: ['*'],
  apiGroups,
  apiVersions,
  resources,
});
const DEPLOYMENTS = rule(['apps'], ['v1'], ['deployments']);

interface Given {
  readonly rules?: readonly ReturnType<typeof rule>[];
  readonly variables?: ValidatingAdmissionPolicySpec['variables'];
  readonly paramKind?: ParamKind;
  readonly messageExpression?: string;
}

function warnings(expression: string, { rules = [DEPLOYMENTS], variables, paramKind, messageExpression }: Given = {}) {
  const validations = [{ expression, ...(messageExpression ? { messageExpression } : {}) }];
  return expressionWarnings({ spec: { matchConstraints: { resourceRules: [...rules] }, validations, variables, paramKind } }, KINDS);
}

describe('types of policies', () => {
  it.each<readonly [string, Given] | readonly [string]>([
    ['object.spec.replicas > 1 && object.metadata.labels["a"] == "b"'],
    ['object.metadata.namespace == "a" && object.kind == "Deployment"'],
    ['oldObject == null || oldObject.metadata.creationTimestamp < timestamp("2020-01-01T00:00:00Z")'],
    ['object.spec.template.spec.containers.all(c, c.resources.limits["cpu"] != "" && c.ports.exists(p, p.containerPort > 1))'],
    ['object.spec.strategy.rollingUpdate.maxSurge == 1 || object.spec.strategy.rollingUpdate.maxSurge == "25%"'],
    ['request.userInfo.username == namespaceObject.metadata.name && authorizer.path("/").check("get").allowed()'],
    ['variables.n > 1', { variables: [{ name: 'n', expression: 'object.spec.replicas' }] }],
    ['object.spec.max > 1 && object.spec.namespace == object.metadata.labels.a', { rules: [rule(['example.com'], ['v1'], ['widgets'])] }],
    ['params.spec.items.size() < object.spec.replicas', { paramKind: { apiVersion: 'example.com/v1', kind: 'Widget' } }],
    ['object.spec.nothing', { rules: [rule(['*'], ['v1'], ['deployments']), rule(['apps'], ['v1'], ['*', 'deployments/scale'])] }],
    ['object.spec.nothing', { rules: [rule(['apps'], ['v9'], ['deployments'])] }],
  ])('nothing is doubtful in %s', (...[expression, given]) => {
    expect(warnings(expression, given)).toEqual([]);
  });

  it("are told of by expression and kind, in upstream's form", () => {
    const rules = [rule(['apps', ''], ['v1'], ['pods', 'deployments', 'replicasets'])];
    const error = (text: string, at: number) =>
      `ERROR: <input>:1:${at}: undefined field '${text}'\n | object.spec.replica > 1\n | ${'.'.repeat(at - 1)}^`;
    expect(warnings('object.spec.replica > 1', { rules, messageExpression: "'has ' + string(object.spec.replicas)" })).toEqual([
      {
        fieldRef: 'spec.validations[0].expression',
        warning: ['v1, Kind=Pod', 'apps/v1, Kind=Deployment', 'apps/v1, Kind=ReplicaSet']
          .map((kind) => `${kind}: ${error('replica', 12)}\n`)
          .join('\n'),
      },
      {
        fieldRef: 'spec.validations[0].messageExpression',
        warning:
          "v1, Kind=Pod: ERROR: <input>:1:28: undefined field 'replicas'\n | 'has ' + string(object.spec.replicas)\n | ...........................^\n",
      },
    ]);
  });

  it.each<readonly [string, string, Given] | readonly [string, string]>([
    ['object.spec.replicas == "1"', "found no matching overload for '_==_' applied to '(int, string)'"],
    [
      'variables.n == "1"',
      "found no matching overload for '_==_' applied to '(int, string)'",
      { variables: [{ name: 'n', expression: 'object.spec.replicas' }] },
    ],
    ['object.spec.min > 1', "undefined field 'min'", { rules: [rule(['example.com'], ['v1'], ['widgets'])] }],
    ['params.spec.min > 1', "undefined field 'min'", { paramKind: { apiVersion: 'example.com/v1', kind: 'Widget' } }],
    ['params.spec.min > 1', "undeclared reference to 'params'", { paramKind: { apiVersion: 'example.com/v1', kind: 'Gadget' } }],
  ])('%s: %s', (...[expression, why, given]) => {
    expect(warnings(expression, given)[0]?.warning).toContain(why);
  });

  it('are looked at for ten kinds of a rule at most', () => {
    const resources =
      'configmaps endpoints events limitranges namespaces nodes pods podtemplates resourcequotas secrets serviceaccounts services';
    const found = warnings('object.nothing', { rules: [rule([''], ['v1'], resources.split(' '))] });
    expect(found[0]?.warning.match(/Kind=/g)).toHaveLength(10);
  });
});
