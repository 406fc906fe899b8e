const SIZE = /^(\d+)([kmg]?)$/i;
const SIZES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `10m` in bytes; undefined when it is no size. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = ''] = SIZE.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (SIZES[unit.toLowerCase()] ?? 1);
}

const TIME = /^(?:\d+(?:ms|[yMwdhms])? *)+$/;
const TIMES: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  M: 30 * 86_400_000,
  y: 365 * 86_400_000,
};

/** `1m30s` in milliseconds; a number alone is of seconds. Undefined when it is no time. */
export function parseTime(text: string): number | undefined {
  if (!TIME.test(text)) return undefined;
  let total = 0;
  for (const [, digits, unit = 's'] of text.matchAll(/(\d+)(ms|[yMwdhms])?/g)) total += Number(digits) * (TIMES[unit] ?? 1000);
  return total;
}
