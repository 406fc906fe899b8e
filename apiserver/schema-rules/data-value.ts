// Objects of a schema as values of expressions (apiserver, `pkg/cel/common/valuesunstructured.go`). Nothing is converted before it is looked
// at: a value is its JSON and a reader made of its schema.
import {
  ArrayList,
  CelError,
  CelList,
  CelMap,
  type CelValue,
  celTypes,
  elementsOf,
  equalValues,
  escapeName,
  noSuchOverload,
  Opaque,
  type Result,
  readDuration,
  readTimestamp,
  Uint,
  unescapeName,
} from '../../api/cel.ts';
import type { JSONSchemaProps } from '../../api/index.ts';
import { equalJson, isObject } from '../../api/schema.ts';
import { additionalOf, itemsOf, propertiesOf } from '../custom-resources/schema/index.ts';
import { withTypeAndMetadata } from './declared-type.ts';

/** Makes a value of the JSON that a schema describes. */
export type Reader = (data: unknown) => Result;

const readers = new WeakMap<JSONSchemaProps, Reader>();
const rootReaders = new WeakMap<JSONSchemaProps, Reader>();

/** The reader for a schema; one per schema. */
export function readerOf(schema: JSONSchemaProps, isResourceRoot = schema['x-kubernetes-embedded-resource'] === true): Reader {
  const known = isResourceRoot ? rootReaders : readers;
  let reader = known.get(schema);
  if (!reader) {
    reader = nullable(schema, makeReader(isResourceRoot ? withTypeAndMetadata(schema) : schema));
    known.set(schema, reader);
  }
  return reader;
}

const fail = (message: string): CelError => new CelError(message);

function nullable(schema: JSONSchemaProps, read: Reader): Reader {
  return (data) => {
    if (data !== null && data !== undefined) return read(data);
    return schema.nullable ? null : fail('invalid data, got null for schema with nullable=false');
  };
}

function makeReader(schema: JSONSchemaProps): Reader {
  if (schema['x-kubernetes-int-or-string']) return readIntOrString;
  switch (schema.type) {
    case 'object':
      return objectReader(schema);
    case 'array':
      return listReader(schema);
    case 'string':
      return textReader(schema.format);
    case 'number':
      return (data) =>
        typeof data === 'number' || typeof data === 'bigint' ? Number(data) : fail(`invalid data, expected float, got ${goType(data)}`);
    case 'integer':
      return (data) => readInteger(data) ?? fail(`invalid data, expected int, got ${goType(data)}`);
    case 'boolean':
      return (data) => (typeof data === 'boolean' ? data : fail(`invalid data, expected bool, got ${goType(data)}`));
    default:
      return schema['x-kubernetes-preserve-unknown-fields'] ? (data) => new UnknownValue(data) : untyped(schema.type);
  }
}

const untyped = (type = ''): Reader => {
  const types = 'object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or';
  return () => fail(`invalid type, expected ${types} x-kubernetes-preserve-unknown-fields is true, got ${type}`);
};

function readInteger(data: unknown): bigint | undefined {
  if (typeof data === 'bigint') return data;
  return typeof data === 'number' && Number.isInteger(data) ? BigInt(data) : undefined;
}

const readIntOrString: Reader = (data) =>
  typeof data === 'string'
    ? data
    : (readInteger(data) ?? fail('invalid data, expected XIntOrString value to be either a string or integer'));

function goType(data: unknown): string {
  if (Array.isArray(data)) return '[]interface {}';
  if (typeof data === 'object') return 'map[string]interface {}';
  if (typeof data === 'number') return Number.isInteger(data) ? 'int64' : 'float64';
  return typeof data === 'boolean' ? 'bool' : typeof data === 'bigint' ? 'int64' : typeof data;
}

function textReader(format: string | undefined): Reader {
  const convert = TEXT_FORMATS[format ?? ''] ?? ((text: string): Result => text);
  return (data) => (typeof data === 'string' ? convert(data) : fail(`invalid data, expected string, got ${goType(data)}`));
}

