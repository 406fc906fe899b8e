import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { UserError } from '../../runtime/index.ts';

const MODE = 0o600;
const MEGABYTE = 1024 * 1024;
const MEGABYTES_MAX = 100;
const DAY_MS = 24 * 3600 * 1000;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/;
/** Of the standard output, which is not rotated. */
const STDOUT = '-';
const STDOUT_FD = 1;
/** What old files that are compressed end with. */
const GZ = '.gz';

export interface RotatingFileOptions {
  /** `-` for the standard output. */
  readonly path: string;
  /** Size at which another file is begun; 0 for 100. */
  readonly megabytesMax: number;
  /** Old files that are kept, and for how long; 0 for all, for ever. */
  readonly backupsMax: number;
  readonly daysMax: number;
  /** Called with why an old file stays as it is; old files are compressed when this is given. */
  readonly compress?: { onError(error: unknown): void } | undefined;
  readonly now: () => number;
}

/**
 * A log file that is put aside when it is full, as `audit-2026-01-31T12-00-00.000.log`; old ones go by number and age. Named as upstream's
 * (lumberjack), so that what collects those finds these. What was written is with the operating system when {@link write} returns.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  /** None between two files, and at the end: its number is soon another file's. */
  #file: number | undefined;
  #bytes = 0;
  #isClosed = false;
  /** Old files are compressed one after the other, behind what is written. */
  #compressing: Promise<void> = Promise.resolve();

  /** @throws UserError when the file cannot be written. */
  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#file = this.#open();
    this.#tidy();
  }

  /** @throws what the operating system says, or that it is closed. */
  write(line: string): void {
    if (this.#isClosed) throw new Error('audit backend shut down');
    const bytes = Buffer.from(line);
    const { megabytesMax, path } = this.#options;
    const bytesMax = (megabytesMax || MEGABYTES_MAX) * MEGABYTE;
    if (path !== STDOUT && this.#bytes > 0 && this.#bytes + bytes.length > bytesMax) this.#rotate();
    this.#file ??= this.#open();
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.#bytes += bytes.length;
  }

  /** Resolves when old files are compressed, too. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#release();
    return this.#compressing;
  }

  #release(): void {
    if (this.#file !== undefined && this.#options.path !== STDOUT) closeSync(this.#file);
    this.#file = undefined;
    this.#bytes = 0;
  }

  #open(): number {
    const { path } = this.#options;
    if (path === STDOUT) return STDOUT_FD;
    try {
      mkdirSync(dirname(path), { recursive: true });
      const file = openSync(path, 'a', MODE);
      this.#bytes = fstatSync(file).size;
      return file;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`--audit-log-path: ${path} cannot be written (${why})`, { cause: error });
    }
  }

  #rotate(): void {
    const { path, now } = this.#options;
    const stamp = new Date(now()).toISOString().slice(0, -1).replaceAll(':', '-');
    const extension = extname(path);
    this.#release();
    renameSync(path, `${path.slice(0, path.length - extension.length)}-${stamp}${extension}`);
    this.#file = this.#open();
    this.#tidy();
  }

  #tidy(): void {
    const { path, backupsMax, daysMax, compress, now } = this.#options;
    if (path === STDOUT) return;
    const extension = extname(path);
    const prefix = `${basename(path, extension)}-`;
    const plain = (name: string) => (name.endsWith(extension + GZ) ? name.slice(0, -GZ.length) : name);
    const stampOf = (name: string) => plain(name).slice(prefix.length, plain(name).length - extension.length);
    const backups = readdirSync(dirname(path))
      .filter((name) => name.startsWith(prefix) && plain(name).endsWith(extension) && STAMP.test(stampOf(name)))
      .sort()
      .reverse();
    const oldest = daysMax > 0 ? new Date(now() - daysMax * DAY_MS).toISOString().slice(0, -1).replaceAll(':', '-') : '';
    backups.forEach((name, i) => {
      const old = join(dirname(path), name);
      if ((backupsMax > 0 && i >= backupsMax) || stampOf(name) < oldest) unlinkSync(old);
      else if (compress && name === plain(name)) this.#compressing = this.#compressing.then(() => compressed(old)).catch(compress.onError);
    });
  }
}

/** Puts a file's compressed form in its place; one that is gone, because of its age or because it was compressed already, is none. */
async function compressed(path: string): Promise<void> {
  if (!existsSync(path)) return;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}${GZ}`, { mode: MODE }));
  unlinkSync(path);
}
