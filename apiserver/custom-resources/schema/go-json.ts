import { isObject } from '../../../api/schema.ts';

/** A value with the fields of its objects by name: how Go writes what it has decoded without knowing its type. */
export function inGoOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inGoOrder);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, inGoOrder(value[name])]),
  );
}

/** A float as Go's `%v` prints it: the shortest digits, with an exponent below 1e-4 and from 1e21 on. */
export function goFloat(value: number): string {
  const [digits, exponent] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 21)) return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
