import { isObject, type JsonObject } from '../patch/json-value.ts';
import type { FieldType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';
import { goOrder } from './reader.ts';

const orders = new WeakMap<AnyMessage, ReturnType<typeof goOrder>>();

/**
 * The same object with its members in the order in which Go writes them: those of structs as they are declared, those of maps by name. What was decoded is in that order but for what was
 * filled in later, such as defaults: this is for answers that people read.
 */
export function inFieldOrder(message: AnyMessage, value: unknown): unknown {
  if (!isObject(value)) return value;
  let order = orders.get(message);
  if (!order) {
    order = goOrder(message);
    orders.set(message, order);
  }
  const ordered: JsonObject = {};
  for (const [name, { type }] of order) if (value[name] !== undefined) ordered[name] = inTypeOrder(type, value[name]);
  for (const name of Object.keys(value)) if (!(name in ordered)) ordered[name] = value[name];
  return ordered;
}

function inTypeOrder(type: FieldType, value: unknown): unknown {
  switch (type.kind) {
    case 'scalar':
      return value;
    case 'message':
      return inFieldOrder(type.message, value);
    case 'list':
      return Array.isArray(value) ? value.map((item) => inTypeOrder(type.items, item)) : value;
    case 'map':
      return isObject(value) ? mapInOrder(type.values, value) : value;
  }
}

/** Go writes maps by name. */
const mapInOrder = (values: FieldType, map: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.keys(map)
      .sort()
      .map((name) => [name, inTypeOrder(values, map[name])]),
  );
