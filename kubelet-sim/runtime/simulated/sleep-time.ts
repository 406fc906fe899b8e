const UNIT_MS: Readonly<Record<string, number>> = { '': 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The time that `sleep` is told; undefined when it would complain. */
export function sleepMs(args: readonly string[]): number | undefined {
  let total = 0;
  for (const arg of args) {
    const match = /^(\d+(?:\.\d*)?|\.\d+|inf|infinity)([smhd]?)$/i.exec(arg);
    if (!match) return undefined;
    total += match[1]?.startsWith('i') ? Number.POSITIVE_INFINITY : Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
  }
  return args.length === 0 ? undefined : total;
}
