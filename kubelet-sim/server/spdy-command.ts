import type { Clock } from '../../runtime/index.ts';
import { Feed } from './feed.ts';
import { type RemoteCommand, runCommand, type StreamOptions } from './remote-command.ts';
import type { SpdyConnection, SpdyStream } from './spdy/connection.ts';

/** Protocols spoken, newest first: v3 brought the terminal's size, v4 a Status at the end. */
export const SPDY_COMMAND_PROTOCOLS = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'] as const;

/** How long a client may take to open the streams it asked for, as upstream. */
const STREAMS_MS_MAX = 30_000;

type Streams = ReadonlyMap<string, SpdyStream>;

/** Runs a command over SPDY/3.1, for clients before 1.31 (upstream `pkg/kubelet/cri-streaming/remotecommand/httpstream.go`). */
export async function runOverSpdy(
  open: (onStream: (stream: SpdyStream) => void) => SpdyConnection,
  command: RemoteCommand,
  { protocol, clock }: { readonly protocol: string; readonly clock: Clock },
): Promise<void> {
  const { connection, streams } = await streamsOf(open, expectedStreams(command.options, protocol), clock);
  const resizes = streams.get('resize')?.input ?? ended();
  const outcome = await runCommand(command, {
    stdin: streams.get('stdin')?.input,
    resizes,
    signal: connection.signal,
    output: (stream, chunk) => streams.get(stream)?.write(chunk),
  });
  const error = streams.get('error');
  if (protocol === 'v4.channel.k8s.io') error?.write(Buffer.from(JSON.stringify(outcome.status)));
  else if (outcome.error !== undefined) error?.write(Buffer.from(outcome.error));
  for (const name of ['stdout', 'stderr', 'error']) streams.get(name)?.end();
  connection.close();
}

function ended(): Feed {
  const feed = new Feed();
  feed.end();
  return feed;
}

function expectedStreams({ stdin, stdout, stderr, tty }: StreamOptions, protocol: string): string[] {
  const hasResize = tty && (protocol === 'v4.channel.k8s.io' || protocol === 'v3.channel.k8s.io');
  const names = { error: true, stdin, stdout, stderr: stderr && !tty, resize: hasResize };
  return Object.entries(names).flatMap(([name, wanted]) => (wanted ? [name] : []));
}

function streamsOf(
  open: (onStream: (stream: SpdyStream) => void) => SpdyConnection,
  expected: readonly string[],
  clock: Clock,
): Promise<{ connection: SpdyConnection; streams: Streams }> {
  return new Promise((resolve, reject) => {
    const streams = new Map<string, SpdyStream>();
    const connection = open((stream) => {
      streams.set(stream.headers.get('streamtype') ?? '', stream);
      if (!expected.every((name) => streams.has(name))) return;
      timer.cancel();
      resolve({ connection, streams });
    });
    const timer = clock.setTimer(STREAMS_MS_MAX, () => {
      connection.close();
      reject(new Error('timed out waiting for client to create streams'));
    });
    connection.signal.addEventListener('abort', () => {
      timer.cancel();
      reject(new Error('the client went away'));
    });
  });
}
