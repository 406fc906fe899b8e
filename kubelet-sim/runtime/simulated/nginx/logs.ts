import type { OutputStream } from '../../cri.ts';
import type { ProcessContext } from '../program.ts';

/** How grave a line of the error log is. */
export type ErrorLevel = 'emerg' | 'alert' | 'crit' | 'error' | 'warn' | 'notice' | 'info' | 'debug';

const LEVELS: readonly ErrorLevel[] = ['emerg', 'alert', 'crit', 'error', 'warn', 'notice', 'info', 'debug'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `$time_local`: `01/Jan/2026:00:00:00 +0000`. */
export function localTime(now: number): string {
  const [date = '', time = ''] = new Date(now).toISOString().split('T');
  const [year, month, day] = date.split('-');
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}

/** A line of the error log. Nothing here has threads: the process is its own. */
export function errorLine(now: number, pid: number, level: ErrorLevel, text: string): string {
  const stamp = new Date(now).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
  return `${stamp} [${level}] ${pid}#${pid}: ${text}\n`;
}

/** Whether a log of one level takes lines of another. */
export const isTaken = (level: ErrorLevel, wanted: ErrorLevel): boolean => LEVELS.indexOf(level) <= LEVELS.indexOf(wanted);

export const levelOf = (text: string | undefined): ErrorLevel => LEVELS.find((level) => level === text) ?? 'error';

const STREAMS: Readonly<Record<string, OutputStream>> = {
  '/dev/stdout': 'stdout',
  '/dev/stderr': 'stderr',
  '/proc/self/fd/1': 'stdout',
  '/proc/self/fd/2': 'stderr',
  '/dev/fd/1': 'stdout',
  '/dev/fd/2': 'stderr',
  stderr: 'stderr',
};

/** Where lines of logs go: the process's own output, or files, one write after the other. */
export class LogFiles {
  readonly #process: ProcessContext;
  readonly #output: (stream: OutputStream, text: string) => void;
  /** Where the paths of logs lead, as it was when they were opened. */
  readonly #targets = new Map<string, string>();
  #written: Promise<void> = Promise.resolve();

  constructor(process: ProcessContext, output: (stream: OutputStream, text: string) => void) {
    this.#process = process;
    this.#output = output;
  }

  /** Files are looked for anew: they may have been moved away. */
  reopen(): void {
    this.#targets.clear();
  }

  /** Resolves when all that was to be written is. */
  flushed(): Promise<void> {
    return this.#written;
  }

  write(path: string, text: string): void {
    const stream = this.#streamOf(path);
    if (stream) this.#output(stream, text);
    else this.#written = this.#written.then(() => this.#append(path, text)).catch(() => undefined); // as a log that cannot be written
  }

  #streamOf(path: string): OutputStream | undefined {
    return STREAMS[path] ?? STREAMS[this.#targets.get(path) ?? ''] ?? STREAMS[this.#process.imageLink(path) ?? ''];
  }

  async #append(path: string, text: string): Promise<void> {
    const target = this.#targets.get(path) ?? (await this.#find(path));
    const stream = STREAMS[target];
    if (stream) this.#output(stream, text);
    else await (await this.#process.files()).writeFile(target, Buffer.from(text, 'latin1'), { append: true });
  }

  async #find(path: string): Promise<string> {
    const target = await (await this.#process.files()).realpath(path).catch(() => path);
    this.#targets.set(path, target);
    return target;
  }

  /** Makes a log's file, as opening it does. @throws FileError */
  async open(path: string): Promise<void> {
    if (this.#streamOf(path)) return;
    const target = await this.#find(path);
    if (!STREAMS[target]) await (await this.#process.files()).writeFile(target, Buffer.alloc(0), { append: true });
  }
}
