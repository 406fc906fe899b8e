import type { OutputStream, ProcessStreams } from '../runtime/cri.ts';
import type { Feed } from './feed.ts';

/** Which streams a client asked for. */
export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Does the work behind a connection; resolves with the exit code, or with undefined when there is none. */
export type StreamWork = (streams: ProcessStreams, signal: AbortSignal) => Promise<number | undefined>;

/** What a connection is opened for; with a refusal, only to be told that. */
export type RemoteCommand = { readonly options: StreamOptions } & (
  | {
      readonly work: StreamWork;
      /** What was tried, as errors name it: `executing command in` or `attaching to`. */
      readonly doing: string;
      /** Whether an API server stands between, which passes errors on as its own. */
      readonly isTranslated?: boolean;
    }
  | { readonly refusal: string }
);

/** A client's channels, whatever carries them. */
export interface CommandChannels {
  readonly stdin: Feed | undefined;
  readonly resizes: Feed;
  readonly signal: AbortSignal;
  output(stream: OutputStream, chunk: Buffer): void;
}

/** How a command ended: a Status, and in one line what clients of old protocols are told, who know only errors. */
export interface Outcome {
  readonly status: object;
  readonly error: string | undefined;
}

/** Runs a command on a client's channels to its end; says how it ended. */
export async function runCommand(command: RemoteCommand, channels: CommandChannels): Promise<Outcome> {
  if ('refusal' in command) return failure(command.refusal);
  const { options, work, doing } = command;
  const streams: ProcessStreams = {
    ...(options.stdin && channels.stdin ? { stdin: channels.stdin } : {}),
    ...(options.tty ? { resizes: sizesOf(channels.resizes) } : {}),
    output: (stream, chunk) => {
      const shown = options.tty ? 'stdout' : stream;
      if (options[shown]) channels.output(shown, chunk);
    },
  };
  try {
    return exitOutcome(await work(streams, channels.signal));
  } catch (error) {
    const why = `error ${doing} container: ${error instanceof Error ? error.message : String(error)}`;
    return failure(command.isTranslated ? `${INTERNAL}${why}` : why);
  }
}

const SIZE = /"Width"\s*:\s*(\d+)\s*,\s*"Height"\s*:\s*(\d+)/g;

/** Sizes of a terminal, as clients tell them: one JSON object after the other. */
async function* sizesOf(feed: Feed): AsyncGenerator<{ readonly width: number; readonly height: number }> {
  for await (const chunk of feed) {
    for (const [, width, height] of chunk.toString().matchAll(SIZE)) yield { width: Number(width), height: Number(height) };
  }
}

/** As upstream's kubelet reports an exit code (`pkg/kubelet/cri-streaming/remotecommand/exec.go`). */
function exitOutcome(exitCode: number | undefined): Outcome {
  if (!exitCode) return { status: { metadata: {}, status: 'Success' }, error: undefined };
  const message = `command terminated with non-zero exit code: command terminated with exit code ${exitCode}`;
  const details = { causes: [{ reason: 'ExitCode', message: String(exitCode) }] };
  return { status: { metadata: {}, status: 'Failure', message, reason: 'NonZeroExitCode', details }, error: message };
}

const INTERNAL = 'Internal error occurred: ';

function failure(cause: string): Outcome {
  const message = `${INTERNAL}${cause}`;
  const status = {
    metadata: {},
    status: 'Failure',
    message,
    reason: 'InternalError',
    details: { causes: [{ message: cause }] },
    code: 500,
  };
  return { status, error: cause };
}
