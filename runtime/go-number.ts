/** Numbers from here on have an exponent, and those below the other. */
const EXPONENT_MIN = 1e-4;
const EXPONENT_MAX = 1e6;

/** A number as Go's `strconv.FormatFloat(value, 'g', -1, 64)` has it, which writes Prometheus' text: `1.5e+06`. */
export function goNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || (size >= EXPONENT_MIN && size < EXPONENT_MAX)) return String(value);
  return Number.isFinite(value) ? value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2') : value > 0 ? '+Inf' : '-Inf';
}
