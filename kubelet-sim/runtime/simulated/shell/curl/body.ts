import { nameOf, normalizePath } from '../../files/tree.ts';
import { stdinOf } from '../io.ts';
import type { CommandContext } from '../shell-context.ts';
import { BadCommandLine, type CurlOptions, unusable } from './options.ts';

const READ_ERROR = 26;
const BOUNDARY_DASHES = 24;
/** What files are by their names. Upstream: `lib/mime.c` (Curl_mime_contenttype). */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['gif', 'image/gif'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['png', 'image/png'],
  ['svg', 'image/svg+xml'],
  ['txt', 'text/plain'],
  ['htm', 'text/html'],
  ['html', 'text/html'],
  ['pdf', 'application/pdf'],
  ['xml', 'application/xml'],
]);

/** What a request carries, and what that makes of it. */
export interface Body {
  readonly method: 'POST' | 'PUT';
  /** A byte string. */
  readonly content: string;
  readonly type?: string | undefined;
  /** The name of an uploaded file, which goes behind a URL that ends with a slash. */
  readonly fileName?: string | undefined;
}

/**
 * The data of `-d` and its like, joined; those of `--json` have nothing between them. With `-G` they are the URL's.
 *
 * @throws BadCommandLine about a file that cannot be read
 */
export async function dataOf(context: CommandContext, options: CurlOptions): Promise<string | undefined> {
  let data: string | undefined;
  for (const { name, value } of options.all('data', 'data-raw', 'data-binary', 'data-urlencode', 'json')) {
    const part = await dataPart(context, name, value);
    data = data === undefined ? part : `${data}${name === 'json' ? '' : '&'}${part}`;
  }
  return data;
}

/** What follows a URL's question mark besides its own: `-G` with its data, `--url-query`. */
export async function queryOf(context: CommandContext, options: CurlOptions): Promise<string> {
  const parts = options.is('get') ? [(await dataOf(context, options)) ?? ''] : [];
  for (const value of options.values('url-query'))
    parts.push(value.startsWith('+') ? value.slice(1) : await dataPart(context, 'data-urlencode', value));
  return parts.filter((part) => part !== '').join('&');
}

/** @returns undefined for a request without one @throws BadCommandLine */
export async function bodyOf(context: CommandContext, options: CurlOptions): Promise<Body | undefined> {
  const upload = options.value('upload-file');
  if (upload !== undefined) {
    const content = await fileAt(context, upload, '-T');
    return { method: 'PUT', content, fileName: upload === '-' ? undefined : nameOf(upload) };
  }
  if (options.all('form', 'form-string').length > 0) return await formOf(context, options);
  const content = options.is('get') ? undefined : await dataOf(context, options);
  if (content === undefined) return undefined;
  return { method: 'POST', content, type: options.all('json').length > 0 ? 'application/json' : 'application/x-www-form-urlencoded' };
}

async function dataPart(context: CommandContext, name: string, value: string): Promise<string> {
  if (name === 'data-urlencode') return await encodedPart(context, value);
  if (name === 'data-raw' || !value.startsWith('@')) return value;
  const text = await fileAt(context, value.slice(1), name === 'data' ? '-d' : `--${name}`);
  return name === 'data' ? text.replace(/[\r\n\0]/g, '') : text;
}

/** `CONTENT`, `=CONTENT`, `NAME=CONTENT`, `@FILE` or `NAME@FILE`. */
async function encodedPart(context: CommandContext, value: string): Promise<string> {
  const at = value.search(/[=@]/);
  if (at < 0) return percentEncoded(value);
  const content = value.charAt(at) === '=' ? value.slice(at + 1) : await fileAt(context, value.slice(at + 1), '--data-urlencode');
  return `${at === 0 ? '' : `${value.slice(0, at)}=`}${percentEncoded(content)}`;
}

const percentEncoded = (text: string): string =>
  text.replace(/[^A-Za-z0-9._~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

async function fileAt({ fds, host, state }: CommandContext, name: string, option: string): Promise<string> {
  if (name === '-') return await stdinOf(fds).readAll();
  try {
    return (await (await host.files()).readFile(normalizePath(name, state.cwd))).toString('latin1');
  } catch {
    const { message, code } = unusable(option, 'error encountered when reading a file', READ_ERROR);
    throw new BadCommandLine(`curl: Failed to open ${name}\n${message}`, code);
  }
}

/** The parts of a form (RFC 7578), as curl writes them. */
async function formOf(context: CommandContext, options: CurlOptions): Promise<Body> {
  const { random } = context.host.process;
  const boundary = `${'-'.repeat(BOUNDARY_DASHES)}${Array.from({ length: 22 }, () => random.integer(36).toString(36)).join('')}`;
  const parts: string[] = [];
  for (const { name: option, value } of options.all('form', 'form-string')) {
    const [name = '', content = ''] = value.split(/=(.*)/s);
    const head = `Content-Disposition: form-data; name="${name}"`;
    parts.push(option === 'form-string' ? `${head}\r\n\r\n${content}` : await formPart(context, head, content));
  }
  const content = `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`;
  return { method: 'POST', content, type: `multipart/form-data; boundary=${boundary}` };
}

/** `CONTENT`, `@FILE` or `<FILE`, with `;type=` and `;filename=` behind them. */
async function formPart(context: CommandContext, head: string, value: string): Promise<string> {
  const { content, type, fileName } = formWords(value);
  if (!/^[@<]/.test(value)) return partText(head, fileName, type, content);
  const file = content.slice(1);
  const text = await partFile(context, file);
  if (value.startsWith('<')) return partText(head, fileName, type, text);
  const name = fileName ?? nameOf(file);
  const usual = TYPES.get(/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '') ?? 'application/octet-stream';
  return partText(head, name, type ?? usual, text);
}

const partText = (head: string, fileName: string | undefined, type: string | undefined, text: string): string =>
  `${head}${fileName === undefined ? '' : `; filename="${fileName}"`}${type === undefined ? '' : `\r\nContent-Type: ${type}`}\r\n\r\n${text}`;

/** A semicolon that none of its words follows belongs to the text. */
function formWords(value: string): {
  readonly content: string;
  readonly type?: string | undefined;
  readonly fileName?: string | undefined;
} {
  const [content = '', ...words] = value.split(';');
  const given = new Map(
    words.map((word): [string, string] => {
      const [name = '', text = ''] = word.trim().split(/=(.*)/s);
      return [name, text.replace(/^"(.*)"$/, '$1')];
    }),
  );
  const isKnown = [...given.keys()].every((name) => name === 'type' || name === 'filename');
  return isKnown ? { content, type: given.get('type'), fileName: given.get('filename') } : { content: value };
}

async function partFile(context: CommandContext, name: string): Promise<string> {
  try {
    return await fileAt(context, name, '-F');
  } catch (error) {
    if (!(error instanceof BadCommandLine)) throw error;
    throw new BadCommandLine(`curl: (${READ_ERROR}) Failed to open/read local data from file/application`, READ_ERROR);
  }
}
