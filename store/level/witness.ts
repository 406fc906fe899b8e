/**
 * Remembers, beside LevelDB, up to where the store has acknowledged: so that a log that was cut off can be told from one that a crash left, of
 * which nothing missing had been acknowledged.
 *
 * ```
 *   acknowledged = revision (6 bytes), compacted revision (6), crc32 of them (4); written in place
 * ```
 *
 * It is written a moment behind the commits, and at the end, and not synced: a process that is killed leaves it a moment behind, a loss of power
 * more, but it is never ahead. When it is not there, or not readable, nothing can be said, and the store opens.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock, Logger, Timer } from '../../runtime/index.ts';
import type { Revision } from '../store.ts';

export const WITNESS_FILE = 'acknowledged';
const BYTES = 16;
/** Notes are so far apart, at least: each makes the next sync of the disk a little longer. */
const NOTE_MS = 100;

export interface Acknowledged {
  readonly revision: Revision;
  readonly compactRevision: Revision;
}

export class Witness {
  /** What was acknowledged when it was opened. */
  readonly acknowledged: Acknowledged | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #bytes = Buffer.alloc(BYTES);
  #file: number | undefined;
  #timer: Timer | undefined;
  #newest: Acknowledged | undefined;

  /** @throws what the file system says when the file cannot be made. */
  constructor(directory: string, { clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
    this.#file = openSync(join(directory, WITNESS_FILE), constants.O_RDWR | constants.O_CREAT, 0o600);
    const length = readSync(this.#file, this.#bytes, 0, BYTES, 0);
    if (length === BYTES && this.#bytes.readUInt32BE(12) === crc32(this.#bytes.subarray(0, 12))) {
      this.acknowledged = { revision: this.#bytes.readUIntBE(0, 6), compactRevision: this.#bytes.readUIntBE(6, 6) };
    } else if (length > 0) {
      logger.warn({ file: WITNESS_FILE }, 'the note of what was acknowledged cannot be read');
    }
  }

  note({ revision, compactRevision }: Acknowledged): void {
    this.#newest = { revision, compactRevision };
    this.#timer ??= this.#clock.setTimer(NOTE_MS, () => {
      this.#timer = undefined;
      this.#write();
    });
  }

  #write(): void {
    if (this.#file === undefined || this.#newest === undefined) return;
    this.#bytes.writeUIntBE(this.#newest.revision, 0, 6);
    this.#bytes.writeUIntBE(this.#newest.compactRevision, 6, 6);
    this.#bytes.writeUInt32BE(crc32(this.#bytes.subarray(0, 12)), 12);
    try {
      writeSync(this.#file, this.#bytes, 0, BYTES, 0);
    } catch (error) {
      this.#logger.warn({ err: error }, 'what is acknowledged cannot be noted any more');
      this.#release();
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#write();
    this.#release();
  }

  #release(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
