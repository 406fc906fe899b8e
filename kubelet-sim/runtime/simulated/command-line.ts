/** The value that a command line gives an option: `--name=value`, `--name value`, `-name=value`, `-name value`; `''` when none. */
export function commandLineOption(argv: readonly string[], name: string): string {
  for (const [i, arg] of argv.entries()) {
    if (!arg.startsWith('-')) continue;
    const bare = arg.replace(/^--?/, '');
    if (bare === name) return argv[i + 1] ?? '';
    if (bare.startsWith(`${name}=`)) return bare.slice(name.length + 1);
  }
  return '';
}
