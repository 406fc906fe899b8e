/** A configuration that cannot be used; the message is nginx's, without `nginx: [emerg] `. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Where something stands. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What is wrong at a place, as nginx says it. A place without a file is the command line (`-g`). */
export const wrongAt = ({ file, line }: Place, what: string): ConfigError =>
  new ConfigError(file === '' ? `${what} in command line` : `${what} in ${file}:${line}`);
