import type { ServerResponse } from 'node:http';
import { type Call, nodeOf } from './call.ts';
import { NO_PAGE, RequestError } from './request-error.ts';

const ROOT = '/var/log';
const REPLACED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

/**
 * `/logs/`: what is in the node's `/var/log`, as Go's file server shows it: directories as lists of links, files as they are. Upstream:
 * `NewKubelet` (`logServer`) and `getLogs`, `pkg/kubelet`.
 *
 * @throws RequestError (404)
 */
export async function serveNodeLogs(call: Call, response: ServerResponse): Promise<void> {
  const { runtime } = nodeOf(call);
  const parts = call.segments.slice(1);
  const isAskedAsDirectory = parts.at(-1) === '';
  if (parts.some((part) => part === '..')) throw new RequestError(400, 'invalid URL path');
  const path = [ROOT, ...parts.filter((part) => part !== '')].join('/');
  const found = await runtime.readHostPath(path);
  if (!found) throw new RequestError(404, NO_PAGE);
  const isDirectory = 'names' in found;
  if (isDirectory !== isAskedAsDirectory && parts.length > 0) {
    const last = encodeURIComponent(parts.findLast((part) => part !== '') ?? '');
    response.writeHead(301, { location: isDirectory ? `${last}/` : `../${last}` }).end();
  } else if (isDirectory) {
    const lines = found.names.map((name) => `<a href="${linkTo(name)}">${escaped(name)}</a>\n`);
    response
      .setHeader('content-type', 'text/html; charset=utf-8')
      .end(`<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${lines.join('')}</pre>\n`);
  } else {
    response.setHeader('content-type', 'text/plain; charset=utf-8').setHeader('last-modified', new Date(found.mtime).toUTCString());
    response.end(found.content);
  }
}

const linkTo = (name: string): string => encodeURIComponent(name).replace(/%2F$/, '/');
const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => REPLACED[letter] ?? letter);
