// Pages that come through a proxy: what in them leads to the server itself has to lead through the proxy (upstream
// `apimachinery/pkg/util/proxy/transport.go`).
import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { deflateRaw, gunzip, gzip, inflateRaw } from 'node:zlib';

/** How a request is led through the proxy. */
export interface ProxyPaths {
  /** Path of the request, as the client sent it. */
  readonly requested: string;
  /** What of it the server behind is asked for. */
  readonly behind: string;
  /** The client's name for us. */
  readonly host: string;
}

/** Attributes that are links, by their element. */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

/** Comments and the text of scripts are left alone. */
const TAG = /<!--[\s\S]*?-->|<([a-z][a-z0-9]*)(\s[^>]*)?>(?:(?<=<(?:script|style|textarea|title)\b[^>]*>)[\s\S]*?(?=<\/\1))?/gi;
const ATTRIBUTE = /([^\s=/>"']+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/g;

/** Where an answer's links have to lead: the part of the requested path before what was asked of the server behind. */
export function prefixOf({ requested, behind }: ProxyPaths): string {
  const suffix = requested.endsWith('/') && !behind.endsWith('/') ? `${behind}/` : behind;
  return suffix !== '' && requested.endsWith(suffix) ? requested.slice(0, -suffix.length) : requested;
}

/** A link through the proxy, when it is to the server behind and begins at its root. */
export function rewriteLink(link: string, paths: ProxyPaths): string {
  const [, scheme = '', host = '', path = ''] = /^([a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?(.*)$/is.exec(link) ?? [];
  if ((host !== '' && host !== paths.host) || (scheme !== '' && host === '') || !path.startsWith('/')) return link;
  const prefix = prefixOf(paths);
  const through = path.startsWith(prefix) ? path : prefix + path;
  return host === '' ? through : `${scheme}//${host}${through}`;
}

/** A page whose links lead through the proxy. */
export const rewritePage = (page: string, paths: ProxyPaths): string =>
  page.replace(TAG, (whole, element: string | undefined, attributes: string | undefined) => {
    const links = LINKS[(element ?? '').toLowerCase()];
    if (!links || !attributes) return whole;
    const start = 1 + (element?.length ?? 0);
    const rewritten = attributes.replace(ATTRIBUTE, (pair, name: string, equals: string, value: string) => {
      if (!links.includes(name.toLowerCase())) return pair;
      const bare = /^["']/.test(value) ? value.slice(1, -1) : value;
      return `${name}${equals}"${rewriteLink(bare, paths)}"`;
    });
    return whole.slice(0, start) + rewritten + whole.slice(start + attributes.length);
  });

/** Whether an answer is a page whose links can be read. */
export const isPage = (headers: IncomingHttpHeaders): boolean =>
  (headers['content-type'] ?? '').split(';')[0]?.trim() === 'text/html' && (headers['content-encoding'] ?? '') in CODINGS;

type Coding = (bytes: Buffer) => Promise<Buffer>;
const same: Coding = (bytes) => Promise.resolve(bytes);
const CODINGS: Readonly<Record<string, readonly [decode: Coding, encode: Coding]>> = {
  '': [same, same],
  gzip: [promisify<Buffer, Buffer>(gunzip), promisify<Buffer, Buffer>(gzip)],
  deflate: [promisify<Buffer, Buffer>(inflateRaw), promisify<Buffer, Buffer>(deflateRaw)],
};

/** The bytes of a page, whatever their encoding, with links through the proxy. */
export async function rewriteBytes(bytes: Buffer, encoding: string, paths: ProxyPaths): Promise<Buffer> {
  const [decode, encode] = CODINGS[encoding] ?? [same, same];
  return await encode(Buffer.from(rewritePage((await decode(bytes)).toString('latin1'), paths), 'latin1'));
}
