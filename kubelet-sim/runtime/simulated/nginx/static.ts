import { FileError } from '../files/tree.ts';
import { directoryPage } from './autoindex.ts';
import type { Exchange, Reply } from './exchange.ts';
import { lookAt, pathOf, readServed, statOf } from './served-paths.ts';
import { templateOf } from './templates.ts';
import { escapeUri } from './uri.ts';
import { valueFor } from './variables.ts';

/** What is to become of a request: an answer, a status of which a page is made, or another path. */
export type Outcome =
  | { readonly reply: Reply }
  | { readonly status: number; readonly headers?: Reply['headers'] | undefined }
  | { readonly goTo: string; readonly args?: string | undefined };

const ASKED: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

/** Serves files: of a directory its index, or a list of what is in it. */
export async function serveStatic(exchange: Exchange): Promise<Outcome> {
  if (!exchange.uri.endsWith('/')) return await serveFile(exchange);
  if (!ASKED.has(exchange.method)) return { status: 405 };
  return await serveDirectory(exchange);
}

const forbiddenIndex = (exchange: Exchange): Outcome => {
  exchange.log('error', `directory index of "${pathOf(exchange)}" is forbidden`);
  return { status: 403 };
};

const USUAL_INDEX: readonly string[] = ['index.html'];

async function serveDirectory(exchange: Exchange): Promise<Outcome> {
  const { scope, process, uri } = exchange;
  const given = scope.all('index');
  const valueIn = (name: string) => valueFor(exchange, name);
  const names =
    given.length === 0 ? USUAL_INDEX : given.flatMap((directive) => directive.args.map((_, i) => templateOf(directive, i).fill(valueIn)));
  const directory = pathOf(exchange);
  for (const name of names) {
    if (name.startsWith('/')) return { goTo: name, args: exchange.args };
    const stat = await statOf(process, `${directory}${name}`);
    if (stat && !stat.isDirectory) return { goTo: `${uri}${name}`, args: exchange.args };
  }
  const stat = await lookAt(process, directory);
  if (stat instanceof FileError || !stat.isDirectory) {
    const { number, reason } = stat instanceof FileError ? stat : new FileError('ENOTDIR', directory);
    exchange.log('error', `"${directory}${names[0] ?? ''}" is not found (${number}: ${reason})`);
    return { status: 404 };
  }
  if (!scope.isOn('autoindex') || exchange.method === 'POST') return forbiddenIndex(exchange);
  return { reply: await directoryPage(exchange, directory) };
}

async function serveFile(exchange: Exchange): Promise<Outcome> {
  const { process, method, scope, uri, args, config } = exchange;
  if (!ASKED.has(method)) return { status: 405 };
  const path = pathOf(exchange);
  const stat = await lookAt(process, path);
  if (stat instanceof FileError) return isAbsent(exchange, path, stat);
  if (stat.isDirectory) {
    const location = `${escapeUri(uri)}/${args === '' ? '' : `?${args}`}`;
    return { reply: { status: 301, headers: [], body: '', location } };
  }
  if (method === 'POST') return { status: 405 };
  try {
    const body = await readServed(process, path);
    const seconds = Math.floor(stat.mtime / 1000);
    const etag = `"${seconds.toString(16)}-${body.length.toString(16)}"`;
    const headers: Reply['headers'] = scope.isOn('etag', true) ? [['ETag', etag]] : [];
    return { reply: { status: 200, headers, body, type: config.typeOf(scope, uri), lastModified: seconds * 1000, hasRanges: true } };
  } catch (error) {
    if (error instanceof FileError) return isAbsent(exchange, path, error);
    throw error;
  }
}

function isAbsent(exchange: Exchange, path: string, error: FileError): Outcome {
  const isThere = error.code !== 'ENOENT' && error.code !== 'ENOTDIR';
  if (isThere || exchange.scope.isOn('log_not_found', true))
    exchange.log('error', `open() "${path}" failed (${error.number}: ${error.reason})`);
  return { status: error.code === 'EACCES' ? 403 : isThere ? 500 : 404 };
}

/** `try_files`: the first that is there; the last leads on, or is a status. */
export async function tryFiles(exchange: Exchange): Promise<Outcome | undefined> {
  const directive = exchange.scope.own('try_files')[0];
  if (!directive) return undefined;
  const valueIn = (name: string) => valueFor(exchange, name);
  const last = directive.args.length - 1;
  for (let i = 0; i < last; i++) {
    const text = templateOf(directive, i).fill(valueIn);
    if (!(await isThere(exchange, text, directive.args[i]?.endsWith('/') ?? false))) continue;
    exchange.uri = text;
    return undefined;
  }
  const end = directive.args[last] ?? '';
  if (/^=\d+$/.test(end)) return { status: Number(end.slice(1)) };
  const [uri = '', ...args] = templateOf(directive, last).fill(valueIn).split('?');
  const kept = end.startsWith('@') ? exchange.args : '';
  return { goTo: uri, args: args.length > 0 ? args.join('?') : kept };
}

async function isThere(exchange: Exchange, text: string, isDirectory: boolean): Promise<boolean> {
  const uri = isDirectory ? text.slice(0, -1) : text;
  const isPath = uri.startsWith('/') || exchange.scope.own('alias').length > 0;
  const stat = await statOf(exchange.process, pathOf(exchange, isPath ? uri : `/${uri}`));
  return stat?.isDirectory === isDirectory;
}
