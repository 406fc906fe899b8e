/** Compiles one TypeScript file, and what it imports, so that a test can run it as a process of its own on plain Node.js. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');

export interface CompiledScript extends AsyncDisposable {
  /** The JavaScript file to run. */
  readonly path: string;
}

/** @param script path from the top of the repository. */
export async function compileScript(script: string): Promise<CompiledScript> {
  const directory = await mkdtemp(join(tmpdir(), 'nanokube-script-'));
  const dispose = () => rm(directory, { recursive: true, force: true });
  try {
    const config = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { noCheck: true, rootDir: ROOT, outDir: directory, typeRoots: [join(ROOT, 'node_modules/@types')] },
      include: [],
      files: [join(ROOT, script)],
    };
    const configFile = join(directory, 'tsconfig.json');
    await writeFile(configFile, JSON.stringify(config));
    await cp(join(ROOT, 'package.json'), join(directory, 'package.json'));
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', configFile]);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { path: join(directory, relative(ROOT, join(ROOT, script)).replace(/\.ts$/, '.js')), [Symbol.asyncDispose]: dispose };
}
