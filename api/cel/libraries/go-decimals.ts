// Doubles with a number of decimals as Go's strconv prints them: rounded from their exact value, and halves to the even digit.
// JavaScript's toFixed takes the larger of two, at most 100 decimals, and an exponent from 1e21 on.

const EXPONENT_BITS = 11;
const FRACTION_BITS = 52;
const BIAS = 1075n;

/** A finite number's digits, all of them; the point stands before the one at `point`. */
interface Decimals {
  readonly sign: string;
  readonly digits: string;
  readonly point: number;
}

/** `%.nf` */
export function fixedDouble(n: number, decimals: number): string {
  const { sign, digits, point } = decimalsOf(n);
  const rounded = round(digits, point + decimals).padStart(decimals + 1, '0');
  if (decimals === 0) return sign + rounded;
  return `${sign}${rounded.slice(0, -decimals)}.${rounded.slice(-decimals)}`;
}

/** `%.ne`, as the mantissa's text and the exponent. */
export function scientificDouble(n: number, decimals: number): { readonly mantissa: string; readonly exponent: number } {
  const { sign, digits, point } = decimalsOf(n);
  const rounded = round(digits, decimals + 1);
  const carried = rounded.length > decimals + 1;
  const fraction = rounded.slice(1, decimals + 1);
  const mantissa = sign + rounded.slice(0, 1) + (fraction === '' ? '' : `.${fraction.padEnd(decimals, '0')}`);
  return { mantissa, exponent: n === 0 ? 0 : point - 1 + Number(carried) };
}

function decimalsOf(n: number): Decimals {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, n);
  const bits = view.getBigUint64(0);
  const exponentBits = BigInt.asUintN(EXPONENT_BITS, bits >> BigInt(FRACTION_BITS));
  const fraction = BigInt.asUintN(FRACTION_BITS, bits);
  const mantissa = exponentBits === 0n ? fraction : fraction | (1n << BigInt(FRACTION_BITS));
  const exponent = (exponentBits === 0n ? 1n : exponentBits) - BIAS;
  const sign = bits >> 63n === 1n ? '-' : '';
  if (exponent >= 0n) {
    const digits = String(mantissa << exponent);
    return { sign, digits, point: digits.length };
  }
  const digits = String(mantissa * 5n ** -exponent);
  return { sign, digits, point: digits.length + Number(exponent) };
}

/** The first so many digits, as a number; halves go to the even one. */
function round(digits: string, keep: number): string {
  if (keep < 0) return '0';
  if (keep >= digits.length) return digits.padEnd(keep, '0');
  const half = 5n * 10n ** BigInt(digits.length - keep - 1);
  const rest = BigInt(digits.slice(keep));
  const kept = BigInt(digits.slice(0, keep));
  return String(rest > half || (rest === half && kept % 2n === 1n) ? kept + 1n : kept);
}
