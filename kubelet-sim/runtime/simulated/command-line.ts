/**
 * The value that a command line gives an option: `--name=value`, `--name value`, `-name=value`, `-name value`; `''` when none. Of several the
 * last counts, as in Go's `flag`.
 */
export const commandLineOption = (argv: readonly string[], name: string): string => commandLineOptions(argv, name).at(-1) ?? '';

/** The values of an option that may be given more than once. */
export const commandLineOptions = (argv: readonly string[], name: string): readonly string[] =>
  argv.flatMap((arg, i) => {
    const bare = arg.startsWith('-') ? arg.replace(/^--?/, '') : '';
    if (bare === name) return [argv[i + 1] ?? ''];
    return bare.startsWith(`${name}=`) ? [bare.slice(name.length + 1)] : [];
  });

/** Whether a switch is on, as Go's `flag` reads it: `--name`, `--name=true`. */
export function commandLineSwitch(argv: readonly string[], name: string, otherwise = false): boolean {
  const given = argv.findLast((arg) => new RegExp(`^--?${name}(?:=|$)`).test(arg));
  return given === undefined ? otherwise : !/=(?:0|f|F|false|FALSE|False)$/.test(given);
}
