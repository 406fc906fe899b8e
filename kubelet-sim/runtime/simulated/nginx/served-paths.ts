import { may } from '../files/permissions.ts';
import { FileError } from '../files/tree.ts';
import type { ProcessContext } from '../program.ts';
import type { Exchange } from './exchange.ts';
import { templateOf } from './templates.ts';
import { valueFor } from './variables.ts';

/** A file or directory as it is served. */
export interface ServedStat {
  readonly isDirectory: boolean;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
}

/** What is at a path; undefined when nothing is. */
export async function statOf(process: ProcessContext, path: string): Promise<ServedStat | undefined> {
  const found = await lookAt(process, path);
  return found instanceof FileError ? undefined : found;
}

/** What is at a path, or why nothing is. Of an image's own files nothing is copied to answer. */
export async function lookAt(process: ProcessContext, path: string): Promise<ServedStat | FileError> {
  const own = process.imageFile(path);
  if (own !== undefined) return { isDirectory: false, size: Buffer.byteLength(own), mode: 0o644, mtime: process.image.builtAt };
  try {
    const { type, size, mode, mtime } = await (await process.files()).stat(path);
    return { isDirectory: type === 'directory', size, mode, mtime };
  } catch (error) {
    if (error instanceof FileError) return error;
    throw error;
  }
}

/** A file that the workers may read, as a byte string. @throws FileError */
export async function readServed(process: ProcessContext, path: string): Promise<string> {
  const own = process.imageFile(path);
  if (own !== undefined) return Buffer.from(own).toString('latin1');
  const files = await process.files();
  const worker = process.image.worker?.uid ?? process.user.uid;
  const reader = process.user.uid === 0 ? { ...process.user, uid: worker, gid: worker, supplementalGroups: [] } : process.user;
  const node = await files.nodeAt(path);
  if (!may(reader, 'read', node)) throw new FileError('EACCES', path);
  return (await files.readFile(path)).toString('latin1');
}

/** Where the files of a request are (`ngx_http_map_uri_to_path`). */
export function pathOf(exchange: Exchange, uri = exchange.uri): string {
  const { scope, config } = exchange;
  const directive = scope.all('root', 'alias').at(-1);
  if (!directive) return `${config.prefix}/html${uri}`;
  const base = templateOf(directive).fill((name) => valueFor(exchange, name));
  const directory = base.startsWith('/') ? base : `${config.prefix}/${base}`;
  exchange.realRoot = directory;
  if (directive.name === 'root') return `${directory.replace(/\/$/, '')}${uri}`;
  return directive.args[0]?.includes('$') ? directory : `${directory}${uri.slice(exchange.prefix.length)}`;
}
