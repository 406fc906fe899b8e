// Values of expressions as JSON (cel-go, `ConvertToNative` to `structpb.Value`).
import { formatDuration, formatTimestamp } from './language/timestamps.ts';
import { CelError, CelList, CelMap, type CelValue, Duration, Timestamp, typeName, Uint } from './language/values.ts';

/** A value that is no JSON. */
export class NativeValueError extends Error {
  override readonly name = 'NativeValueError';
}

/** @throws NativeValueError */
export function nativeValue(value: CelValue | CelError): unknown {
  if (value instanceof CelError) throw new NativeValueError(value.message);
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return integer(value);
  if (value instanceof Uint) return integer(value.value);
  if (value instanceof CelList) return Array.from({ length: value.size }, (_, i) => nativeValue(value.at(i)));
  if (value instanceof CelMap) return nativeMap(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  throw new NativeValueError(`unsupported type: ${typeName(value)}`);
}

/** What a double cannot hold is a text, as protobuf's JSON has it. */
const integer = (value: bigint): number | string =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);

function nativeMap(map: CelMap): Record<string, unknown> {
  return Object.fromEntries(
    map.keys().map((key) => {
      if (typeof key !== 'string') throw new NativeValueError(`map key is of type ${typeName(key)}, not string`);
      return [key, nativeValue(map.find(key) ?? null)];
    }),
  );
}
