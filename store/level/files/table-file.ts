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
/** Blocks next to each other are read together, up to so many bytes. */
const READ_BYTES_MAX = 1 << 20;

/** A file of which parts can be read. */
export interface ReadableFile {
  readonly size: number;
  /** @throws DamagedFile when it is shorter. */
  read(offset: number, length: number): Promise<Buffer>;
}

interface Block {
  readonly offset: number;
  readonly length: number;
}

/** A block that an index names, and the first byte of a key that none in it is above (and none in the next one below). */
interface IndexEntry extends Block {
  readonly keyByte: number;
}

/**
 * @param selfChecked first letter of the keys whose values have checksums of their own, which are looked at when they are read: blocks that hold no
 * others are left out.
 * @throws DamagedFile when any other block of the table is not as it was written, or not there.
 */
export async function checkTableFile(file: ReadableFile, selfChecked: string): Promise<void> {
  const end = file.size - FOOTER_BYTES;
  const footer = end < 0 ? undefined : await file.read(end, FOOTER_BYTES);
  if (!footer?.subarray(-MAGIC.length).equals(MAGIC)) throw new DamagedFile('it does not end as a table does');
  try {
    const cursor = new Cursor(footer);
    const metaIndex = readHandle(cursor);
    const index = readHandle(cursor);
    const data = entries(await file.read(index.offset, index.length + TRAILER_BYTES), index);
    const meta = entries(await file.read(metaIndex.offset, metaIndex.length + TRAILER_BYTES), metaIndex);
    checkTiled([...data, ...meta, metaIndex, index], end);
    await checkBlocks(file, [...data.filter(isToBeChecked(selfChecked.charCodeAt(0))), ...meta]);
  } catch (error) {
    if (error instanceof RangeError) throw new DamagedFile(`its index cannot be read: ${error.message}`);
    throw error;
  }
}

/** The keys of a block are above the index key before it, and not above its own. */
const isToBeChecked =
  (letter: number) =>
  ({ keyByte }: IndexEntry, at: number, all: readonly IndexEntry[]): boolean =>
    all[at - 1]?.keyByte !== letter || keyByte !== letter;

const readHandle = (cursor: Cursor): Block => ({ offset: cursor.varint(), length: cursor.varint() });

/** Nothing of the file is in no block. */
function checkTiled(blocks: readonly Block[], end: number): void {
  let at = 0;
  for (const { offset, length } of blocks) {
    if (offset !== at) throw new DamagedFile(`there is no block at byte ${at}`);
    at += length + TRAILER_BYTES;
  }
  if (at !== end) throw new DamagedFile(`there is no block at byte ${at}`);
}

async function checkBlocks(file: ReadableFile, blocks: readonly Block[]): Promise<void> {
  for (let at = 0; at < blocks.length; ) {
    const run = runFrom(blocks, at);
    const from = run[0]?.offset ?? 0;
    const last = run.at(-1) ?? { offset: 0, length: 0 };
    const bytes = await file.read(from, last.offset + last.length + TRAILER_BYTES - from);
    for (const { offset, length } of run) checkBlock(bytes.subarray(offset - from, offset - from + length + TRAILER_BYTES), offset);
    at += run.length;
  }
}

/** Blocks from one on that are next to each other. */
function runFrom(blocks: readonly Block[], first: number): readonly Block[] {
  const from = blocks[first]?.offset ?? 0;
  let next = first + 1;
  for (let end = endOf(blocks[first]); blocks[next]?.offset === end && end - from < READ_BYTES_MAX; next++) end = endOf(blocks[next]);
  return blocks.slice(first, next);
}

const endOf = (block: Block | undefined): number => (block ? block.offset + block.length + TRAILER_BYTES : 0);

function checkBlock(bytes: Buffer, offset: number): void {
  const end = bytes.length - 4;
  if (bytes.readUInt32LE(end) !== maskedCrc32c(bytes, 0, end)) throw new DamagedFile(`the block at byte ${offset} fails its checksum`);
}

/** The blocks that an index block names. */
function entries(block: Buffer, { offset, length }: Block): IndexEntry[] {
  checkBlock(block, offset);
  const packed = block.subarray(0, length);
  const bytes = block.readUInt8(length) === PACKED_SNAPPY ? unpackSnappy(packed) : packed;
  const restarts = bytes.readUInt32LE(bytes.length - 4);
  const cursor = new Cursor(bytes.subarray(0, bytes.length - 4 * (restarts + 1)));
  const found: IndexEntry[] = [];
  let keyByte = 0;
  while (!cursor.atEnd) {
    const shared = cursor.varint();
    const keyLength = cursor.varint();
    const valueLength = cursor.varint();
    const key = cursor.take(keyLength);
    if (shared === 0) keyByte = key.readUInt8(0);
    found.push({ ...readHandle(new Cursor(cursor.take(valueLength))), keyByte });
  }
  return found;
}
