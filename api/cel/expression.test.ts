// Expressions as admission policies and match conditions use them.
import { describe, expect, it } from 'vitest';
import { dynamicValue } from './dynamic-value.ts';
import { CostBudget, compileExpression, type ExpressionOptions, structTypesOf } from './expression.ts';
import { BOOL, DYN, INT, listOf, mapOf, STRING, struct } from './language/types.ts';
import { CelError, CelMap, type CelValue } from './language/values.ts';

const ADMISSION = new Map([
  ['object', DYN],
  ['oldObject', DYN],
  ['request', struct('kubernetes.AdmissionRequest')],
  ['variables', struct('kubernetes.variables')],
]);
const STRUCTS = structTypesOf({
  'kubernetes.AdmissionRequest': { operation: STRING, dryRun: BOOL },
  'kubernetes.variables': { replicas: INT, names: listOf(STRING) },
});
const OPTIONS: ExpressionOptions = { variables: ADMISSION, structs: STRUCTS };

const VALUES: Readonly<Record<string, CelValue>> = {
  object: dynamicValue({
    spec: { replicas: 3, template: { containers: [{ name: 'a', image: 'x:1' }] } },
    metadata: { labels: { a: 'b' } },
  }),
  oldObject: null,
  request: dynamicValue({ operation: 'CREATE', dryRun: false }),
  variables: dynamicValue({ replicas: 3, names: ['a', 'b'] }),
};

const run = (text: string, options = OPTIONS, budget = new CostBudget(10_000_000)) =>
  compileExpression(text, options).evaluate((name) => VALUES[name], budget);

describe('expressions', () => {
  it.each<readonly [string, CelValue]>([
    ['object.spec.replicas <= 5', true],
    ['oldObject == null || object.spec.replicas >= oldObject.spec.replicas', true],
    ["request.operation == 'CREATE' && !request.dryRun", true],
    ['variables.replicas + 1', 4n],
    ["'n' + string(variables.names.size())", 'n2'],
    ["object.spec.template.containers.all(c, c.image.startsWith('x:'))", true],
    ["has(object.metadata.labels) && 'a' in object.metadata.labels", true],
    ["object.metadata.?annotations['x'].orValue('none')", 'none'],
    ["'replicas: %d'.format([object.spec.replicas])", 'replicas: 3'],
  ])('%s', (text, value) => {
    expect(run(text)).toEqual({ value });
  });

  it('fail with their text and the reason', () => {
    expect(run('object.spec.missing > 1')).toEqual({
      error: "expression 'object.spec.missing > 1' resulted in error: no such key: missing",
      outOfBudget: false,
    });
  });

  it('read a variable once, when it is first needed', () => {
    const read: string[] = [];
    const evaluate = (text: string) =>
      compileExpression(text, OPTIONS).evaluate((name) => {
        read.push(name);
        return VALUES[name];
      }, new CostBudget(1000));
    evaluate('object.spec == object.spec || oldObject == 1');
    expect(read).toEqual(['object']);
  });

  it('fail where a variable fails', () => {
    const { evaluate } = compileExpression('variables.replicas > 1', OPTIONS);
    expect(evaluate(() => new CelError('composited variable "replicas" fails'), new CostBudget(1000))).toEqual({
      error: `expression 'variables.replicas > 1' resulted in error: composited variable "replicas" fails`,
      outOfBudget: false,
    });
  });

  it('tell their type', () => {
    expect(compileExpression('[1, 2]', OPTIONS).type).toEqual(listOf(INT));
    expect(compileExpression("{'a': [true]}", OPTIONS).type).toEqual(mapOf(STRING, listOf(BOOL)));
  });
});

