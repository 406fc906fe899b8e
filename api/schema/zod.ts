import { z } from 'zod';
import type { FieldInfo, FieldType, ScalarType } from './field.ts';
import type { AnyMessage, Message } from './message.ts';

const INT32_MAX = 2 ** 31 - 1;

const SCALARS: Readonly<Record<ScalarType, () => z.ZodType>> = {
  string: () => z.string(),
  int32: () =>
    z
      .number()
      .int()
      .min(-INT32_MAX - 1)
      .max(INT32_MAX),
  int64: () => z.union([z.number().int(), z.bigint()]),
  double: () => z.number(),
  bool: () => z.boolean(),
  bytes: () => z.base64(),
  quantity: () => z.string(),
  intOrString: () => z.union([z.number().int(), z.string()]),
  time: () => z.string(),
  microTime: () => z.string(),
  duration: () => z.string(),
  rawExtension: () => z.unknown(),
  fieldsV1: () => z.record(z.string(), z.unknown()),
  json: () => z.unknown(),
};

const built = new WeakMap<AnyMessage, z.ZodType>();

/**
 * The zod schema of a message: strict (unknown fields are refused), with every scalar checked. Built once per message, on first use.
 */
export function zodOf<T>(message: Message<T>): z.ZodType<T> {
  let schema = built.get(message);
  if (!schema) {
    schema = z.lazy(() => z.strictObject(Object.fromEntries([...message.fields].map(([name, info]) => [name, fieldSchema(info)]))));
    built.set(message, schema);
  }
  return schema as z.ZodType<T>;
}

function fieldSchema(info: FieldInfo): z.ZodType {
  const inner = typeSchema(info.type);
  return info.presence === 'always' ? inner.nullish() : inner.optional();
}

function typeSchema(type: FieldType): z.ZodType {
  switch (type.kind) {
    case 'scalar':
      return SCALARS[type.scalar]();
    case 'message':
      return zodOf(type.message);
    case 'list':
      return z.array(typeSchema(type.items));
    case 'map':
      return z.record(z.string(), typeSchema(type.values));
  }
}
