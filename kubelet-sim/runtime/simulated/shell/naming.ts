import { FileError } from '../files/tree.ts';
import { toolsOf } from '../image-catalog.ts';
import type { ProcessContext } from '../program.ts';
import { ShellError, type ShellState } from './state.ts';

/** Says of a file what could not be done with it, as shells do, and why. */
export async function named<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof FileError ? new ShellError(`${what}: ${error.reason}`) : error;
  }
}

/** Distributions whose `sh` is another shell. */
const OTHER_SHELLS: ReadonlySet<string> = new Set(['debian', 'ubuntu']);

/** Whether a shell is bash: called so, or as the `sh` of a distribution where that is bash. */
export function isBash({ argv, image }: Pick<ProcessContext, 'argv' | 'image'>, { name }: ShellState): boolean {
  if ([argv[0], name].some((called) => called?.replace(/^.*\//, '') === 'bash')) return true;
  return toolsOf(image) === 'gnu' && !OTHER_SHELLS.has(image.base);
}
