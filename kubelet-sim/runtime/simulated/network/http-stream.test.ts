import { expect, test } from 'vitest';
import { serveHttpStream, type Upgrade } from './http-stream.ts';
import type { ServedRequest } from './listener.ts';

/** What a server says on a connection on which these pieces arrive. */
async function talk(pieces: readonly string[], upgrade?: Upgrade): Promise<{ said: string; asked: ServedRequest[] }> {
  const asked: ServedRequest[] = [];
  let said = '';
  async function* input() {
    for (const piece of pieces) yield await Promise.resolve(piece);
  }
  const http = (request: ServedRequest) => {
    asked.push(request);
    return Promise.resolve({ status: 503, reason: 'Service Temporarily Unavailable', headers: { 'set-cookie': 'a=1\nb=2' }, body: 'no' });
  };
  const output = (text: string) => {
    said += text;
  };
  await serveHttpStream(http, { from: '10.0.0.1', input: input(), output, signal: new AbortController().signal }, upgrade);
  return { said, asked };
}

test('a body in chunks is put together, wherever it is cut, and the next request follows', async () => {
  const text =
    'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n';
  for (const cut of [20, 70, 75, 95]) {
    const { asked } = await talk([text.slice(0, cut), text.slice(cut)]);
    expect(asked.map(({ method, path, body }) => `${method} ${path} ${body}`)).toEqual(['POST /a hello world', 'GET /b ']);
  }
});

test('a header that is there twice is written twice, and a server has its own words for a status', async () => {
  const { said } = await talk(['GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n']);
  expect(said).toBe(
    'HTTP/1.1 503 Service Temporarily Unavailable\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno',
  );
});

test('a connection that is upgraded is handed over, with what came along and what comes then', async () => {
  const heard: string[] = [];
  const upgrade: Upgrade = async ({ path, headers }, { input, output }) => {
    heard.push(`${path} ${headers.upgrade}`);
    output('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    for await (const piece of input) heard.push(piece);
  };
  const request = 'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n';
  const { said, asked } = await talk([`${request}early`, 'late'], upgrade);
  expect([heard, asked, said]).toEqual([['/ws websocket', 'early', 'late'], [], 'HTTP/1.1 101 Switching Protocols\r\n\r\n']);
  expect((await talk([request])).asked.length).toBe(1); // who knows no other protocol answers
});
