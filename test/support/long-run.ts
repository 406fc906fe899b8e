/**
 * Tests that throw dice again and again do it dozens of times, and hundreds of times in a long run: `NANOKUBE_LONG_RUN=1 npx vitest run …`,
 * with other dice each time (`NANOKUBE_SEED=n` for the same ones again).
 */
const LONG = process.env.NANOKUBE_LONG_RUN === '1';

/** How often: `usually`, and in a long run `long` times. */
export const times = (usually: number, long: number): number => (LONG ? long : usually);

/** The seed of a test whose usual one is given. */
export function seedOf(usual: number): number {
  const { NANOKUBE_SEED: given } = process.env;
  if (given !== undefined) return Number(given);
  return LONG ? process.pid * 1000 + (Math.trunc(process.uptime() * 1000) % 1000) : usual;
}
