// Every field that Kubernetes' own JavaScript client knows for a served kind is in ours, with the same type, and no other.
import * as client from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { type AnyMessage, BUILT_IN_KINDS, type FieldType, type ScalarType } from '../api/schema.ts';

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

interface Model {
  getAttributeTypeMap(): readonly Attribute[];
}

const isModel = (value: unknown): value is Model => typeof value === 'function' && 'getAttributeTypeMap' in value;

const models = new Map<string, Model>(
  Object.entries(client).flatMap(([name, value]: [string, unknown]) => (isModel(value) ? [[name, value] as const] : [])),
);

/** How the client writes each scalar: its type and its format. */
const SCALARS: Readonly<Record<ScalarType, string>> = {
  string: 'string',
  int32: 'number int32',
  int64: 'number int64',
  double: 'number double',
  bool: 'boolean',
  bytes: 'string byte',
  quantity: 'string',
  intOrString: 'IntOrString int-or-string',
  time: 'Date date-time',
  microTime: 'V1MicroTime date-time-micro',
  duration: 'string',
  rawExtension: 'any',
  fieldsV1: 'any',
  json: 'any',
};

/** Where two groups share a name, the client puts the group first. */
function modelOf(info: { readonly group: string; readonly version: string; readonly kind: string }): string {
  const versioned = `${info.version.charAt(0).toUpperCase()}${info.version.slice(1)}${info.kind}`;
  const group = info.group === '' ? 'core' : (info.group.split('.')[0] ?? '');
  const names = [versioned, `${group.charAt(0).toUpperCase()}${group.slice(1)}${versioned}`];
  return names.find((name) => models.has(name)) ?? versioned;
}

class Comparison {
  readonly differences: string[] = [];
  readonly #seen = new Set<string>();

  message(message: AnyMessage, modelName: string): void {
    if (this.#seen.has(modelName)) return;
    this.#seen.add(modelName);
    const model = models.get(modelName);
    if (!model) {
      this.differences.push(`${message.name}: the client has no ${modelName}`);
      return;
    }
    const theirs = new Map(model.getAttributeTypeMap().map((attribute) => [attribute.baseName, attribute]));
    for (const [name, attribute] of theirs) {
      const info = message.fields.get(name);
      if (info) this.#type(info.type, attribute, `${message.name}.${name}`);
      else this.differences.push(`${message.name}.${name} is missing`);
    }
    for (const name of message.fields.keys()) if (!theirs.has(name)) this.differences.push(`${message.name}.${name} is not in the client`);
  }

  #type(type: FieldType, { type: theirs, format }: Attribute, path: string): void {
    const inner = type.kind === 'list' ? /^Array<(.*)>$/.exec(theirs)?.[1] : /^\{ \[key: string\]: (.*); \}$/.exec(theirs)?.[1];
    if ((type.kind === 'list' || type.kind === 'map') && inner !== undefined) {
      this.#type(type.kind === 'list' ? type.items : type.values, { baseName: '', type: inner, format }, path);
    } else if (type.kind === 'message' && models.has(theirs)) {
      this.message(type.message, theirs);
    } else {
      const ours = writtenAs(type);
      const wanted = `${theirs} ${format}`.trim();
      if (ours !== wanted) this.differences.push(`${path} is ${ours}, not ${wanted}`);
    }
  }
}

/** How the client writes a type that is no list, map or model; a struct without fields is any object to it. */
function writtenAs(type: FieldType): string {
  if (type.kind === 'scalar') return SCALARS[type.scalar];
  return type.kind === 'message' && type.message.fields.size === 0 ? 'any' : type.kind;
}

describe('every served kind has the fields that the client has', () => {
  it('finds the models of the client', () => {
    expect(models.size).toBeGreaterThan(300);
  });

  it.each(BUILT_IN_KINDS.map(({ info, message }) => [`${info.group}/${info.version} ${info.kind}`, info, message] as const))(
    '%s',
    (_, info, message) => {
      const comparison = new Comparison();
      comparison.message(message, modelOf(info));
      expect(comparison.differences).toEqual([]);
    },
  );
});
