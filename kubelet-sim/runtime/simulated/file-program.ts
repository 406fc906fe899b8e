import type { StartFailure } from './choose-program.ts';
import { interpreterOf, pathsInSearch } from './executable.ts';
import type { ContainerFiles } from './files/container-files.ts';
import { FileError, normalizePath } from './files/tree.ts';
import type { ImageFacts } from './image-catalog.ts';
import type { Program } from './program.ts';
import { exitProgram } from './programs.ts';
import { shellProgram } from './shell-program.ts';

/** What runc ends with when a process of its could not become the program that it was to be (libcontainer/init_linux.go). */
const EXIT_NO_EXEC = 255;

/** The container that a file is to be run in. */
interface Place {
  readonly image: ImageFacts;
  readonly workingDir: string;
  environment(): Promise<ReadonlyMap<string, string>>;
  files(): Promise<ContainerFiles>;
}

/**
 * A command that is a file of its container, as runc starts it: Go's `exec.LookPath` decides whether it can be started at all, and what
 * execve(2) says of it then is in the container's own log.
 */
export async function fileProgram(argv: readonly string[], place: Place): Promise<Program | StartFailure> {
  const [command = ''] = argv;
  const files = await place.files();
  const path = command.includes('/') ? command : await lookPath(command, place);
  if (path === undefined) return { failure: `exec: "${command}": executable file not found in $PATH` };
  const why = await whyNotStarted(files, path, normalizePath(path, place.workingDir));
  if (why !== undefined) return { failure: `exec: "${command}": ${why}` };
  const complaint = await whyNotRun(files, normalizePath(path, place.workingDir), place.image);
  return complaint === undefined ? shellProgram(argv) : exitProgram(EXIT_NO_EXEC, `exec ${path}: ${complaint}\n`, 'stderr');
}

/** The first directory of PATH in which a name may be run. */
async function lookPath(name: string, place: Place): Promise<string | undefined> {
  const files = await place.files();
  const search = (await place.environment()).get('PATH') ?? '';
  for (const path of pathsInSearch(name, { path: search, cwd: place.workingDir })) {
    if ((await whyNotStarted(files, path, path)) === undefined) return path;
  }
  return undefined;
}

/** Go's `findExecutable` (os/exec/lp_unix.go). */
async function whyNotStarted(files: ContainerFiles, named: string, path: string): Promise<string | undefined> {
  try {
    const { type } = await files.stat(path);
    if (type === 'directory') return 'is a directory';
    return (await files.allows(path, 'execute')) ? undefined : 'permission denied';
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return `stat ${named}: ${error.reason.toLowerCase()}`;
  }
}

async function whyNotRun(files: ContainerFiles, path: string, image: ImageFacts): Promise<string | undefined> {
  try {
    return (await interpreterOf(files, { path, name: path }, image)) ? undefined : 'exec format error';
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.reason.toLowerCase();
  }
}
