import { type Interpreter, interpreterOf, pathsInSearch } from '../executable.ts';
import type { ContainerFiles } from '../files/container-files.ts';
import { FileError, normalizePath } from '../files/tree.ts';
import { isTool } from '../tool-names.ts';
import { type CommandContext, complain } from './shell-context.ts';
import { runTool } from './tool-runner.ts';

const EXIT_NOT_RUNNABLE = 126;
const EXIT_NOT_FOUND = 127;

/**
 * Runs what is no tool. A path, or a name that a directory of PATH has, is a file; what is not there is not found, unless the image is
 * unknown, and may have it: then it is a program that stays, or has done its work at once where its end is waited for. A script without a
 * first line of its own is the shell's (busybox' `tryexec`).
 */
export async function runFile(name: string, context: CommandContext): Promise<number> {
  const { host, state, args } = context;
  const found = await find(name, context).catch((error: unknown) => {
    if (error instanceof FileError) return error;
    throw error;
  });
  if (found instanceof FileError) {
    const isAbsent = found.code === 'ENOENT' || found.code === 'ENOTDIR';
    const why = isAbsent ? 'not found' : found.reason;
    return await complain(context, `${state.name}: ${name}: ${why}`, isAbsent ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
  }
  if (!found) {
    if (!host.process.isTask) await host.sleep(Number.POSITIVE_INFINITY);
    return 0;
  }
  const words = { ...context, args: [...found.words, ...args] };
  return isTool(found.path, host.process.image) ? await runTool(found.path, words) : await runFile(found.path, words);
}

/** Who runs it; undefined for a program that nobody knows. @throws FileError */
async function find(name: string, { host, state, assigned }: CommandContext): Promise<Interpreter | undefined> {
  const { image } = host.process;
  const files = await host.files();
  const search = { path: state.environment(assigned).get('PATH') ?? '', cwd: state.cwd };
  const path = name.includes('/') ? name : await firstFile(files, pathsInSearch(name, search));
  if (path === undefined) {
    if (image.known) throw new FileError('ENOENT', name);
    return undefined;
  }
  const file = { path: normalizePath(path, state.cwd), name: path };
  if (!image.known && !host.process.isMounted(file.path) && !(await files.exists(file.path))) return undefined;
  return (await interpreterOf(files, file, image)) ?? { path: 'sh', words: [path] };
}

async function firstFile(files: ContainerFiles, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await files.exists(path)) && (await files.stat(path)).type === 'file') return path;
  return undefined;
}
