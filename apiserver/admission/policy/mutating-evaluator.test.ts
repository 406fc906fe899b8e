import { describe, expect, it } from 'vitest';
import { appsKinds, type KubeObject, type MutatingAdmissionPolicy } from '../../../api/index.ts';
import { BUILT_IN_KINDS, DecodeError, type ObjectType, typeOfMessage } from '../../../api/schema.ts';
import type { AdmissionInput } from '../cel/index.ts';
import type { ServedVersions } from '../matching/served-versions.ts';
import { MutatingEvaluator } from './mutating-evaluator.ts';

const kind = appsKinds.deployments;
const message = BUILT_IN_KINDS.find(({ info }) => info === kind)?.message;
if (!message) throw new Error('no deployments');
const type = typeOfMessage(message) as ObjectType;

const versions: ServedVersions = {
  equivalents: () => [],
  convert: (object) => object,
  read: (raw, _kind, _subresource, strict) => {
    const { object, unknown } = type.decode(raw);
    if (strict && unknown.length > 0) throw new DecodeError(unknown.join(', '));
    return object;
  },
  applyType: () => type.applyType,
};

const DEPLOYMENT = type.decode({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'a', labels: { old: 'yes' } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'a' } },
    template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main', image: 'x:1', args: ['-v'] }] } },
  },
}).object;

interface Given {
  readonly variables?: MutatingAdmissionPolicy['spec']['variables'];
}

function mutate(patchType: 'ApplyConfiguration' | 'JSONPatch', expression: string, { variables }: Given = {}) {
  const field = patchType === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration';
  const spec = { mutations: [{ patchType, [field]: { expression } }], variables, reinvocationPolicy: 'Never' };
  const evaluator = new MutatingEvaluator({ spec });
  const object = structuredClone(DEPLOYMENT);
  const input: AdmissionInput = { object, oldObject: undefined, request: { operation: 'CREATE' } };
  const [mutation] = evaluator.mutations;
  if (!mutation) throw new Error('no mutation');
  const made = evaluator.mutate(mutation, input, { object, kind, subresource: '', versions });
  expect(object).toEqual(DEPLOYMENT);
  return made as KubeObject & { spec: { replicas: number; template: { spec: Record<string, unknown> } } };
}

const apply = (expression: string, given?: Given) => mutate('ApplyConfiguration', expression, given);
const patch = (expression: string, given?: Given) => mutate('JSONPatch', expression, given);

describe('an apply configuration', () => {
  it('has a zero where it says null', () => {
    expect(() => apply('Object{metadata: Object.metadata{labels: {"a": null}}}')).toThrow(
      'error applying patch: failed to convert patch object to typed object: .metadata.labels.a: expected string, got &value.valueUnstructured{Value:0}',
    );
  });

  it('is laid over the object', () => {
    const made = apply('Object{metadata: Object.metadata{labels: {"new": "a/b"}}, spec: Object.spec{replicas: object.spec.replicas + 2}}');
    expect(made.metadata.labels).toEqual({ old: 'yes', new: 'a/b' });
    expect([made.spec.replicas, made.spec.template]).toEqual([3, (DEPLOYMENT as unknown as typeof made).spec.template]);
  });

  it('merges lists by their keys', () => {
    const container = (name: string, image: string) => `Object.spec.template.spec.containers{name: "${name}", image: "${image}"}`;
    const made = apply(
      `Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [${container('main', 'x:2')}, ${container('side', 'y')}]}}}}`,
    );
    expect(made.spec.template.spec.containers).toMatchObject([
      { name: 'main', image: 'x:2', args: ['-v'] },
      { name: 'side', image: 'y' },
    ]);
  });

  it('leaves out what is optional and not there', () => {
    const made = apply('Object{spec: Object.spec{?replicas: object.spec.?missing, ?paused: optional.of(true)}}');
    expect(made.spec).toMatchObject({ replicas: 1, paused: true });
  });

  it('uses variables', () => {
    const variables = [{ name: 'n', expression: 'object.spec.replicas * 4' }];
    expect(apply('Object{spec: Object.spec{replicas: variables.n}}', { variables }).spec.replicas).toBe(4);
  });

  it.each([
    [
      'Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"a": "b"}}}}',
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector',
    ],
    [
      'Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "main", args: ["a"]}]}}}}',
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.template.spec.containers[0].args',
    ],
    [
      'Object{spec: Object.spec{nothing: 1}}',
      'error applying patch: failed to convert patch object to typed object: .spec.nothing: field not declared in schema',
    ],
    [
      'Object{spec: Object.other{replicas: 1}}',
      'type mismatch: unexpected type name "Object.other", expected "Object.spec", which matches field name path from root Object type',
    ],
    [
      'Object{spec: Object.spec{replicas: object.spec.missing}}',
      "expression 'Object{spec: Object.spec{replicas: object.spec.missing}}' resulted in error: no such key: missing",
    ],
    ['object.spec', 'must evaluate to Object but got dyn'],
  ])('%s: %s', (expression, why) => {
    expect(() => apply(expression)).toThrow(why);
  });
});