describe('expressions that cannot be used', () => {
  it.each([
    ['params.x == 1', "compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.x == 1\n | ^"],
    ['request.user == 1', "compilation failed: ERROR: <input>:1:8: undefined field 'user'\n | request.user == 1\n | .......^"],
    [
      'variables.replicas == "3"',
      "compilation failed: ERROR: <input>:1:20: found no matching overload for '_==_' applied to '(int, string)'\n | variables.replicas == \"3\"\n | ...................^",
    ],
    ["int('x') == 1", "program instantiation failed: type conversion error from 'string' to 'int'"],
  ])('%s', (text, message) => {
    expect(() => compileExpression(text, OPTIONS)).toThrow(message);
  });

  it.each([
    ['1', [STRING], 'must evaluate to string but got int'],
    ['[1]', [STRING], 'must evaluate to string but got list(int)'],
    ['1', [STRING, BOOL], 'must evaluate to one of [string bool] but got int'],
    ["timestamp('2020-01-01T00:00:00Z')", [BOOL], 'must evaluate to bool but got google.protobuf.Timestamp'],
  ] as const)('%s, where %j is wanted', (text, returns, message) => {
    expect(() => compileExpression(text, { ...OPTIONS, returns })).toThrow(message);
  });

  it('but may leave to run time what they give', () => {
    expect(() => compileExpression('object.spec', { ...OPTIONS, returns: [BOOL] })).toThrow('must evaluate to bool but got dyn');
    expect(compileExpression('object.spec', { ...OPTIONS, returns: [DYN] }).type).toEqual(DYN);
  });
});

describe('budgets', () => {
  it('are shared by expressions', () => {
    const budget = new CostBudget(12);
    expect(run('object.spec.replicas > 1', OPTIONS, budget)).toEqual({ value: true });
    expect(budget.remaining).toBe(8);
    expect(run('object.spec.replicas > 1 && object.spec.replicas > 2', OPTIONS, budget)).toEqual({ value: true });
    expect(budget.remaining).toBe(0);
    expect(run('object.spec.replicas > 1', OPTIONS, budget)).toEqual({
      error: 'validation failed due to running out of cost budget, no further validation rules will be run',
      outOfBudget: true,
    });
  });
});

describe('types with fields', () => {
  class Made extends CelMap {
    readonly fields: ReadonlyMap<string, CelValue>;
    readonly name: string;
    constructor(name: string, fields: ReadonlyMap<string, CelValue>) {
      super();
      this.name = name;
      this.fields = fields;
    }
    override get size(): number {
      return this.fields.size;
    }
    override get type() {
      return struct(this.name);
    }
    override find(key: CelValue): CelValue | undefined {
      return typeof key === 'string' ? this.fields.get(key) : undefined;
    }
    override keys(): readonly CelValue[] {
      return [...this.fields.keys()];
    }
    override equals(other: CelValue): boolean {
      return other === this;
    }
  }
  const OBJECTS: ExpressionOptions = {
    variables: ADMISSION,
    structs: {
      ...structTypesOf({ Object: { spec: struct('Object.spec') }, 'Object.spec': { replicas: INT, labels: mapOf(STRING, STRING) } }),
      construct: (name, fields) => new Made(name, fields),
    },
  };

  it('are made by literals, optional fields left out', () => {
    const outcome = run('Object{spec: Object.spec{replicas: 1 + 1, ?labels: optional.none()}}', OBJECTS);
    if ('error' in outcome) throw new Error(outcome.error);
    expect(outcome.value).toBeInstanceOf(Made);
    const spec = outcome.value instanceof Made ? outcome.value.find('spec') : undefined;
    expect(spec instanceof Made && [spec.name, [...spec.fields]]).toEqual(['Object.spec', [['replicas', 2n]]]);
    expect(compileExpression('Object{}', OBJECTS).type).toEqual(struct('Object'));
  });

  it.each([
    ['Object{other: 1}', "undefined field 'other'"],
    ["Object{spec: Object.spec{replicas: 'x'}}", "expected type of field 'replicas' is 'int' but provided type is 'string'"],
    ['Nothing{}', "undeclared reference to 'Nothing' (in container '')"],
  ])('%s: %s', (text, message) => {
    expect(() => compileExpression(text, OBJECTS)).toThrow(message);
  });
});
