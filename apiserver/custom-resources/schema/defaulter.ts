import type { JSONSchemaProps } from '../../../api/index.ts';
import { cloneJson, isObject, type JsonObject } from '../../../api/schema.ts';
import { additionalOf, hasDefault, itemsOf, propertiesOf } from './structural.ts';

type SetDefaults = (value: unknown) => void;

/**
 * Compiles what fills in defaults: upstream's `pkg/apiserver/schema/defaulting`, where a null that may not be counts as absent.
 *
 * @param schema whose defaults are pruned already.
 * @returns undefined where there are none.
 */
export function compileDefaulter(schema: JSONSchemaProps): SetDefaults | undefined {
  const fields = propertiesOf(schema);
  const own = fields.filter(([, child]) => hasDefault(child)).map(([name, child]) => ({ name, ...replacement(child) }));
  const inner = new Map(
    fields.flatMap(([name, child]) => {
      const setDefaults = compileDefaulter(child);
      return setDefaults ? [[name, setDefaults] as const] : [];
    }),
  );
  const declared = new Set(fields.map(([name]) => name));
  const values = memberRule(additionalOf(schema));
  const items = memberRule(itemsOf(schema));
  if (own.length === 0 && inner.size === 0 && !values && !items) return undefined;

  const setInObject = (object: JsonObject): void => {
    for (const { name, value, nullable } of own) {
      if (!Object.hasOwn(object, name) || (object[name] === null && !nullable)) object[name] = cloneJson(value);
    }
    for (const [name, setDefaults] of inner) if (Object.hasOwn(object, name)) setDefaults(object[name]);
    if (values) setInValues(object, declared, values);
  };
  return (value) => {
    if (Array.isArray(value)) {
      if (items) for (let i = 0; i < value.length; i++) setMember(value, i, items);
    } else if (isObject(value)) setInObject(value);
  };
}

interface Replacement {
  readonly value: unknown;
  readonly nullable: boolean;
}

const replacement = (schema: JSONSchemaProps): Replacement => ({ value: schema.default, nullable: schema.nullable === true });

/** What becomes of a list's items or of a map's values. */
interface MemberRule extends Replacement {
  readonly inner: SetDefaults | undefined;
}

function memberRule(schema: JSONSchemaProps | undefined): MemberRule | undefined {
  if (!schema) return undefined;
  const inner = compileDefaulter(schema);
  return inner || hasDefault(schema) ? { ...replacement(schema), inner } : undefined;
}

function setInValues(map: JsonObject, declared: ReadonlySet<string>, rule: MemberRule): void {
  for (const name of Object.keys(map)) if (!declared.has(name)) setMember(map, name, rule);
}

function setMember<K extends string | number>(container: Record<K, unknown>, key: K, { value, nullable, inner }: MemberRule): void {
  if (container[key] === null && !nullable && value !== undefined) container[key] = cloneJson(value);
  inner?.(container[key]);
}
