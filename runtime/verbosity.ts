// klog's `-v`, of which our levels are a coarser measure.

/** From here on decisions are told, and from there on requests. */
const DEBUG_FROM = 4;
const TRACE_FROM = 6;

/** The level of the log for `--v`. */
export const levelOf = (v: number): string => (v >= TRACE_FROM ? 'trace' : v >= DEBUG_FROM ? 'debug' : 'info');

const SHORT = /^-v=?(-?\d+)?$/;

/** A command line as pflag reads it: `-v 2`, `-v=2` and `-v2` are `--v=2`, and words of a name may be joined by underscores. */
export function withLongNames(argv: readonly string[]): string[] {
  return argv.map((argument) => {
    const short = SHORT.exec(argument);
    if (short) return short[1] === undefined ? '--v' : `--v=${short[1]}`;
    return argument.replace(/^--[^=]+/, (name) => name.replaceAll('_', '-'));
  });
}
