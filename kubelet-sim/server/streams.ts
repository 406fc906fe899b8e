import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { OutputStream, ProcessStreams } from '../runtime/cri.ts';

/** Channels of the remote-command protocols, the first byte of every message. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Protocols spoken, newest first; v5 can also say that standard input has ended. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/** Which streams a client asked for. */
export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Does the work behind a connection; resolves with the exit code, or with undefined when there is none. */
export type StreamWork = (streams: ProcessStreams, signal: AbortSignal) => Promise<number | undefined>;

/** Turns upgrade requests into streams of a process, as a kubelet does for exec and attach. */
export class StreamServer {
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });

  /** Takes over an upgrade request. */
  serve(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    connection: { readonly options: StreamOptions; readonly work: StreamWork },
  ): void {
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      run(client, connection.options, connection.work).catch(() => client.terminate());
    });
  }

  close(): void {
    for (const client of this.#sockets.clients) client.terminate();
    this.#sockets.close();
  }
}

async function run(client: WebSocket, options: StreamOptions, work: StreamWork): Promise<void> {
  const abort = new AbortController();
  const stdin = new Feed<Buffer>();
  const resizes = new Feed<{ width: number; height: number }>();
  client.on('message', (data) => receive(bytesOf(data), { stdin, resizes }));
  client.on('close', () => {
    abort.abort(new Error('the client went away'));
    stdin.end();
    resizes.end();
  });
  const streams: ProcessStreams = {
    ...(options.stdin ? { stdin } : {}),
    resizes,
    output: (stream, chunk) => {
      const channel = channelOf(stream, options);
      if (channel !== undefined) client.send(Buffer.concat([Buffer.from([channel]), chunk]));
    },
  };
  for (const channel of [CHANNEL.stdout, CHANNEL.stderr]) client.send(Buffer.from([channel]));
  const status = await work(streams, abort.signal).then(exitStatus, (error: unknown) =>
    failure(error instanceof Error ? error.message : String(error)),
  );
  client.send(Buffer.concat([Buffer.from([CHANNEL.error]), Buffer.from(JSON.stringify(status))]));
  client.close(1000);
}

/** With a terminal there is one output. */
function channelOf(stream: OutputStream, options: StreamOptions): number | undefined {
  if (stream === 'stdout' || options.tty) return options.stdout ? CHANNEL.stdout : undefined;
  return options.stderr ? CHANNEL.stderr : undefined;
}

function receive(message: Buffer, { stdin, resizes }: { stdin: Feed<Buffer>; resizes: Feed<{ width: number; height: number }> }): void {
  const [channel, subject] = message;
  if (channel === CHANNEL.stdin) stdin.push(message.subarray(1));
  else if (channel === CHANNEL.close && subject === CHANNEL.stdin) stdin.end();
  else if (channel === CHANNEL.resize) {
    const size = /"Width":(\d+),"Height":(\d+)/.exec(message.toString('utf8', 1));
    if (size) resizes.push({ width: Number(size[1]), height: Number(size[2]) });
  }
}

const bytesOf = (data: RawData): Buffer => (Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data));

function exitStatus(exitCode: number | undefined): object {
  if (!exitCode) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: command terminated with exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

const failure = (message: string): object => ({
  metadata: {},
  status: 'Failure',
  message: `error executing command in container: ${message}`,
  reason: 'InternalError',
  details: { causes: [{ message }] },
  code: 500,
});

/** A queue that one side pushes into and the other iterates. */
export class Feed<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  push(item: T): void {
    if (this.#ended) return;
    this.#items.push(item);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
