import type { OutputStream, ProcessStreams } from '../cri.ts';
import type { StdinPipe } from './stdin-pipe.ts';
import { followSize, Terminal, type TerminalState } from './terminal.ts';

interface AttachedProcess {
  readonly input: StdinPipe | undefined;
  readonly stdinOnce: boolean;
  readonly terminal: TerminalState | undefined;
  output(text: string): void;
  signal(name: string): void;
}

interface Follower {
  write(stream: OutputStream, text: string): void;
  end(): void;
}

/** Those who follow a container's main process as it runs. With a terminal, what one types all see. */
export class Attachments {
  readonly #process: AttachedProcess;
  readonly #followers = new Set<Follower>();

  constructor(process: AttachedProcess) {
    this.#process = process;
  }

  write(stream: OutputStream, text: string): void {
    for (const follower of this.#followers) follower.write(stream, text);
  }

  /** The process has ended. */
  end(): void {
    for (const follower of this.#followers) follower.end();
  }

  /**
   * Hands out what comes until the process ends, the signal is aborted, or what is typed ends that is not the end of the process's input:
   * then the process reads on, and who fed it leaves, as with containerd (`internal/cri/io/container_io.go`).
   */
  async follow(streams: ProcessStreams, signal: AbortSignal): Promise<void> {
    const { input, stdinOnce, terminal: state } = this.#process;
    const terminal = state && new Terminal(streams, state);
    // It is over when the client is gone.
    if (state) followSize(state, streams).catch(() => undefined);
    const fed = streams.stdin && input?.feed(state ? this.#typed(streams.stdin, state) : streams.stdin, stdinOnce);
    await new Promise<void>((resolve) => {
      const end = () => {
        this.#followers.delete(follower);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const follower: Follower = {
        write: (stream, text) => (terminal ? terminal.output(text) : streams.output(stream, Buffer.from(text, 'latin1'))),
        end,
      };
      this.#followers.add(follower);
      if (!stdinOnce) fed?.then(end, end);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }

  /** What is typed, by lines; its echo goes where the process's output goes. */
  async *#typed(stdin: AsyncIterable<Buffer>, state: TerminalState): AsyncGenerator<Buffer> {
    const output = (_: OutputStream, chunk: Buffer) => this.#process.output(chunk.toString('latin1').replaceAll('\r\n', '\n'));
    const echo = new Terminal({ stdin, output }, state);
    for await (const text of echo.input((name) => this.#process.signal(name)) ?? []) yield Buffer.from(text, 'latin1');
  }
}
