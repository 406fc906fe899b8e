import type { SimulatedContainer } from '../container.ts';
import type { ServerFacts } from '../image-catalog.ts';
import { reasonOf } from './http-text.ts';

/** A file as a web server hands it out. */
interface ServedFile {
  readonly status: number;
  readonly type: string;
  /** A byte string. */
  readonly body: string;
}

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css',
  gif: 'image/gif',
  htm: 'text/html',
  html: 'text/html',
  ico: 'image/x-icon',
  jpg: 'image/jpeg',
  js: 'application/javascript',
  json: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  xml: 'text/xml',
};

/** What is at a path below a server's directory; of an image's own files nothing is copied to answer. */
export async function serveFile(container: SimulatedContainer, facts: ServerFacts, path: string): Promise<ServedFile> {
  const clean = decodeURIComponent(path.replace(/[?#].*$/, ''));
  const file = `${facts.docroot}${clean.endsWith('/') ? `${clean}index.html` : clean}`;
  const preset = container.image.files[file];
  if (preset !== undefined && !container.hasFiles && !container.isMounted(file))
    return { status: 200, type: typeOf(file), body: Buffer.from(preset).toString('latin1') };
  const files = await container.files();
  const stat = await files.stat(file).catch(() => undefined);
  if (stat?.type === 'directory') return errorPage(301, facts);
  const content = stat && (await files.readFile(file).catch(() => undefined));
  if (content) return { status: 200, type: typeOf(file), body: content.toString('latin1') };
  const isDirectory = clean.endsWith('/') && (await files.exists(`${facts.docroot}${clean}`));
  return errorPage(stat || isDirectory ? 403 : 404, facts);
}

const typeOf = (path: string): string => TYPES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream';

/** As nginx writes it. */
function errorPage(status: number, { serverName }: ServerFacts): ServedFile {
  const title = `${status} ${reasonOf(status)}`;
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>${serverName || 'httpd'}</center>\r\n</body>\r\n</html>\r\n`;
  return { status, type: 'text/html', body };
}
