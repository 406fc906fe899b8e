/**
 * Remembers, beside LevelDB, up to where the store has acknowledged: so that a log that was cut off can be told from one that a crash left, of
 * which nothing missing had been acknowledged.
 *
 * ```
 *   acknowledged = revision (6 bytes), compacted revision (6), crc32 of them (4); written in place
 * ```
 *
 * It is written behind each commit, and not synced: a process that is killed leaves it as it was, and after a loss of power it may be behind,
 * but never ahead. When it is not there, or not readable, nothing can be said, and the store opens.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Logger } from '../../runtime/index.ts';
import type { Revision } from '../store.ts';

export const WITNESS_FILE = 'acknowledged';
const BYTES = 16;

export interface Acknowledged {
  readonly revision: Revision;
  readonly compactRevision: Revision;
}

export class Witness {
  /** What was acknowledged when it was opened. */
  readonly acknowledged: Acknowledged | undefined;
  readonly #logger: Logger;
  readonly #bytes = Buffer.alloc(BYTES);
  #file: number | undefined;

  /** @throws what the file system says when the file cannot be made. */
  constructor(directory: string, logger: Logger) {
    this.#logger = logger;
    this.#file = openSync(join(directory, WITNESS_FILE), constants.O_RDWR | constants.O_CREAT, 0o600);
    const length = readSync(this.#file, this.#bytes, 0, BYTES, 0);
    if (length === BYTES && this.#bytes.readUInt32BE(12) === crc32(this.#bytes.subarray(0, 12))) {
      this.acknowledged = { revision: this.#bytes.readUIntBE(0, 6), compactRevision: this.#bytes.readUIntBE(6, 6) };
    } else if (length > 0) {
      logger.warn({ file: WITNESS_FILE }, 'the note of what was acknowledged cannot be read');
    }
  }

  /** Takes a few microseconds, for it only goes to the operating system. */
  note({ revision, compactRevision }: Acknowledged): void {
    if (this.#file === undefined) return;
    this.#bytes.writeUIntBE(revision, 0, 6);
    this.#bytes.writeUIntBE(compactRevision, 6, 6);
    this.#bytes.writeUInt32BE(crc32(this.#bytes.subarray(0, 12)), 12);
    try {
      writeSync(this.#file, this.#bytes, 0, BYTES, 0);
    } catch (error) {
      this.#logger.warn({ err: error }, 'what is acknowledged cannot be noted any more');
      this.close();
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
