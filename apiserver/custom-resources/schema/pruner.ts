import type { JSONSchemaProps } from '../../../api/index.ts';
import { isObject, type JsonObject } from '../../../api/schema.ts';
import { additionalOf, hasAdditional, hasDefault, isEmbedded, itemsOf, preservesUnknown, propertiesOf } from './structural.ts';

/** Fields that every object has, whatever its schema says. */
const META_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** What a walk through an object does and has found. */
export interface PruneWalk {
  /** Where it is: the pieces of a path such as `spec.list[0].name`. */
  readonly path: string[];
  /** The paths of what the schema does not know. */
  readonly unknown: string[];
  /** Whether what is unknown is taken out. */
  readonly removes: boolean;
}

type Visit = (value: object, walk: PruneWalk) => void;

interface Node {
  /** Takes out what is unknown. */
  readonly prune: Visit;
  /** Leaves what is unknown, and goes on where something is known: below `x-kubernetes-preserve-unknown-fields`. */
  readonly skip: Visit;
}

/**
 * Compiles what takes unknown fields out of an object, and names them: upstream's `pkg/apiserver/schema/pruning`.
 *
 * @param schema of the whole object; undefined knows no field but those every object has.
 */
export function compilePruner(schema: JSONSchemaProps | undefined): (object: JsonObject, walk: PruneWalk) => void {
  return compileNode({ ...schema, 'x-kubernetes-embedded-resource': true }).prune;
}

/** Compiles what takes unknown fields out of a value that need not be an object of its own. */
export function compilePrunerOf(schema: JSONSchemaProps): (value: unknown, walk: PruneWalk) => void {
  const { prune } = compileNode(schema);
  return (value, walk) => {
    if (typeof value === 'object' && value !== null) prune(value, walk);
  };
}

/** What has no schema keeps nothing: objects lose all fields, lists keep their items. */
const UNKNOWN: Node = {
  prune: (value, walk) => {
    if (Array.isArray(value)) eachItem(value, walk, UNKNOWN.prune);
    else if (isObject(value)) for (const name of Object.keys(value)) drop(value, name, walk);
  },
  skip: () => undefined,
};

function compileNode(schema: JSONSchemaProps): Node {
  const properties = new Map(propertiesOf(schema).map(([name, child]) => [name, compileNode(child).prune]));
  const more = additionalOf(schema);
  const additional = more ? compileNode(more).prune : hasAdditional(schema) ? UNKNOWN.prune : undefined;
  const items = itemsOf(schema);
  const item = items ? compileNode(items) : UNKNOWN;
  const embedded = isEmbedded(schema);

  const visitField = (object: JsonObject, name: string, walk: PruneWalk, keepsUnknown: boolean): void => {
    if (embedded && META_FIELDS.has(name)) return;
    const child = properties.get(name) ?? additional;
    if (child) descend(object[name], name, walk, child);
    else if (!keepsUnknown) drop(object, name, walk);
  };
  const visit = (value: object, walk: PruneWalk, keepsUnknown: boolean): void => {
    if (Array.isArray(value)) eachItem(value, walk, keepsUnknown ? item.skip : item.prune);
    else if (isObject(value)) for (const name in value) visitField(value, name, walk, keepsUnknown);
  };
  const skip: Visit = (value, walk) => visit(value, walk, true);
  return { prune: preservesUnknown(schema) ? skip : (value, walk) => visit(value, walk, false), skip };
}

function descend(value: unknown, name: string, walk: PruneWalk, visit: Visit): void {
  if (typeof value !== 'object' || value === null) return;
  walk.path.push(walk.path.length > 0 ? `.${name}` : name);
  visit(value, walk);
  walk.path.pop();
}

function eachItem(list: readonly unknown[], walk: PruneWalk, visit: Visit): void {
  list.forEach((item, index) => {
    if (typeof item !== 'object' || item === null) return;
    walk.path.push(`[${index}]`);
    visit(item, walk);
    walk.path.pop();
  });
}

function drop(object: JsonObject, name: string, { path, unknown, removes }: PruneWalk): void {
  if (path.length > 0 || !META_FIELDS.has(name)) unknown.push(path.length > 0 ? `${path.join('')}.${name}` : name);
  if (removes) delete object[name];
}

/** Drops nulls, or does nothing. */
type DropNulls = (value: unknown) => void;

/**
 * Compiles what takes out nulls that may not be and have no default: upstream's `PruneNonNullableNullsWithoutDefaults`.
 *
 * @returns undefined where there cannot be any.
 */
export function compileNullDropper(schema: JSONSchemaProps): DropNulls | undefined {
  const fields = new Map(propertiesOf(schema).map(([name, child]) => [name, nullRule(child)]));
  const more = additionalOf(schema);
  const other = more && nullRule(more);
  const items = itemsOf(schema);
  const item = items && compileNullDropper(items);
  if (fields.size === 0 && !other && !item) return undefined;
  return (value) => {
    if (Array.isArray(value)) {
      if (item) for (const inner of value) item(inner);
    } else if (isObject(value)) {
      for (const name in value) dropNull(value, name, fields.get(name) ?? other);
    }
  };
}

interface NullRule {
  readonly drops: boolean;
  readonly inner: DropNulls | undefined;
}

const nullRule = (schema: JSONSchemaProps): NullRule => ({
  drops: !schema.nullable && !hasDefault(schema),
  inner: compileNullDropper(schema),
});

function dropNull(object: JsonObject, name: string, rule: NullRule | undefined): void {
  if (!rule) return;
  const value = object[name];
  if (value === null) {
    if (rule.drops) delete object[name];
  } else if (rule.inner) rule.inner(value);
}