const TEXT_FORMATS: Readonly<Record<string, (text: string) => Result>> = {
  duration: (text) => readDuration(text) ?? fail(`Invalid duration ${text}`),
  date: (text) => readTimestamp(`${text}T00:00:00Z`) ?? fail(`Invalid date formatted string ${text}`),
  'date-time': (text) => readTimestamp(text) ?? fail(`Invalid date-time formatted string ${text}`),
  byte: (text) => Buffer.from(text, 'base64'),
};

/** Values that only equality can look at. */
const UNKNOWN_TYPE = celTypes.opaque('unknown');

class UnknownValue extends Opaque {
  override readonly type: celTypes.CelType = UNKNOWN_TYPE;
  readonly data: unknown;

  constructor(data: unknown) {
    super();
    this.data = data;
  }

  override equals(other: CelValue): boolean {
    return other instanceof UnknownValue && equalJson(this.data, other.data);
  }
}

/** What an object's fields are. */
interface Fields {
  /** Whether the fields are declared by name; else it is a map. */
  readonly isObject: boolean;
  /** The reader of a field; nothing if the schema does not know it. */
  reader(name: string): Reader | undefined;
}

function objectReader(schema: JSONSchemaProps): Reader {
  const fields = fieldsOf(schema);
  return (data) =>
    isObject(data) ? new DataObject(data, fields) : fail('invalid data, expected a map for the provided schema with type=object');
}

function fieldsOf(schema: JSONSchemaProps): Fields {
  if (schema.properties || schema['x-kubernetes-embedded-resource']) {
    const properties = new Map(propertiesOf(schema));
    return {
      isObject: schema.properties !== undefined,
      reader: (name) => {
        const property = properties.get(name);
        return property && readerOf(property);
      },
    };
  }
  const values = additionalOf(schema);
  return { isObject: false, reader: () => values && readerOf(values) };
}

class DataObject extends CelMap {
  readonly #data: Readonly<Record<string, unknown>>;
  readonly #fields: Fields;

  constructor(data: Readonly<Record<string, unknown>>, fields: Fields) {
    super();
    this.#data = data;
    this.#fields = fields;
  }