describe('a JSON patch', () => {
  it('changes the object, operation by operation', () => {
    const made = patch(`[
      JSONPatch{op: "test", path: "/spec/replicas", value: 1},
      JSONPatch{op: "replace", path: "/spec/replicas", value: object.spec.replicas + 1},
      JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/a~b"), value: "c"},
      JSONPatch{op: "copy", from: "/metadata/labels/old", path: "/metadata/labels/copied"},
      JSONPatch{op: "remove", path: "/metadata/labels/old"},
      JSONPatch{op: "add", path: "/spec/strategy", value: Object.spec.strategy{type: "Recreate"}}
    ]`);
    expect(made.metadata.labels).toEqual({ 'example.com/a~b': 'c', copied: 'yes' });
    expect(made.spec).toMatchObject({ replicas: 2, strategy: { type: 'Recreate' } });
  });

  it('is made of values that can be looked at', () => {
    const label = (name: string, value: string) => `JSONPatch{op: "add", path: "/metadata/labels/${name}", value: string(${value})}`;
    const made = patch(
      `[${[
        label('op', 'JSONPatch{op: "x"}.op'),
        label('has', 'has(JSONPatch{path: "x"}.path) && !has(JSONPatch{}.path)'),
        label('same', 'JSONPatch{op: "add", value: 1} == JSONPatch{op: "add", value: 1}'),
        label('differs', 'JSONPatch{op: "add", value: 1} == JSONPatch{op: "add", value: "1"}'),
      ].join(', ')}]`,
    );
    expect(made.metadata.labels).toEqual({ old: 'yes', op: 'x', has: 'true', same: 'true', differs: 'false' });
  });

  it('adds to lists and takes from them', () => {
    const made = patch(`[
      JSONPatch{op: "add", path: "/spec/template/spec/containers/-", value: Object.spec.template.spec.containers{name: "x", image: "y",
        ports: [Object.spec.template.spec.containers.ports{containerPort: 8080}]}},
      JSONPatch{op: "move", from: "/spec/template/spec/containers/0", path: "/spec/template/spec/containers/-"}
    ]`);
    expect(made.spec.template.spec.containers).toMatchObject([{ name: 'x', ports: [{ containerPort: 8080 }] }, { name: 'main' }]);
  });

  it('leaves the object as it is when a test of it fails', () => {
    const made = patch(
      '[JSONPatch{op: "replace", path: "/spec/replicas", value: 7}, JSONPatch{op: "test", path: "/spec/replicas", value: 1}]',
    );
    expect(made.spec.replicas).toBe(1);
  });

  it.each([
    [
      '[JSONPatch{op: "remove", path: "/spec/paused"}]',
      "JSON Patch: error in remove for path: '/spec/paused': Unable to remove nonexistent key: paused",
    ],
    [
      '[JSONPatch{op: "replace", path: "/spec/template/spec/containers/-", value: {"name": "x"}}]',
      'JSON Patch: replace operation does not apply: doc is missing key: /spec/template/spec/containers/-: missing value',
    ],
    ['[JSONPatch{op: "jump", path: "/spec"}]', 'JSON Patch: Unexpected kind: jump'],
    [
      '[JSONPatch{op: "add", path: "/spec/strategy", value: Object.spec.strategy{rollingUpdate: Object.wrong{}}}]',
      'type mismatch: unexpected type name "Object.wrong", expected "Object.spec.strategy.rollingUpdate"',
    ],
    ['[1]', 'must evaluate to list(JSONPatch) but got list(int)'],
    ['[JSONPatch{op: 1}]', "expected type of field 'op' is 'string' but provided type is 'int'"],
  ])('%s: %s', (expression, why) => {
    expect(() => patch(expression)).toThrow(why);
  });

  it('that makes no object of the kind is an error of the server', () => {
    expect(() => patch('[JSONPatch{op: "replace", path: "/spec/replicas", value: "many"}]')).toThrow(/Internal error occurred/);
    expect(() => patch('[JSONPatch{op: "add", path: "/spec/replica", value: 1}]')).toThrow('unknown field "spec.replica"');
  });
});
