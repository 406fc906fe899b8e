import type { FieldType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';
import { goOrder } from './reader.ts';

type Plain = Record<string, unknown>;

const orders = new WeakMap<AnyMessage, ReturnType<typeof goOrder>>();

/**
 * The same object with its members in the order in which Go writes them: those of structs as they are declared, those of maps by name. What was decoded is in that order but for what was
 * filled in later, such as defaults: this is for answers that people read.
 */
export function inFieldOrder(message: AnyMessage, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  let order = orders.get(message);
  if (!order) {
    order = goOrder(message);
    orders.set(message, order);
  }
  const given = value as Plain;
  const ordered: Plain = {};
  for (const [name, { type }] of order) if (given[name] !== undefined) ordered[name] = inTypeOrder(type, given[name]);
  for (const name of Object.keys(given)) if (!(name in ordered)) ordered[name] = given[name];
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
      return isPlain(value) ? mapInOrder(type.values, value) : value;
  }
}

/** Go writes maps by name. */
const mapInOrder = (values: FieldType, map: Plain): Plain =>
  Object.fromEntries(
    Object.keys(map)
      .sort()
      .map((name) => [name, inTypeOrder(values, map[name])]),
  );

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);
