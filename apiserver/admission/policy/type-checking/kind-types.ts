// The types of kinds' objects, for checking expressions against them (apiserver, `pkg/cel/openapi`, `pkg/cel/common/schemas.go`).

import { celTypes, type StructTypes, unescapeName } from '../../../../api/cel.ts';
import type { JSONSchemaProps } from '../../../../api/index.ts';
import { type AnyMessage, type FieldType, objectMeta } from '../../../../api/schema.ts';
import type { PublishedKind } from '../../../openapi/index.ts';
import { declaredType, nameTypes, structTypes } from '../../../schema-rules/index.ts';

const { BOOL, BYTES, DOUBLE, DYN, INT, STRING, TIMESTAMP, listOf, mapOf, struct } = celTypes;
type CelType = celTypes.CelType;
type Scalar = Extract<FieldType, { kind: 'scalar' }>['scalar'];

/** Types with fields, found as they are asked for: those of built-in kinds by their messages, those of custom resources by their schemas. */
export class KindTypes implements StructTypes {
  readonly #messages = new Map<string, AnyMessage>();
  /** By the name of the root. */
  readonly #schemas = new Map<string, StructTypes>();

  /** The type of a kind's objects; undefined when it cannot be told. */
  typeOf({ info, message }: PublishedKind): CelType | undefined {
    if ('fields' in message) return this.#messageType(message);
    const declared = declaredType(message.schema('v3') as JSONSchemaProps, true);
    if (!declared?.fields) return undefined;
    const name = `${info.kind}${this.#schemas.size}`; // objects and parameters may be of kinds with one name
    const named = nameTypes(declared, name);
    this.#schemas.set(name, structTypes(named));
    return named.type;
  }

  has(name: string): boolean {
    return this.#messages.has(name) || [...this.#schemas.values()].some((schema) => schema.has(name));
  }

  fieldType(name: string, field: string): CelType | undefined {
    const message = this.#messages.get(name);
    if (message) return this.#fieldOf(message, field);
    // Every object's metadata is the same, whatever a schema says of it.
    if (this.#schemas.has(name) && field === 'metadata') return this.#messageType(objectMeta);
    return [...this.#schemas.values()].find((schema) => schema.has(name))?.fieldType(name, field);
  }

  #fieldOf({ fields }: AnyMessage, field: string): CelType | undefined {
    const info = fields.get(field) ?? fields.get(unescapeName(field) ?? field);
    return info && this.#valueType(info.type);
  }

  #valueType(type: FieldType): CelType | undefined {
    switch (type.kind) {
      case 'scalar':
        return SCALARS[type.scalar];
      case 'message':
        return this.#messageType(type.message);
      case 'list':
        return listOf(this.#valueType(type.items) ?? DYN);
      case 'map':
        return mapOf(STRING, this.#valueType(type.values) ?? DYN);
    }
  }

  #messageType(message: AnyMessage): CelType {
    this.#messages.set(message.name, message);
    return struct(message.name);
  }
}

const SCALARS: Readonly<Record<Scalar, CelType>> = {
  string: STRING,
  int32: INT,
  int64: INT,
  double: DOUBLE,
  bool: BOOL,
  bytes: BYTES,
  // Either of two types, or any: what they are is told when they are there.
  quantity: DYN,
  intOrString: DYN,
  rawExtension: DYN,
  fieldsV1: DYN,
  json: DYN,
  time: TIMESTAMP,
  microTime: TIMESTAMP,
  duration: STRING,
};
