/**
 * LevelDB's sorted tables (doc/table_format.md): blocks, each with its checksum, which LevelDB does not look at when it reads.
 *
 * ```
 *   data blocks | filter block | meta index block | index block | footer: where the last two are, magic number
 * ```
 */
import { maskedCrc32c } from './crc32c.ts';
import { DamagedFile } from './log-file.ts';
import { unpackSnappy } from './snappy.ts';
import { Cursor } from './varint.ts';

const FOOTER_BYTES = 48;
/** Behind a block: how it is packed, and its checksum. */
const TRAILER_BYTES = 5;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
const PACKED_SNAPPY = 1;

interface Block {
  readonly offset: number;
  readonly length: number;
}

/** @throws DamagedFile when any block of the table is not as it was written, or not there. */
export function checkTableFile(file: Buffer): void {
  const footer = file.length - FOOTER_BYTES;
  if (footer < 0 || !file.subarray(-MAGIC.length).equals(MAGIC)) throw new DamagedFile('it does not end as a table does');
  try {
    const cursor = new Cursor(file, footer);
    const metaIndex = readHandle(cursor);
    const index = readHandle(cursor);
    checkTiled([...entries(file, index), ...entries(file, metaIndex), metaIndex, index], footer);
    for (const block of [...entries(file, index), ...entries(file, metaIndex)]) checkBlock(file, block);
  } catch (error) {
    if (error instanceof RangeError) throw new DamagedFile(`its index cannot be read: ${error.message}`);
    throw error;
  }
}

/** Nothing of the file is in no block. */
function checkTiled(blocks: readonly Block[], end: number): void {
  let at = 0;
  for (const { offset, length } of blocks) {
    if (offset !== at) throw new DamagedFile(`there is no block at byte ${at}`);
    at += length + TRAILER_BYTES;
  }
  if (at !== end) throw new DamagedFile(`there is no block at byte ${at}`);
}

const readHandle = (cursor: Cursor): Block => ({ offset: cursor.varint(), length: cursor.varint() });

function checkBlock(file: Buffer, { offset, length }: Block): void {
  const end = offset + length + 1;
  if (end + 4 > file.length || file.readUInt32LE(end) !== maskedCrc32c(file, offset, end)) {
    throw new DamagedFile(`the block at byte ${offset} fails its checksum`);
  }
}

/** The blocks that an index block names. */
function entries(file: Buffer, block: Block): Block[] {
  checkBlock(file, block);
  const packed = file.subarray(block.offset, block.offset + block.length);
  const bytes = file.readUInt8(block.offset + block.length) === PACKED_SNAPPY ? unpackSnappy(packed) : packed;
  const restarts = bytes.readUInt32LE(bytes.length - 4);
  const cursor = new Cursor(bytes.subarray(0, bytes.length - 4 * (restarts + 1)));
  const found: Block[] = [];
  while (!cursor.atEnd) {
    // Length shared with the key before, then of the rest of the key, and of the value.
    cursor.varint();
    const keyLength = cursor.varint();
    const valueLength = cursor.varint();
    cursor.take(keyLength);
    found.push(readHandle(new Cursor(cursor.take(valueLength))));
  }
  return found;
}
