import { readFileSync } from 'node:fs';
import { UserError } from '../runtime/index.ts';

/** The text of the file that an option names. @throws UserError when it cannot be read. */
export function readText(optionName: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read --${optionName} ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
