import { responseText, takeRequest } from './http-text.ts';
import type { ByteStream, Listener, ServedRequest } from './listener.ts';

const REQUEST_LINE = /^[A-Z]+ \S+ HTTP\/\d\.\d\r?$/;
/** What Go's server says to bytes that are no HTTP. */
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request';

/** Takes over a connection whose client asks for another protocol, with what it has sent since; resolves when that is over. */
export type Upgrade = (request: ServedRequest, connection: ByteStream) => Promise<void>;

/**
 * Serves HTTP over a connection of bytes, until it is to be closed.
 *
 * @param upgrade absent for a server that answers all requests itself
 */
export async function serveHttpStream(http: Listener['http'], connection: ByteStream, upgrade?: Upgrade): Promise<void> {
  const { input, output, from, signal } = connection;
  const pieces = input[Symbol.asyncIterator]();
  let text = '';
  try {
    for (let piece = await pieces.next(); !piece.done; piece = await pieces.next()) {
      text += piece.value;
      for (let taken = takeRequest(text); taken; taken = takeRequest(text)) {
        text = taken.rest;
        const { keepAlive, ...request } = taken.request;
        const asked: ServedRequest = { ...request, from, host: request.headers.host ?? '', signal };
        if (upgrade && isUpgrade(asked)) return await upgrade(asked, { ...connection, input: following(text, pieces) });
        const answer = await http(asked);
        output(responseText(answer, { keepAlive, isHead: request.method === 'HEAD' }));
        if (!keepAlive) return;
      }
      if (isNoHttp(text)) return output(BAD_REQUEST);
    }
  } finally {
    await pieces.return?.();
  }
}

const isUpgrade = ({ headers }: ServedRequest): boolean =>
  headers.upgrade !== undefined && /(^|,)\s*upgrade\s*(,|$)/i.test(headers.connection ?? '');

/** What was read already, and what comes then. */
async function* following(text: string, pieces: AsyncIterator<string>): AsyncGenerator<string> {
  if (text !== '') yield text;
  for (let piece = await pieces.next(); !piece.done; piece = await pieces.next()) yield piece.value;
}

function isNoHttp(text: string): boolean {
  const end = text.indexOf('\n');
  return end >= 0 && !REQUEST_LINE.test(text.slice(0, end));
}
