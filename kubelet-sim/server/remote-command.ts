import { type OutputStream, type ProcessStreams, RuntimeError } from '../runtime/cri.ts';
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
export type RemoteCommand = { readonly options: StreamOptions } & (Work | { readonly refusal: string });

interface Work {
  readonly work: StreamWork;
  /** What was tried, as errors name it: `executing command in` or `attaching to`. */
  readonly doing: string;
  /** What is run, for errors that name it. */
  readonly argv?: readonly string[];
  /** Whether an API server stands between, which passes errors on as its own. */
  readonly isTranslated?: boolean;
}

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
    return exitOutcome(await work(streams, channels.signal), command);
  } catch (error) {
    // The runtime's streams are no gRPC: its errors come as they are.
    const cause = error instanceof RuntimeError ? error.description : error instanceof Error ? error.message : String(error);
    const why = `error ${doing} container: ${cause}`;
    return failure(command.isTranslated ? `${INTERNAL}${why}` : why);
  }
}

interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** Longest text of one size: more than that is none. */
const SIZE_TEXT_CHARS_MAX = 1024;
const SIDE_MAX = 65_535;

/** Sizes of a terminal, as clients tell them: one JSON object after the other, however they are cut. What is no size ends them. */
async function* sizesOf(feed: Feed): AsyncGenerator<TerminalSize> {
  let text = '';
  for await (const chunk of feed) {
    text += chunk.toString();
    for (let end = text.indexOf('}') + 1; end > 0; end = text.indexOf('}', end) + 1) {
      const told = jsonOf(text.slice(0, end));
      if (told === undefined) continue;
      const size = sizeOf(told);
      if (!size) return;
      yield size;
      text = text.slice(end);
      end = 0;
    }
    if (text.length > SIZE_TEXT_CHARS_MAX) return;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A `remotecommand.TerminalSize` as Go's encoding/json reads it: names of fields in any case, in any order; what is missing is 0. */
function sizeOf(told: unknown): TerminalSize | undefined {
  if (typeof told !== 'object' || told === null || Array.isArray(told)) return undefined;
  const sides = { width: 0, height: 0 };
  for (const [name, value] of Object.entries(told)) {
    const side = name.toLowerCase();
    if ((side !== 'width' && side !== 'height') || value === null) continue;
    if (!Number.isInteger(value) || value < 0 || value > SIDE_MAX) return undefined;
    sides[side] = value;
  }
  return sides;
}

/**
 * As upstream's kubelet reports an exit code (`pkg/kubelet/cri-streaming/remotecommand/exec.go`), in containerd's words; an API server that
 * stands between has its own.
 */
function exitOutcome(exitCode: number | undefined, { argv = [], isTranslated }: Pick<Work, 'argv' | 'isTranslated'>): Outcome {
  if (!exitCode) return { status: { metadata: {}, status: 'Success' }, error: undefined };
  const words = isTranslated ? 'command terminated with' : `error executing command [${argv.join(' ')}],`;
  const message = `command terminated with non-zero exit code: ${words} exit code ${exitCode}`;
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
  return { status, error: message };
}
