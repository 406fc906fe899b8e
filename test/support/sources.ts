import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';

/** The project's root folder. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** Folders that hold the project's sources. */
export const FOLDERS = [
  'api',
  'runtime',
  'store',
  'client',
  'apiserver',
  'scheduler',
  'controller-manager',
  'kubelet-sim',
  'cli',
  'test',
  'bench',
] as const;

export interface Import {
  /** Path from the root for a relative import (`api/index.ts`), else the package's name. */
  readonly target: string;
  readonly relative: boolean;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

export interface Source {
  /** Path from the root, with forward slashes. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly isTest: boolean;
  readonly imports: readonly Import[];
}

/** Every TypeScript file of the project. */
export function readSources(): Source[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readSource(folder, join(ROOT, folder, name))),
  );
}

function readSource(folder: string, file: string): Source {
  const path = relative(ROOT, file).replaceAll('\\', '/');
  const text = readFileSync(file, 'utf8');
  return { path, folder, text, isTest: path.endsWith('.test.ts') || folder === 'test', imports: importsOf(path, text) };
}

const STATIC = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)';?$/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;

function importsOf(path: string, text: string): Import[] {
  const resolved = (specifier: string, typeOnly: boolean, dynamic: boolean): Import => {
    const isRelative = specifier.startsWith('.');
    const target = isRelative ? posix.normalize(posix.join(dirname(path), specifier)) : packageOf(specifier);
    return { target, relative: isRelative, typeOnly, dynamic };
  };
  return [
    ...[...text.matchAll(STATIC)].map(([, type, specifier = '']) => resolved(specifier, type !== undefined, false)),
    ...[...text.matchAll(DYNAMIC)].map(([, specifier = '']) => resolved(specifier, false, true)),
  ];
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
