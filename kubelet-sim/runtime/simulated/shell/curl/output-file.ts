import { FileError, normalizePath } from '../../files/tree.ts';
import type { CommandContext } from '../shell-context.ts';
import { BadUrl } from './request.ts';

const WRITE_ERROR = 23;

/**
 * Writes to a file, or to standard output when it is called `-`.
 *
 * @param isMore it goes behind what the file has
 * @throws BadUrl for a file that cannot be written
 */
export async function writeTo({ host, state, stdout, stderr }: CommandContext, name: string, text: string, isMore = false): Promise<void> {
  if (name === '-') return await stdout.write(text);
  try {
    await (await host.files()).writeFile(normalizePath(name, state.cwd), Buffer.from(text, 'latin1'), { append: isMore });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    await stderr.write(`Warning: Failed to open the file ${name}: ${error.reason}\n`);
    throw new BadUrl(`Failure writing output to destination, passed ${text.length} returned 0`, WRITE_ERROR);
  }
}

/** @throws FileError */
export async function readOf({ host, state }: CommandContext, name: string): Promise<string> {
  return (await (await host.files()).readFile(normalizePath(name, state.cwd))).toString('latin1');
}

export async function makeParents({ host, state }: CommandContext, name: string): Promise<void> {
  const path = normalizePath(name, state.cwd);
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (parent !== '') await (await host.files()).mkdir(parent, { recursive: true });
}
