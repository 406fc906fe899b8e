import type { ProcessStreams } from '../cri.ts';
import { StdinPipe } from './stdin-pipe.ts';

const CONTROL_C = '\x03';
const CONTROL_D = '\x04';
const CONTROL_U = '\x15';
const CONTROL_Z = '\x1a';
const BACKSPACES = new Set(['\x7f', '\b']);
const ERASE = '\b \b';

/** What is set of a terminal (`stty`). */
export interface TerminalState {
  rows: number;
  columns: number;
  /** Whether what is typed shows. */
  echo: boolean;
}

/** A terminal whose size nobody has told. */
export const newTerminalState = (): TerminalState => ({ rows: 0, columns: 0, echo: true });

/** The terminals of containers, kept beside them: few have one. */
const ofContainers = new WeakMap<object, TerminalState>();

/** The terminal of a container. */
export function terminalOf(container: object): TerminalState {
  const state = ofContainers.get(container) ?? newTerminalState();
  ofContainers.set(container, state);
  return state;
}

/** Follows the size of the window in which a terminal is shown. */
export async function followSize(state: TerminalState, { resizes }: ProcessStreams): Promise<void> {
  for await (const { width, height } of resizes ?? []) {
    state.rows = height;
    state.columns = width;
  }
}

/**
 * The line discipline of a terminal (termios(3), cooked): echoes what is typed, hands it over by lines, turns control keys into signals
 * and the end of input, and sends carriage returns with newlines.
 */
export class Terminal {
  readonly #streams: ProcessStreams;
  readonly #state: TerminalState;
  #line = '';

  constructor(streams: ProcessStreams, state: TerminalState) {
    this.#streams = streams;
    this.#state = state;
  }

  output(text: string): void {
    this.#streams.output('stdout', Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1'));
  }

  #echo(text: string): void {
    if (this.#state.echo) this.output(text);
  }

  /** What a process reads; undefined when nobody types. @param signal takes the signals of control keys */
  input(signal: (name: string) => void): AsyncIterable<string> | undefined {
    const { stdin } = this.#streams;
    if (!stdin) return undefined;
    const lines = new StdinPipe();
    const end = () => lines.end();
    this.#pump(stdin, lines, signal).then(end, end);
    return lines;
  }

  /** Takes keys as they come: a control key must not wait until somebody reads. */
  async #pump(stdin: AsyncIterable<Buffer>, lines: StdinPipe, signal: (name: string) => void): Promise<void> {
    for await (const chunk of stdin)
      for (const char of chunk.toString('latin1')) {
        const typed = this.#type(char, signal);
        if (typed === 'end') return;
        if (typed !== undefined) lines.push(typed);
      }
  }

  /** Takes one character; answers a line once it is whole. */
  #type(char: string, signal: (name: string) => void): string | undefined {
    switch (char) {
      case '\r':
      case '\n':
        this.#echo('\n');
        return this.#take('\n');
      case CONTROL_C:
        this.#echo('^C\n');
        this.#line = '';
        signal('SIGINT');
        return undefined;
      case CONTROL_D:
        return this.#line === '' ? 'end' : this.#take('');
      case CONTROL_U:
        this.#echo(ERASE.repeat(this.#line.length));
        this.#line = '';
        return undefined;
      case CONTROL_Z:
        return undefined;
      default:
        return this.#edit(char);
    }
  }

  #edit(char: string): undefined {
    if (BACKSPACES.has(char)) {
      if (this.#line !== '') this.#echo(ERASE);
      this.#line = this.#line.slice(0, -1);
      return;
    }
    this.#echo(char);
    this.#line += char;
  }

  #take(end: string): string {
    const line = `${this.#line}${end}`;
    this.#line = '';
    return line;
  }
}
