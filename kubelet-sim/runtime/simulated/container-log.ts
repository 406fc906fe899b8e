import type { LogEntry, OutputStream } from '../cri.ts';

/** What one container's log may hold; the oldest lines go first. */
export const LOG_BYTES_MAX = 4 * 1024 * 1024;
/** A longer line is kept in pieces, as container runtimes do. */
export const LINE_BYTES_MAX = 16 * 1024;
/** What an entry costs beside its text. */
const ENTRY_BYTES = 48;
/** What the logs of all containers of a process may hold together; beyond it each keeps its newest lines only. */
const ALL_BYTES_MAX = 512 * 1024 * 1024;
export const LOG_BYTES_KEPT = 64 * 1024;

/** What the logs of a process hold together. */
export class LogBudget {
  readonly #max: number;
  #bytes = 0;

  constructor(max = ALL_BYTES_MAX) {
    this.#max = max;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What one log may hold. */
  get allowance(): number {
    return this.#bytes > this.#max ? LOG_BYTES_KEPT : LOG_BYTES_MAX;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }
}

/**
 * A container's output: a bounded list of lines. Text is a byte string (one character per byte), which the engine keeps at a byte
 * each. A line is kept once it is complete, or too long, or the container ends.
 */
export class ContainerLog {
  #entries: LogEntry[] = [];
  /** Entries before this index were dropped. */
  #head = 0;
  #dropped = 0;
  #bytes = 0;
  #closed = false;
  readonly #partial: Record<OutputStream, string> = { stdout: '', stderr: '' };
  readonly #wakers = new Set<() => void>();
  readonly #now: () => number;
  readonly #budget: LogBudget;

  constructor(now: () => number, budget = new LogBudget()) {
    this.#now = now;
    this.#budget = budget;
  }

  /** Entries held. */
  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** What it holds. */
  get entries(): readonly LogEntry[] {
    return this.#entries.slice(this.#head);
  }

  write(stream: OutputStream, text: string): void {
    let rest = this.#partial[stream] + text;
    for (let newline = rest.indexOf('\n'); newline >= 0; newline = rest.indexOf('\n')) {
      this.#add(stream, rest.slice(0, newline + 1));
      rest = rest.slice(newline + 1);
    }
    this.#partial[stream] = rest;
    if (rest.length >= LINE_BYTES_MAX) this.#flush(stream);
    this.#wake();
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins anew: what was written before is no longer read. */
  reopen(): void {
    this.#dropped += this.length;
    this.#entries = [];
    this.#head = 0;
    this.#budget.add(-this.#bytes);
    this.#bytes = 0;
  }

  /** Puts in lines that were written before anybody asked for the log. */
  begin(lines: readonly string[], time: number): void {
    for (const line of lines) this.#add('stdout', `${line}\n`, time);
  }

  /** Nothing more will come. */
  close(): void {
    this.#flush('stdout');
    this.#flush('stderr');
    this.#closed = true;
    this.#wake();
  }

  /** The last lines, up to so many lines and bytes: for termination messages. */
  tail(lines: number, bytes: number): string {
    const text = this.#entries
      .slice(Math.max(this.#head, this.#entries.length - lines))
      .map((entry) => entry.text)
      .join('');
    return text.length > bytes ? text.slice(text.length - bytes) : text;
  }

  /** All there is, then, with `follow`, what comes until the log is closed or the signal is aborted. */
  async *read(options: { readonly follow: boolean; readonly signal: AbortSignal }): AsyncGenerator<readonly LogEntry[]> {
    let next = this.#dropped;
    for (;;) {
      next = Math.max(next, this.#dropped);
      const batch = this.#entries.slice(this.#head + next - this.#dropped);
      next += batch.length;
      if (batch.length > 0) yield batch;
      else if (!options.follow || this.#closed || options.signal.aborted) return;
      else await this.#changed(options.signal);
    }
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  #flush(stream: OutputStream): void {
    const text = this.#partial[stream];
    this.#partial[stream] = '';
    if (text !== '') this.#add(stream, text);
  }

  #add(stream: OutputStream, text: string, time = this.#now()): void {
    this.#entries.push({ time, stream, text });
    this.#count(text.length + ENTRY_BYTES);
    while (this.#bytes > this.#budget.allowance && this.length > 1) this.#drop();
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.add(bytes);
  }

  #drop(): void {
    this.#count(-(this.#entries[this.#head]?.text.length ?? 0) - ENTRY_BYTES);
    this.#head++;
    this.#dropped++;
  }
}
