/** One block of PEM. */
export interface PemBlock {
  /** What stands after BEGIN, such as `CERTIFICATE REQUEST`. */
  readonly type: string;
  readonly hasHeaders: boolean;
  readonly bytes: Buffer;
  /** What comes after it. */
  readonly rest: string;
}

const BEGIN = /(?:^|\n)-----BEGIN ([^\n]*)/g;
const LINE_END = /[ \t]*\r?$/;
const DASHES = '-----';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The first block that is whole, whatever stands around it; undefined when there is none. Go's `encoding/pem`, which decides what
 * Kubernetes takes for a certificate or a request.
 */
export function decodePem(text: string): PemBlock | undefined {
  for (const begin of text.matchAll(BEGIN)) {
    const line = (begin[1] ?? '').replace(LINE_END, '');
    if (!line.endsWith(DASHES)) continue;
    const block = blockOf(line.slice(0, -DASHES.length), text.slice(begin.index + begin[0].length));
    if (block) return block;
  }
  return undefined;
}

/** @param after the text from the end of the BEGIN line on. */
function blockOf(type: string, after: string): PemBlock | undefined {
  let body = after;
  for (let header = HEADER.exec(body); header; header = HEADER.exec(body)) body = body.slice(header[0].length);
  const mark = `\n${DASHES}END `;
  const end = body.indexOf(mark);
  if (end < 0) return undefined;
  const [last = '', ...others] = body.slice(end + mark.length).split('\n');
  if (last.replace(LINE_END, '') !== `${type}${DASHES}`) return undefined;
  const base64 = body.slice(0, end).replace(/[ \t\r\n]/g, '');
  if (!BASE64.test(base64)) return undefined;
  return { type, hasHeaders: body !== after, bytes: Buffer.from(base64, 'base64'), rest: others.join('\n') };
}

/** A line `name: value` after a line's end, which is left for what follows. */
const HEADER = /^\n[^\n:]*:[^\n]*(?=\n)/;
