import type { Exchange, Reply } from './exchange.ts';
import { statOf } from './served-paths.ts';
import { escapeUri } from './uri.ts';

const NAME_COLUMNS = 50;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

interface Entry {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly size: number;
  readonly mtime: number;
}

const LIST = { status: 200, headers: [], isChunked: true } as const;

/** A list of what is in a directory (`ngx_http_autoindex_module`). */
export async function directoryPage(exchange: Exchange, directory: string): Promise<Reply> {
  const { process, scope } = exchange;
  const names = await (await process.files()).readdir(directory);
  const entries = await Promise.all(
    names
      .filter((name) => !name.startsWith('.'))
      .map(async (name): Promise<Entry[]> => {
        const stat = await statOf(process, `${directory}${name}`);
        return stat ? [{ name, isDirectory: stat.isDirectory, size: stat.size, mtime: stat.mtime }] : [];
      }),
  );
  const sorted = entries.flat().sort((a, b) => Number(b.isDirectory) - Number(a.isDirectory) || (a.name < b.name ? -1 : 1));
  if (scope.text('autoindex_format') === 'json') return { ...LIST, body: jsonOf(sorted), type: 'application/json' };
  return { ...LIST, body: htmlOf(exchange, sorted), type: 'text/html' };
}

function htmlOf({ uri, scope }: Exchange, entries: readonly Entry[]): string {
  const title = `Index of ${escapeHtml(uri)}`;
  const isExact = scope.isOn('autoindex_exact_size', true);
  const lines = entries.map(({ name, isDirectory, size, mtime }) => {
    const shown = isDirectory ? `${name}/` : name;
    const text = shown.length > NAME_COLUMNS ? `${escapeHtml(shown.slice(0, NAME_COLUMNS - 3))}..&gt;` : escapeHtml(shown);
    const gap = ' '.repeat(Math.max(0, NAME_COLUMNS - Math.min(shown.length, NAME_COLUMNS)));
    const bytes = isDirectory ? '-' : isExact ? String(size) : shortSize(size);
    const href = escapeUri(name).replaceAll(':', '%3A');
    return `<a href="${href}${isDirectory ? '/' : ''}">${text}</a>${gap} ${dateOf(mtime)} ${bytes.padStart(isExact ? 19 : 7)}\r\n`;
  });
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<h1>${title}</h1><hr><pre><a href="../">../</a>\r\n${lines.join('')}</pre><hr></body>\r\n</html>\r\n`;
}

function dateOf(mtime: number): string {
  const date = new Date(mtime).toISOString();
  return `${date.slice(8, 10)}-${MONTHS[Number(date.slice(5, 7)) - 1]}-${date.slice(0, 4)} ${date.slice(11, 16)}`;
}

function shortSize(size: number): string {
  if (size > 1024 ** 3 - 1) return `${Math.round(size / 1024 ** 3)}G`;
  if (size > 1024 ** 2 - 1) return `${Math.round(size / 1024 ** 2)}M`;
  return size > 9999 ? `${Math.round(size / 1024)}K` : String(size);
}

const escapeHtml = (text: string): string =>
  text.replace(/[<>&"]/g, (char) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' })[char] ?? char);

function jsonOf(entries: readonly Entry[]): string {
  const lines = entries.map(({ name, isDirectory, size, mtime }) => {
    const text = JSON.stringify(name);
    const type = isDirectory ? 'directory' : 'file';
    const bytes = isDirectory ? '' : `, "size":${size}`;
    return `{ "name":${text}, "type":"${type}", "mtime":"${new Date(mtime).toUTCString()}"${bytes} }`;
  });
  return `[\r\n${lines.join(',\r\n')}\r\n]`;
}
