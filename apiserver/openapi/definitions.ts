import { type AnyMessage, type FieldInfo, type FieldType, objectMeta, type ScalarType } from '../../api/schema.ts';
import { type Dialect, type JsonNode, type JsonObject, REF_PREFIX } from './json-node.ts';
import type { Steps } from './steps.ts';

/*
 * Schemas of messages, as upstream publishes them. What has a definition of its own is referred to; in v3 a reference with anything beside
 * it is wrapped in `allOf`, and defaults are told, which v2 leaves out.
 */

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
/** Scalars that are definitions of their own. */
const SCALAR_DEFINITIONS: Readonly<Partial<Record<ScalarType, string>>> = {
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  time: `${META}Time`,
  microTime: `${META}MicroTime`,
  duration: `${META}Duration`,
  rawExtension: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  fieldsV1: `${META}FieldsV1`,
};
export const PATCH_DEFINITION = `${META}Patch`;

const PLAIN: Readonly<Partial<Record<ScalarType, JsonObject>>> = {
  string: { type: 'string' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bool: { type: 'boolean' },
  bytes: { type: 'string', format: 'byte' },
  json: { type: 'object' },
};
/** Zero values that required fields have as their default. */
const ZERO: Readonly<Partial<Record<ScalarType, JsonNode>>> = { string: '', int32: 0, int64: 0, double: 0, bool: false };

/** A definition that is written by somebody else: a custom resource's schema. */
export interface WrittenDefinition {
  readonly name: string;
  /** The paths that field selectors may name beside those of every object, such as `spec.color`. */
  readonly selectable?: readonly string[];
  schema(dialect: Dialect): Readonly<Record<string, unknown>>;
}

/** What a definition is made of. */
export type DefinitionSource = AnyMessage | WrittenDefinition;

/** The definitions that are no messages. */
const SPECIAL: Readonly<Record<string, Readonly<Record<Dialect, JsonObject>>>> = {
  [SCALAR_DEFINITIONS.quantity ?? '']: {
    v2: { description: 'A fixed-point number with a suffix, such as 500m, 1Gi or 2e3.', type: 'string' },
    v3: { description: 'A fixed-point number with a suffix, such as 500m, 1Gi or 2e3.', oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  [SCALAR_DEFINITIONS.intOrString ?? '']: {
    v2: { description: 'An integer, or a string such as 25% or a name.', type: 'string', format: 'int-or-string' },
    v3: {
      description: 'An integer, or a string such as 25% or a name.',
      format: 'int-or-string',
      oneOf: [{ type: 'integer' }, { type: 'string' }],
    },
  },
  [`${META}Time`]: both({ description: 'A moment: RFC 3339, whole seconds.', type: 'string', format: 'date-time' }),
  [`${META}MicroTime`]: both({ description: 'A moment: RFC 3339 with microseconds.', type: 'string', format: 'date-time' }),
  [`${META}Duration`]: both({ description: 'A length of time as Go writes it, such as 1m30s.', type: 'string' }),
  [`${META}FieldsV1`]: both({ description: 'A set of fields, as a tree.', type: 'object' }),
  [PATCH_DEFINITION]: both({ description: 'A patch, in the form that its media type names.', type: 'object' }),
  [SCALAR_DEFINITIONS.rawExtension ?? '']: both({ description: 'Any object, of a kind that is known where it is used.', type: 'object' }),
};

function both(schema: JsonObject): Readonly<Record<Dialect, JsonObject>> {
  return { v2: schema, v3: schema };
}

/** Collects the definitions that a document refers to. */
export class Definitions {
  readonly #dialect: Dialect;
  /** Group, version and kind of the definitions that are kinds. */
  readonly #kinds: ReadonlyMap<string, readonly JsonObject[]>;
  readonly #schemas = new Map<string, JsonObject>();
  readonly #reserved: ReadonlySet<string>;
  /** Messages whose names are taken, and which are still to be written. */
  readonly #waiting: AnyMessage[] = [];
  /** Which written definition has which name. */
  readonly #writtenNames = new Map<WrittenDefinition, string>();

  /** @param reserved names that are not for written definitions. */
  constructor(dialect: Dialect, kinds: ReadonlyMap<string, readonly JsonObject[]>, reserved: ReadonlySet<string>) {
    this.#dialect = dialect;
    this.#kinds = kinds;
    this.#reserved = reserved;
  }

  /** Every definition so far, by name: those that wait are written one in a step. */
  *schemas(): Steps<JsonObject> {
    for (let message = this.#waiting.pop(); message; message = this.#waiting.pop()) {
      this.#schemas.set(message.name, this.#messageSchema(message));
      yield;
    }
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A reference to a message; it and all that it refers to become definitions, by the time that they are asked for. */
  message(message: DefinitionSource): JsonObject {
    if ('schema' in message) return this.#ref(this.#written(message));
    if (!this.#schemas.has(message.name)) {
      this.#schemas.set(message.name, {}); // the name is taken
      this.#waiting.push(message);
    }
    return this.#ref(message.name);
  }

  /** A name that somebody else's definition has is given a number, as kube-openapi's aggregator does. */
  #nameOf(definition: WrittenDefinition): string {
    let name = definition.name;
    for (let number = 2; this.#schemas.has(name) || this.#reserved.has(name); number++) name = `${definition.name}_v${number}`;
    return name;
  }

  /** Makes it a definition; answers its name. */
  #written(definition: WrittenDefinition): string {
    const known = this.#writtenNames.get(definition);
    if (known !== undefined) return known;
    // Every object's metadata is referred to.
    this.message(objectMeta);
    const name = this.#nameOf(definition);
    this.#writtenNames.set(definition, name);
    const kinds = this.#kinds.get(definition.name);
    const schema = definition.schema(this.#dialect) as JsonObject; // what was decoded from JSON
    this.#schemas.set(name, { ...schema, ...(kinds ? { 'x-kubernetes-group-version-kind': kinds } : {}), ...selectableFields(definition) });
    return name;
  }

  /** A reference to a definition that is no message. */
  special(name: string): JsonObject {
    this.#schemas.set(name, SPECIAL[name]?.[this.#dialect] ?? { description: 'Any JSON.' });
    return this.#ref(name);
  }

  /** A reference to the list of a kind. */
  list(name: string, item: DefinitionSource, listMeta: AnyMessage): JsonObject {
    const kind = name.slice(name.lastIndexOf('.') + 1);
    // With an item whose name is another's comes a list whose name is.
    const isCustom = 'schema' in item;
    const number = isCustom ? this.#written(item).slice(item.name.length) : '';
    this.#schemas.set(`${name}${number}`, {
      description: `${kind} is a list of ${item.name.slice(item.name.lastIndexOf('.') + 1)}.`,
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string', description: 'Version of the schema of this object.' },
        items: { type: 'array', description: 'The objects.', items: isCustom ? this.message(item) : this.#value(this.message(item)) },
        kind: { type: 'string', description: 'What this object is.' },
        metadata: this.#beside(this.message(listMeta), { ...(isCustom ? {} : { default: {} }), description: 'Metadata of the list.' }),
      },
      'x-kubernetes-group-version-kind': this.#kinds.get(name),
      ...selectableFields(item),
    });
    return this.#ref(`${name}${number}`);
  }

  #messageSchema(message: AnyMessage): JsonObject {
    const fields = [...message.fields];
    const required = fields.filter(([, info]) => info.required).map(([name]) => name);
    return {
      ...describe(message.description),
      type: 'object',
      ...(required.length > 0 ? { required } : {}),
      ...(fields.length > 0 ? { properties: Object.fromEntries(fields.map(([name, info]) => [name, this.#property(info)])) } : {}),
      ...(this.#kinds.has(message.name) ? { 'x-kubernetes-group-version-kind': this.#kinds.get(message.name) } : {}),
      ...(message.mapType ? { 'x-kubernetes-map-type': message.mapType } : {}),
      ...unionOf(message),
    };
  }

  #property(info: FieldInfo): JsonObject {
    const fallback = this.#dialect === 'v3' ? defaultOf(info) : undefined;
    return this.#beside(this.#type(info.type, info.itemEnum), {
      ...(fallback === undefined ? {} : { default: fallback }),
      ...describe(info.description),
      ...(info.enum ? { enum: info.enum } : {}),
      ...(info.listType ? { 'x-kubernetes-list-type': info.listType } : {}),
      ...(info.listMapKeys ? { 'x-kubernetes-list-map-keys': info.listMapKeys } : {}),
      ...(info.mapType ? { 'x-kubernetes-map-type': info.mapType } : {}),
      ...(info.patchMergeKey ? { 'x-kubernetes-patch-merge-key': info.patchMergeKey } : {}),
      ...(info.patchStrategy ? { 'x-kubernetes-patch-strategy': info.patchStrategy } : {}),
    });
  }

  #type(type: FieldType, itemEnum?: readonly string[]): JsonObject {
    switch (type.kind) {
      case 'scalar': {
        const definition = type.definition ?? SCALAR_DEFINITIONS[type.scalar];
        return definition === undefined ? (PLAIN[type.scalar] ?? {}) : this.special(definition);
      }
      case 'message':
        return this.message(type.message);
      case 'list':
        return { type: 'array', items: this.#item(type.items, itemEnum) };
      case 'map':
        return { type: 'object', additionalProperties: this.#item(type.values, itemEnum) };
    }
  }

  /** What a list or a map holds: as a field that is always there. */
  #item(type: FieldType, itemEnum: readonly string[] | undefined): JsonObject {
    const schema = this.#type(type);
    const allowed = itemEnum ? { enum: itemEnum } : {};
    if (type.kind === 'message') return this.#value(schema);
    const zero = type.kind === 'scalar' && !type.definition ? ZERO[type.scalar] : undefined;
    return { ...schema, ...(zero === undefined || this.#dialect === 'v2' ? {} : { default: zero }), ...allowed };
  }

  /** A reference that stands for a value rather than a pointer. */
  #value(reference: JsonObject): JsonObject {
    return this.#dialect === 'v3' ? this.#beside(reference, { default: {} }) : reference;
  }

  /** A schema with more beside it: v3 allows nothing beside a reference. */
  #beside(schema: JsonObject, more: JsonObject): JsonObject {
    const { default: fallback, ...rest } = more;
    const extra = this.#dialect === 'v2' || fallback === undefined ? rest : { default: fallback, ...rest };
    if (!('$ref' in schema) || this.#dialect === 'v2') return { ...schema, ...extra };
    return Object.keys(extra).length === 0 ? schema : { allOf: [schema], ...extra };
  }

  #ref(name: string): JsonObject {
    return { $ref: `${REF_PREFIX[this.#dialect]}${name}` };
  }
}

const describe = (description: string): JsonObject => (description === '' ? {} : { description });

/** Which field is set goes by its Go name. Upstream: kube-openapi, `pkg/generators/union.go`. */
function unionOf({ discriminator, fields }: AnyMessage): JsonObject {
  if (discriminator === undefined) return {};
  const others = [...fields.keys()].filter((name) => name !== discriminator);
  const named = Object.fromEntries(others.map((name) => [name, name.charAt(0).toUpperCase() + name.slice(1)]));
  return { 'x-kubernetes-unions': [{ discriminator, 'fields-to-discriminateBy': named }] };
}

/** Upstream: `buildSelectableFields`; the kind's definition has them and its list's. */
function selectableFields(source: DefinitionSource): JsonObject {
  const paths = 'selectable' in source ? (source.selectable ?? []) : [];
  return paths.length === 0 ? {} : { 'x-kubernetes-selectable-fields': paths.map((fieldPath) => ({ fieldPath })) };
}

/** The default that upstream tells: its own, else the zero value of what is always written. Upstream: kube-openapi, `pkg/generators/openapi.go`. */
function defaultOf({ type, presence, nullable, default: own }: FieldInfo): JsonNode | undefined {
  if (isNode(own)) return own;
  if (presence === 'set' || nullable) return undefined;
  if (type.kind === 'message') return {};
  return presence === 'always' && type.kind === 'scalar' && !type.definition ? ZERO[type.scalar] : undefined;
}

const isNode = (value: unknown): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value);
