// klog's `-v`, of which our levels are a coarser measure.

/** From here on decisions are told, and from there on requests. */
const DEBUG_FROM = 4;
const TRACE_FROM = 6;

/** The level of the log for `--v`. */
export const verbosity = (v: number): string => (v >= TRACE_FROM ? 'trace' : v >= DEBUG_FROM ? 'debug' : 'info');

const SHORT = /^-v=?(\d+)?$/;

/** The command line with `-v 2`, `-v=2` and `-v2` as `--v=2`. */
export function withLongNames(argv: readonly string[]): string[] {
  const long: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    const match = SHORT.exec(argument);
    if (!match) long.push(argument);
    else if (match[1] !== undefined) long.push(`--v=${match[1]}`);
    else long.push('--v', ...argv.slice(++i, i + 1));
  }
  return long;
}
