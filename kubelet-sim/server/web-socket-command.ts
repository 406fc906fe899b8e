import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../../runtime/index.ts';
import { Feed } from './feed.ts';
import { piecesOf } from './messages.ts';
import { type RemoteCommand, runCommand } from './remote-command.ts';

/** Channels of the protocols, the first byte of every message. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** While more than this waits to be read by the other side, a connection is broken off. */
const UNSENT_BYTES_MAX = 256 * 1024 * 1024;
/** While more than this waits to be read by us, nothing is taken from the connection. */
const UNREAD_BYTES_MAX = 1024 * 1024;

/** How messages are written: as bytes, or as text with the channel's digit and base64. */
interface Codec {
  readonly encode: (channel: number, data: Buffer) => Buffer | string;
  readonly decode: (message: Buffer) => readonly [channel: number, data: Buffer];
}

const BINARY: Codec = {
  encode: (channel, data) => Buffer.concat([Buffer.from([channel]), data]),
  decode: (message) => [message[0] ?? CHANNEL.close, message.subarray(1)],
};

const BASE64: Codec = {
  encode: (channel, data) => `${channel}${data.toString('base64')}`,
  decode: (message) => [(message[0] ?? 0) - 0x30, Buffer.from(message.toString('latin1', 1), 'base64')],
};

interface Protocol {
  readonly codec: Codec;
  readonly hasStatus: boolean;
  readonly hasClose?: boolean;
}

/** Protocols spoken, newest first: from v4 on the end is told as a Status, in v5 a client can say that standard input has ended. */
export const COMMAND_PROTOCOLS: ReadonlyMap<string, Protocol> = new Map<string, Protocol>([
  ['v5.channel.k8s.io', { codec: BINARY, hasStatus: true, hasClose: true }],
  ['v4.channel.k8s.io', { codec: BINARY, hasStatus: true }],
  ['v4.base64.channel.k8s.io', { codec: BASE64, hasStatus: true }],
  ['channel.k8s.io', { codec: BINARY, hasStatus: false }],
  ['base64.channel.k8s.io', { codec: BASE64, hasStatus: false }],
]);

/**
 * A command begins this late; a runtime needs longer to start a process. Clients of before 1.34 read while they still make their streams,
 * and lose what comes for one that is not there yet (mended in kubernetes/kubernetes#131203).
 */
const START_MILLISECONDS = 4;

/** Runs a command over a WebSocket (KEP 4006; upstream `pkg/kubelet/cri-streaming/remotecommand/websocket.go`). */
export async function runOverWebSocket(client: WebSocket, command: RemoteCommand, clock: Clock): Promise<void> {
  const { codec, hasStatus, hasClose } = COMMAND_PROTOCOLS.get(client.protocol) ?? { codec: BINARY, hasStatus: false };
  const abort = new AbortController();
  const stdin = new Feed();
  const resizes = new Feed();
  stdin.onTaken = () => {
    if (client.isPaused && stdin.size <= UNREAD_BYTES_MAX) client.resume();
  };
  client.on('message', (message: RawData) => {
    const [channel, data] = codec.decode(bytesOf(message));
    if (channel === CHANNEL.stdin) stdin.push(data);
    else if (channel === CHANNEL.resize) resizes.push(data);
    else if (hasClose && channel === CHANNEL.close && data[0] === CHANNEL.stdin) stdin.end();
    if (stdin.size > UNREAD_BYTES_MAX) client.pause();
  });
  client.on('close', () => {
    abort.abort(new Error('the client went away'));
    stdin.end();
    resizes.end();
  });
  await clock.sleep(START_MILLISECONDS, abort.signal);
  const send = (channel: number, data: Buffer) => {
    client.send(codec.encode(channel, data));
    if (client.bufferedAmount > UNSENT_BYTES_MAX) client.terminate();
  };
  // Clients learn from an empty message on the first channel that they read that they are connected.
  const { stdout, stderr, tty } = command.options;
  send(stdout ? CHANNEL.stdout : stderr && !tty ? CHANNEL.stderr : CHANNEL.error, Buffer.alloc(0));
  const outcome = await runCommand(command, {
    stdin,
    resizes,
    signal: abort.signal,
    output: (stream, chunk) => {
      for (const piece of piecesOf(chunk)) send(CHANNEL[stream], piece);
    },
  });
  if (hasStatus) send(CHANNEL.error, Buffer.from(JSON.stringify(outcome.status)));
  else if (outcome.error !== undefined) send(CHANNEL.error, Buffer.from(outcome.error));
  client.close(1000);
}

export const bytesOf = (data: RawData): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data);
