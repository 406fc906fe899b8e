/** Nobody reads any more. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe';
}

/** Where a command's output goes; waits while the reader is behind. */
export interface Output {
  write(text: string): void | Promise<void>;
}

/** Where a command's input comes from; texts are byte strings. */
export interface Input {
  /** The next piece; undefined at the end. */
  read(): Promise<string | undefined>;
  /** The next line without its newline; undefined at the end. */
  readLine(): Promise<{ readonly text: string; readonly ended: boolean } | undefined>;
  readAll(): Promise<string>;
}

/** An input over pieces that come when they come. */
export class ByteInput implements Input {
  readonly #pull: () => Promise<string | undefined>;
  #buffer = '';

  constructor(pull: () => Promise<string | undefined>) {
    this.#pull = pull;
  }

  static of(text: string): ByteInput {
    let rest: string | undefined = text === '' ? undefined : text;
    return new ByteInput(() => {
      const piece = rest;
      rest = undefined;
      return Promise.resolve(piece);
    });
  }

  static from(source: AsyncIterable<string> | undefined): ByteInput {
    if (!source) return ByteInput.of('');
    const iterator = source[Symbol.asyncIterator]();
    return new ByteInput(async () => {
      const { done, value } = await iterator.next();
      return done ? undefined : value;
    });
  }

  async read(): Promise<string | undefined> {
    if (this.#buffer === '') return await this.#pull();
    const piece = this.#buffer;
    this.#buffer = '';
    return piece;
  }

  async readLine(): Promise<{ readonly text: string; readonly ended: boolean } | undefined> {
    for (;;) {
      const newline = this.#buffer.indexOf('\n');
      if (newline >= 0) {
        const text = this.#buffer.slice(0, newline);
        this.#buffer = this.#buffer.slice(newline + 1);
        return { text, ended: true };
      }
      const piece = await this.#pull();
      if (piece === undefined) {
        const text = this.#buffer;
        this.#buffer = '';
        return text === '' ? undefined : { text, ended: false };
      }
      this.#buffer += piece;
    }
  }

  async readAll(): Promise<string> {
    const pieces: string[] = [];
    for (let piece = await this.read(); piece !== undefined; piece = await this.read()) pieces.push(piece);
    return pieces.join('');
  }
}

/** Bytes a pipe holds before its writer waits. */
const PIPE_BYTES_MAX = 65_536;

/** A pipe between two commands of a pipeline. */
export class Pipe implements Output {
  readonly input: Input = new ByteInput(() => this.#take());
  readonly #pieces: string[] = [];
  #bytes = 0;
  #writerDone = false;
  #readerDone = false;
  #wake: (() => void)[] = [];

  async write(text: string): Promise<void> {
    if (this.#readerDone) throw new BrokenPipe('broken pipe');
    this.#pieces.push(text);
    this.#bytes += text.length;
    this.#wakeAll();
    while (this.#bytes > PIPE_BYTES_MAX && !this.#readerDone) await this.#changed();
  }

  /** The writer has ended: the reader finds the end after what is left. */
  closeWriter(): void {
    this.#writerDone = true;
    this.#wakeAll();
  }

  /** The reader has ended: who still writes is told. */
  closeReader(): void {
    this.#readerDone = true;
    this.#wakeAll();
  }

  async #take(): Promise<string | undefined> {
    while (this.#pieces.length === 0 && !this.#writerDone) await this.#changed();
    const piece = this.#pieces.shift();
    this.#bytes -= piece?.length ?? 0;
    this.#wakeAll();
    return piece;
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** Keeps all that is written, for `$(…)`. */
export class Capture implements Output {
  readonly #pieces: string[] = [];

  write(text: string): void {
    this.#pieces.push(text);
  }

  get text(): string {
    return this.#pieces.join('');
  }
}

/** The open files of a command. */
export interface Descriptors {
  readonly inputs: ReadonlyMap<number, Input>;
  readonly outputs: ReadonlyMap<number, Output>;
}

export const NULL_OUTPUT: Output = { write: () => undefined };
const EMPTY = ByteInput.of('');

export const stdinOf = ({ inputs }: Descriptors): Input => inputs.get(0) ?? EMPTY;
export const stdoutOf = ({ outputs }: Descriptors): Output => outputs.get(1) ?? NULL_OUTPUT;
export const stderrOf = ({ outputs }: Descriptors): Output => outputs.get(2) ?? NULL_OUTPUT;
export const withInput = (fds: Descriptors, fd: number, input: Input): Descriptors => ({
  ...fds,
  inputs: new Map([...fds.inputs, [fd, input]]),
});
export const withOutput = (fds: Descriptors, fd: number, output: Output): Descriptors => ({
  ...fds,
  outputs: new Map([...fds.outputs, [fd, output]]),
});
