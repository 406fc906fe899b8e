/** Writes for a person: colour on a terminal, plain text elsewhere (and with NO_COLOR). */
export interface Terminal {
  /** One clear line for a stage that is done. */
  stage(text: string, tookMs: number): void;
  line(text?: string): void;
  /** To standard error. */
  error(text: string): void;
  bold(text: string): string;
  dim(text: string): string;
}

/** @param out where to write; its `isTTY` decides about colour. */
export function createTerminal(out: NodeJS.WriteStream, err: NodeJS.WriteStream): Terminal {
  const coloured = out.isTTY === true && (process.env.NO_COLOR ?? '') === '';
  const paint = (code: string) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [green, red, bold, dim] = [paint('32'), paint('31'), paint('1'), paint('2')];
  return {
    stage: (text, tookMs) => out.write(`${green('✓')} ${text} ${dim(`${(tookMs / 1000).toFixed(2)} s`)}\n`),
    line: (text = '') => out.write(`${text}\n`),
    error: (text) => err.write(`${red('nanokube:')} ${text}\n`),
    bold,
    dim,
  };
}
