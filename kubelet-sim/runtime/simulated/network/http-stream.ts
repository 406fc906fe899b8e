import { responseText, takeRequest } from './http-text.ts';
import type { ByteStream, Listener, ServedRequest } from './listener.ts';

const REQUEST_LINE = /^[A-Z]+ \S+ HTTP\/\d\.\d\r?$/;
/** What Go's server says to bytes that are no HTTP. */
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request';

/** Serves HTTP over a connection of bytes, until it is to be closed. */
export async function serveHttpStream(http: Listener['http'], { input, output, from, signal }: ByteStream): Promise<void> {
  let text = '';
  for await (const piece of input) {
    text += piece;
    for (let taken = takeRequest(text); taken; taken = takeRequest(text)) {
      text = taken.rest;
      const { keepAlive, ...request } = taken.request;
      const asked: ServedRequest = { ...request, from, host: request.headers.host ?? '', signal };
      const answer = await http(asked);
      output(responseText(answer, { keepAlive, isHead: request.method === 'HEAD' }));
      if (!keepAlive) return;
    }
    if (isNoHttp(text)) return output(BAD_REQUEST);
  }
}

function isNoHttp(text: string): boolean {
  const end = text.indexOf('\n');
  return end >= 0 && !REQUEST_LINE.test(text.slice(0, end));
}
