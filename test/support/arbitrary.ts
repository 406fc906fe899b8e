import type { FieldInfo, FieldType, ScalarType } from '../../api/schema/field.ts';
import type { AnyMessage } from '../../api/schema/message.ts';
import type { Random } from '../../runtime/index.ts';

/** How deep an arbitrary object goes before optional fields are left out. */
const DEPTH_MAX = 6;

/**
 * An arbitrary JSON value that fits a message: what a client could send. Optional fields come and go, lists and maps have up to two
 * members, and numbers reach their limits.
 */
export function arbitraryObject(message: AnyMessage, random: Random, depth = 0): Record<string, unknown> {
  const fields = [...message.fields].filter(([, info]) => depth < DEPTH_MAX && isWanted(info, random, depth));
  return Object.fromEntries(fields.map(([name, info]) => [name, arbitrary(info.type, random, depth)]));
}

const isWanted = (info: FieldInfo, random: Random, depth: number): boolean =>
  info.number !== undefined && random.next() < (depth < 3 ? 0.8 : 0.3);

function arbitrary(type: FieldType, random: Random, depth: number): unknown {
  switch (type.kind) {
    case 'scalar':
      return type.scalar === 'json' ? arbitraryJson(type.definition, random) : SCALARS[type.scalar](random);
    case 'message':
      return arbitraryObject(type.message, random, depth + 1);
    case 'list':
      return Array.from({ length: random.integer(3) }, () => arbitrary(type.items, random, depth + 1));
    case 'map':
      return Object.fromEntries(Array.from({ length: random.integer(3) }, () => [word(random), arbitrary(type.values, random, depth + 1)]));
  }
}

const pick = <T>(random: Random, values: readonly [T, ...T[]]): T => values[random.integer(values.length)] ?? values[0];
const word = (random: Random): string => pick(random, ['a', 'b-c', 'example.com/x', 'ünï', '__proto__', '7']);

const INT32_MAX = 2 ** 31 - 1;

const SCALARS: Readonly<Record<ScalarType, (random: Random) => unknown>> = {
  string: (random) => pick(random, ['', 'x', 'some text', '\u{1f600}"\\\n']),
  int32: (random) => pick(random, [0, 1, -1, 127, 128, INT32_MAX, -INT32_MAX - 1]),
  int64: (random) => pick<number | bigint>(random, [0, 1, -1, 2 ** 40, Number.MAX_SAFE_INTEGER, 2n ** 63n - 1n, -(2n ** 63n)]),
  double: (random) => pick(random, [0, 1.5, -2e300]),
  bool: (random) => random.next() < 0.5,
  bytes: (random) => pick(random, ['', 'AA==', 'aGVsbG8=']),
  quantity: (random) => pick(random, ['0', '100m', '1.5Gi', '1e3', '2048Ki']),
  intOrString: (random) => pick<number | string>(random, [0, 80, -5, '', 'http', '25%']),
  time: (random) => pick(random, ['2024-05-06T07:08:09Z', '1999-12-31T23:59:59+01:00']),
  microTime: (random) => pick(random, ['2024-05-06T07:08:09.000001Z', '2024-05-06T07:08:09.123456+02:00']),
  duration: (random) => pick(random, ['0s', '1h30m0s']),
  rawExtension: () => ({ apiVersion: 'v1', a: [1, { b: null }] }),
  fieldsV1: () => ({ 'f:spec': { '.': {} } }),
  json: () => ({ a: [1, 'x', true, null] }),
};

/** The unions of a CRD's schema have fixed forms. */
function arbitraryJson(definition: string | undefined, random: Random): unknown {
  if (definition?.endsWith('OrBool')) return pick<unknown>(random, [true, false, { type: 'string' }]);
  if (definition?.endsWith('OrArray')) return pick<unknown>(random, [{ type: 'string' }, [{ type: 'string' }]]);
  if (definition?.endsWith('OrStringArray')) return pick<unknown>(random, [{ type: 'string' }, ['a', 'b']]);
  return SCALARS.json(random);
}
