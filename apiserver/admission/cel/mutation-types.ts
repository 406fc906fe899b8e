// The types that mutations are made of (apiserver, `pkg/cel/mutation`): `Object{}`, whose fields nobody checks, and `JSONPatch{}`.
import { ArrayList, CelError, CelMap, type CelValue, celTypes, EntryMap, equalValues, type StructTypes } from '../../../api/cel.ts';

const { DYN, STRING, struct } = celTypes;

const OBJECT = 'Object';
const PATCH = 'JSONPatch';
export const OBJECT_TYPE = struct(OBJECT);
export const PATCH_TYPE = struct(PATCH);

const PATCH_FIELDS: Readonly<Record<string, celTypes.CelType>> = { op: STRING, from: STRING, path: STRING, value: DYN };

const isObjectType = (name: string): boolean => name === OBJECT || name.startsWith(`${OBJECT}.`);

/** `Object`, `Object.spec` … with any fields, and `JSONPatch`. */
export const MUTATION_TYPES: StructTypes = {
  has: (name) => name === PATCH || isObjectType(name),
  fieldType: (name, field) => (isObjectType(name) ? DYN : Object.hasOwn(PATCH_FIELDS, field) ? PATCH_FIELDS[field] : undefined),
  construct: (name, fields) => new StructValue(name, fields),
};

/** A value that was made by `Type{field: value}`. */
export class StructValue extends CelMap {
  readonly name: string;
  readonly fields: ReadonlyMap<string, CelValue>;

  constructor(name: string, fields: ReadonlyMap<string, CelValue>) {
    super();
    this.name = name;
    this.fields = fields;
  }

  override get type() {
    return struct(this.name);
  }

  override get size(): number {
    return this.fields.size;
  }

  override find(key: CelValue): CelValue | undefined {
    return typeof key === 'string' ? this.fields.get(key) : undefined;
  }

  override keys(): readonly string[] {
    return [...this.fields.keys()];
  }

  override equals(other: CelValue): boolean | CelError {
    if (!(other instanceof StructValue) || other.name !== this.name || other.size !== this.size) return false;
    for (const [name, value] of this.fields) {
      const theirs = other.fields.get(name);
      const same = theirs !== undefined && equalValues(value, theirs);
      if (same !== true) return same;
    }
    return true;
  }
}

/**
 * Where types do not say where their value stands: `Object{spec: Object.other{}}`. Upstream: `CheckTypeNamesMatchFieldPathNames`, which stands
 * in for types with known fields.
 */
export function misplacedTypes(value: StructValue): string[] {
  return misplaced(value, value.name);
}

function misplaced(value: CelValue | CelError, path: string): string[] {
  if (value instanceof StructValue) {
    const wrong =
      value.name === path
        ? []
        : [`unexpected type name "${value.name}", expected "${path}", which matches field name path from root Object type`];
    return [...wrong, ...[...value.fields].flatMap(([name, field]) => misplaced(field, `${path}.${name}`))];
  }
  return partsOf(value).flatMap((part) => misplaced(part, path));
}

/** What is in lists and maps that expressions made. */
function partsOf(value: CelValue | CelError): readonly (CelValue | CelError)[] {
  if (value instanceof CelError) return [];
  if (value instanceof ArrayList) return value.items;
  return value instanceof EntryMap ? value.keys().map((key) => value.find(key) ?? null) : [];
}
