import type { RawData, WebSocket } from 'ws';
import { Feed } from './feed.ts';
import { piecesOf } from './messages.ts';
import type { SpdyConnection, SpdyStream } from './spdy/connection.ts';
import { bytesOf } from './web-socket-command.ts';

export const PORT_FORWARD_PROTOCOL = 'portforward.k8s.io';
/** Names under which SPDY frames come as messages of a WebSocket (KEP 4006); the second is that of its alpha. */
export const TUNNEL_PROTOCOLS = ['SPDY/3.1+portforward.k8s.io', 'v2.portforward.k8s.io'] as const;
/** What clients without SPDY speak: two channels for each port, one for bytes and one for an error. */
export const CHANNEL_PROTOCOLS = ['v4.channel.k8s.io'] as const;

/** Streams that wait for their pair. */
const HALVES_MAX = 1000;

/** Joins a client's bytes with a port of a pod; resolves when either side has ended. @throws an error that clients are shown. */
export type Forward = (port: number, input: AsyncIterable<Buffer>, output: (chunk: Buffer) => void) => Promise<void>;

/**
 * Forwards connections over SPDY: each is a stream for its bytes and one for an error, of one request ID (upstream
 * `pkg/kubelet/cri-streaming/portforward/httpstream.go`).
 */
export function forwardOverSpdy(open: (onStream: (stream: SpdyStream) => void) => SpdyConnection, forward: Forward): void {
  const halves = new Map<string, SpdyStream>();
  open((stream) => {
    const { headers } = stream;
    const type = headers.get('streamtype');
    const key = headers.get('requestid') ?? headers.get('port') ?? '';
    const port = Number(headers.get('port'));
    if ((type !== 'error' && type !== 'data') || !Number.isInteger(port) || halves.size > HALVES_MAX) return stream.reset();
    const other = halves.get(key);
    if (!other) return void halves.set(key, stream);
    halves.delete(key);
    const [data, error] = type === 'data' ? [stream, other] : [other, stream];
    forward(port, data.input, (chunk) => data.write(chunk))
      .catch((cause: unknown) => error.write(Buffer.from(cause instanceof Error ? cause.message : String(cause))))
      .finally(() => {
        data.end();
        error.end();
      });
  });
}

/** Forwards one connection to each of some ports over a WebSocket's channels (upstream `portforward/websocket.go`). */
export async function forwardOverChannels(client: WebSocket, ports: readonly number[], forward: Forward): Promise<void> {
  const feeds = ports.map(() => new Feed());
  client.on('message', (message: RawData) => {
    const bytes = bytesOf(message);
    const channel = bytes[0] ?? 0;
    if (channel % 2 === 0) feeds[channel / 2]?.push(bytes.subarray(1));
  });
  client.on('close', () => {
    for (const feed of feeds) feed.end();
  });
  const send = (channel: number, data: Buffer) => {
    if (client.readyState === client.OPEN) client.send(Buffer.concat([Buffer.from([channel]), data]));
  };
  const connections = ports.map(async (port, i) => {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    for (const channel of [2 * i, 2 * i + 1]) send(channel, number);
    try {
      await forward(port, feeds[i] ?? new Feed(), (chunk) => {
        for (const piece of piecesOf(chunk)) send(2 * i, piece);
      });
    } catch (error) {
      send(2 * i + 1, Buffer.from(error instanceof Error ? error.message : String(error)));
    }
  });
  await Promise.all(connections);
  client.close(1000);
}
