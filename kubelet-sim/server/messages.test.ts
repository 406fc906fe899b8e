import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import type { Forward } from './port-forward.ts';
import { StreamServer } from './streams.ts';

/** A connection that takes its time: what is written meanwhile goes out at once, as Node's does. */
class Connection extends Duplex {
  readonly writes: Buffer[] = [];

  override _read(): void {
    // Nothing comes.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk);
    setImmediate(done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: () => void): void {
    this.writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk)));
    setImmediate(done);
  }
}

/** The payloads of a server's frames, and where in the bytes each frame begins. */
function framesIn(bytes: Buffer): { readonly at: number; readonly payload: Buffer }[] {
  const frames: { at: number; payload: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes.readUInt8(at + 1);
    const [length, head] =
      short < 126 ? [short, 2] : short === 126 ? [bytes.readUInt16BE(at + 2), 4] : [Number(bytes.readBigUInt64BE(at + 2)), 10];
    frames.push({ at, payload: bytes.subarray(at + head, at + head + length) });
    at += head + length;
  }
  return frames;
}

test('each message of a WebSocket is written by itself, and has no more than 32 KiB of a stream', async () => {
  const server = new StreamServer({ clock: systemClock, logger: silentLogger });
  const socket = new Connection();
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    'sec-websocket-version': '13',
    'sec-websocket-protocol': 'v4.channel.k8s.io',
  };
  const forward: Forward = (port, _input, output) => {
    if (port === 80) output(Buffer.alloc(100_000, 'x'));
    return Promise.resolve();
  };
  const request = { method: 'GET', headers } as Partial<IncomingMessage> as IncomingMessage;
  server.serve({ request, socket, head: Buffer.alloc(0) }, { forward, ports: [80, 81] });
  const [answer, ...rest] = await expect
    .poll(() =>
      framesIn(Buffer.concat(socket.writes.slice(1))).some(({ payload }) => payload.length === 2 && payload.readUInt16BE() === 1000)
        ? socket.writes
        : undefined,
    )
    .toBeDefined()
    .then(() => socket.writes);
  expect(answer?.toString()).toMatch(/^HTTP\/1.1 101 [\s\S]*\r\n\r\n$/);
  const beginnings = new Set<number>([0]);
  let sent = 0;
  for (const write of rest) {
    sent += write.length;
    beginnings.add(sent);
  }
  const frames = framesIn(Buffer.concat(rest));
  expect(frames.filter(({ at }) => !beginnings.has(at))).toEqual([]);
  expect(frames.map(({ payload }) => payload.length)).toEqual([3, 3, 32_769, 32_769, 32_769, 1 + 100_000 - 3 * 32_768, 3, 3, 2]);
  server.close();
});
