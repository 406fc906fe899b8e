import type { OutputStream, ProcessStreams } from '../cri.ts';
import type { StdinPipe } from './stdin-pipe.ts';
import { Terminal } from './terminal.ts';

interface AttachedProcess {
  readonly input: StdinPipe | undefined;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
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

  /** Hands out what comes until the process ends or the signal is aborted. */
  async follow(streams: ProcessStreams, signal: AbortSignal): Promise<void> {
    const { input, stdinOnce, tty } = this.#process;
    const terminal = tty ? new Terminal(streams) : undefined;
    if (streams.stdin && input) input.feed(terminal ? this.#typed(streams.stdin) : streams.stdin, stdinOnce);
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
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }

  /** What is typed, by lines; its echo goes where the process's output goes. */
  async *#typed(stdin: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const echo = new Terminal({ stdin, output: (_, chunk) => this.#process.output(chunk.toString('latin1').replaceAll('\r\n', '\n')) });
    for await (const text of echo.input((name) => this.#process.signal(name)) ?? []) yield Buffer.from(text, 'latin1');
  }
}
