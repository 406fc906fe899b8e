import { goQuote } from './field-error.ts';

/** A number, or a text that should have been a percentage; the message is upstream's. */
export class IntOrStringError extends Error {
  override readonly name = 'IntOrStringError';
}

/**
 * The number that an int-or-percentage stands for.
 *
 * @param total what 100% is.
 * @param roundUp whether a fraction counts as one more.
 * @throws IntOrStringError for a text that is no percentage.
 */
export function scaledValue(intOrPercent: number | string, total: number, roundUp: boolean): number {
  if (typeof intOrPercent === 'number') return intOrPercent;
  const digits = /^([+-]?\d+)%$/.exec(intOrPercent)?.[1];
  if (digits === undefined) throw new IntOrStringError(`invalid value for IntOrString: ${whyNot(intOrPercent)}`);
  const scaled = (Number(digits) * total) / 100;
  return roundUp ? Math.ceil(scaled) : Math.floor(scaled);
}

function whyNot(text: string): string {
  if (!text.endsWith('%')) return 'invalid type: string is not a percentage';
  return `invalid value ${goQuote(text)}: strconv.Atoi: parsing ${goQuote(text.slice(0, -1))}: invalid syntax`;
}
