import type { ContainerFiles } from './files/container-files.ts';
import { FileError, normalizePath } from './files/tree.ts';
import type { ImageFacts } from './image-catalog.ts';
import { isTool, toolOf } from './tool-names.ts';

/** Who runs a file. */
export interface Interpreter {
  readonly path: string;
  /** What it is handed before the file's own arguments: the one word that the first line of a script has beside its name, and the script. */
  readonly words: readonly string[];
}

/** Bytes of a file that the kernel looks at for `#!`. */
const HEAD_BYTES = 256;

/**
 * What running a file comes to, as execve(2) sees it: the interpreter that its first line names, or the tool that it is a copy of; undefined where no such line is, and the
 * kernel knows no way to run it (ENOEXEC), which shells take for a script of theirs.
 * @throws FileError ENOENT also where the interpreter is not there; EACCES where one of both may not be run, as no directory may
 */
export async function interpreterOf(files: ContainerFiles, file: ExecutedFile, image: ImageFacts): Promise<Interpreter | undefined> {
  const content = await runnable(files, file.path);
  const tool = toolOf(content);
  const interpreter = tool === undefined ? firstLine(content, file.name) : { path: tool, words: [] };
  if (interpreter && !isTool(interpreter.path, image)) await runnable(files, normalizePath(interpreter.path));
  return interpreter;
}

/** A file and what it is called by. */
interface ExecutedFile {
  readonly path: string;
  readonly name: string;
}

/** The bytes of a file that may be run. @throws FileError */
async function runnable(files: ContainerFiles, path: string): Promise<Uint8Array> {
  const node = await files.nodeAt(path);
  if (node.type === 'directory' || !(await files.allows(path, 'execute'))) throw new FileError('EACCES', path);
  return node.content;
}

/** `#!INTERPRETER [ARGUMENT]` */
function firstLine(content: Uint8Array, name: string): Interpreter | undefined {
  const [line = ''] = Buffer.from(content.subarray(0, HEAD_BYTES)).toString('latin1').split('\n');
  const [, path, argument] = /^#![ \t]*([^ \t]+)[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
  return path === undefined ? undefined : { path, words: argument ? [argument, name] : [name] };
}

/** Where a bare name may lead: its paths in the directories of `PATH`, of which an empty one is the working directory. */
export const pathsInSearch = (name: string, { path, cwd }: { readonly path: string; readonly cwd: string }): readonly string[] =>
  path.split(':').map((directory) => normalizePath(`${directory || '.'}/${name}`, cwd));
