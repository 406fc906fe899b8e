/**
 * LevelDB's log format (doc/log_format.md), in which its write-ahead logs and its manifest are: blocks of 32 KiB, with records
 * `crc32c, length, type` and bytes; a record that does not fit into a block goes on in the next one.
 */
import { maskedCrc32c } from './crc32c.ts';

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;
const TYPES = ['zero', 'full', 'first', 'middle', 'last'] as const;

/** A file is damaged: the message says where. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';
}

interface Piece {
  readonly type: (typeof TYPES)[number];
  readonly bytes: Buffer;
  readonly end: number;
}

/**
 * The records of a log, in order. It may end within a record: that is what a process leaves that was killed while it wrote, and nothing of such
 * a record has been acknowledged. Zeros up to the end, from the beginning of a sector, are the same after a loss of power.
 *
 * @throws DamagedFile on anything else that was not written so: LevelDB itself would pass over it in silence.
 */
export function* readLogFile(file: Buffer): Generator<Buffer> {
  let pieces: Buffer[] | undefined;
  for (let at = 0; ; ) {
    const piece = readPiece(file, at);
    if (!piece) return;
    const begins = piece.type === 'full' || piece.type === 'first';
    if (begins === (pieces !== undefined)) throw new DamagedFile(`the record at byte ${at} does not fit to the one before it`);
    pieces ??= [];
    pieces.push(piece.bytes);
    if (piece.type === 'full' || piece.type === 'last') {
      yield Buffer.concat(pieces);
      pieces = undefined;
    }
    at = piece.end;
  }
}

/** @returns undefined at the end, be it torn. */
function readPiece(file: Buffer, before: number): Piece | undefined {
  // A header is not split: what is too short for one at the end of a block is left empty.
  const at = BLOCK_BYTES - (before % BLOCK_BYTES) < HEADER_BYTES ? before - (before % BLOCK_BYTES) + BLOCK_BYTES : before;
  if (at + HEADER_BYTES > file.length) return undefined;
  const end = at + HEADER_BYTES + file.readUInt16LE(at + 4);
  const withinBlock = end <= at - (at % BLOCK_BYTES) + BLOCK_BYTES;
  if (withinBlock && end > file.length) return undefined;
  const type = TYPES[file.readUInt8(at + 6)];
  if (withinBlock && type && type !== 'zero' && file.readUInt32LE(at) === maskedCrc32c(file, at + 6, end)) {
    return { type, bytes: file.subarray(at + HEADER_BYTES, end), end };
  }
  if (isNeverWritten(file, at)) return undefined;
  throw new DamagedFile(`the record at byte ${at} fails its checksum`);
}

/** Whether the file is zero from the first sector on that begins at or behind a place. */
function isNeverWritten(file: Buffer, at: number): boolean {
  const from = Math.ceil(at / SECTOR_BYTES) * SECTOR_BYTES;
  return from < file.length && file.subarray(from).every((byte) => byte === 0);
}
