// Numbers as Go writes them.

/** From this power of ten on there is an exponent. */
const EXPONENT_FROM = 6;
/** Below this one as well. */
const EXPONENT_BELOW = -4;

/** `%g` and `%v`: the shortest digits, with an exponent of two digits below 1e-4 and from 1e6 on. */
export function formatGoDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power < EXPONENT_BELOW || power >= EXPONENT_FROM)
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return formatPlainDouble(value);
}

/** `%f` with the shortest digits: never an exponent. */
export function formatPlainDouble(value: number): string {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(exponent) + 1;
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