  override get size(): number {
    return Object.keys(this.#data).length;
  }

  override find(key: CelValue): Result | undefined {
    if (typeof key !== 'string') return noSuchOverload();
    const name = this.#fields.isObject ? unescapeName(key) : key;
    return name === undefined ? undefined : this.#field(name);
  }

  #field(name: string): Result | undefined {
    if (!Object.hasOwn(this.#data, name)) return undefined;
    const data = this.#data[name];
    if (this.#fields.isObject && data === null) return undefined;
    return this.#fields.reader(name)?.(data);
  }

  override keys(): readonly CelValue[] {
    const names = Object.keys(this.#data).filter((name) => this.#fields.reader(name));
    return this.#fields.isObject ? names.map((name) => escapeName(name) ?? name) : names;
  }

  override equals(other: CelValue): boolean | CelError {
    if (!(other instanceof CelMap)) return noSuchOverload();
    if (this.size !== other.size) return false;
    for (const name of Object.keys(this.#data)) {
      const same = this.#fields.reader(name) ? this.#equalField(name, other) : this.#equalUnknown(name, other);
      if (same !== true) return same;
    }
    return true;
  }

  #equalField(name: string, other: CelMap): boolean | CelError {
    const mine = this.find(name);
    const theirs = other.find(name);
    if (mine instanceof CelError) return mine;
    if (theirs instanceof CelError) return theirs;
    if (mine === undefined || theirs === undefined) return mine === theirs;
    return equalValues(mine, theirs);
  }

  #equalUnknown(name: string, other: CelMap): boolean | CelError {
    if (!(other instanceof DataObject)) return noSuchOverload();
    return !Object.hasOwn(other.#data, name) || equalJson(this.#data[name], other.#data[name]);
  }
}

function listReader(schema: JSONSchemaProps): Reader {
  const items = itemsOf(schema);
  if (!items) return () => fail('invalid array type, expected Items with a non-empty Schema');
  const identify = identityOf(schema);
  return (data) => {
    if (!Array.isArray(data)) return fail('invalid data, expected an array for the provided schema with type=array');
    const read = readerOf(items);
    return identify ? new IdentityList(data.length, (i) => read(data[i]), identify) : new DataList(data, read);
  };
}

/** What tells the elements of a list apart, if anything but their place does. */
type Identify = (element: CelValue) => string | undefined;

function identityOf(schema: JSONSchemaProps): Identify | undefined {
  const listType = schema['x-kubernetes-list-type'];
  if (listType === 'set') return scalarIdentity;
  if (listType !== 'map') return undefined;
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => escapeName(key) ?? key);
  return (element) =>
    element instanceof CelMap ? JSON.stringify(keys.map((key) => scalarIdentity(element.find(key)) ?? null)) : undefined;
}

function scalarIdentity(value: Result | undefined): string | undefined {
  if (value === undefined || value === null || value instanceof CelError) return undefined;
  if (value instanceof Uint) return `int ${value.value}`;
  if (typeof value === 'bigint') return `int ${value}`;
  return typeof value === 'object' ? undefined : `${typeof value} ${value}`;
}

/** A list whose elements have places: `x-kubernetes-list-type: atomic`. */
class DataList extends CelList {
  readonly #data: readonly unknown[];
  readonly #read: Reader;

  constructor(data: readonly unknown[], read: Reader) {
    super();
    this.#data = data;
    this.#read = read;
  }

  override get size(): number {
    return this.#data.length;
  }

  override at(index: number): Result {
    return this.#read(this.#data[index]);
  }

  override concat(other: CelList): Result {
    const mine = elementsOf(this);
    const more = elementsOf(other);
    if (mine instanceof CelError) return mine;
    return more instanceof CelError ? more : new ArrayList([...mine, ...more]);
  }

  override equals(other: CelValue): boolean | CelError {
    if (!(other instanceof CelList)) return noSuchOverload();
    if (this.size !== other.size) return false;
    for (let i = 0; i < this.size; i++) {
      const mine = this.at(i);
      const theirs = other.at(i);
      if (mine instanceof CelError) return mine;
      const same = theirs instanceof CelError ? theirs : equalValues(mine, theirs);
      if (same !== true) return same;
    }
    return true;
  }
}

/** A set, or a map in the form of a list: order does not matter, and adding is union. */
class IdentityList extends CelList {
  override readonly size: number;
  readonly #at: (index: number) => Result;
  readonly #identify: Identify;

  constructor(size: number, at: (index: number) => Result, identify: Identify) {
    super();
    this.size = size;
    this.#at = at;
    this.#identify = identify;
  }

  override at(index: number): Result {
    return this.#at(index);
  }

  override concat(other: CelList): Result {
    const mine = elementsOf(this);
    const more = elementsOf(other);
    if (mine instanceof CelError) return mine;
    if (more instanceof CelError) return more;
    const places = new Map(mine.map((element, i) => [this.#identify(element), i]));
    for (const element of more) {
      const identity = this.#identify(element);
      const place = places.get(identity) ?? mine.length;
      places.set(identity, place);
      mine[place] = element;
    }
    return new IdentityList(mine.length, (i) => mine[i] ?? null, this.#identify);
  }

  override equals(other: CelValue): boolean | CelError {
    if (!(other instanceof CelList)) return noSuchOverload();
    if (this.size !== other.size) return false;
    const mine = elementsOf(this);
    const theirs = elementsOf(other);
    if (mine instanceof CelError) return mine;
    if (theirs instanceof CelError) return theirs;
    const byIdentity = new Map(mine.map((element) => [this.#identify(element), element]));
    for (const element of theirs) {
      const own = byIdentity.get(this.#identify(element));
      const same = own === undefined ? false : equalValues(own, element);
      if (same !== true) return same;
    }
    return true;
  }
}
