import { Cursor } from './varint.ts';

/** Unpacks Snappy's raw format (google/snappy, format_description.txt). @throws RangeError when the bytes are none. */
export function unpackSnappy(packed: Buffer): Buffer {
  const cursor = new Cursor(packed);
  const unpacked = Buffer.alloc(cursor.varint());
  let length = 0;
  while (!cursor.atEnd) {
    const tag = packed.readUInt8(cursor.at++);
    if ((tag & 3) === 0) {
      const literal = cursor.take(literalLength(tag >>> 2, cursor));
      if (length + literal.length > unpacked.length) throw new RangeError('more than there is to be');
      unpacked.set(literal, length);
      length += literal.length;
    } else {
      length = copy(unpacked, length, copyOf(tag, cursor));
    }
  }
  if (length !== unpacked.length) throw new RangeError('less than there is to be');
  return unpacked;
}

function literalLength(upper: number, cursor: Cursor): number {
  if (upper < 60) return upper + 1;
  return cursor.take(upper - 59).readUIntLE(0, upper - 59) + 1;
}

interface Copy {
  readonly offset: number;
  readonly length: number;
}

function copyOf(tag: number, cursor: Cursor): Copy {
  const upper = tag >>> 2;
  if ((tag & 3) === 1) return { length: (upper & 7) + 4, offset: ((upper >>> 3) << 8) | cursor.take(1).readUInt8(0) };
  const width = (tag & 3) === 2 ? 2 : 4;
  return { length: upper + 1, offset: cursor.take(width).readUIntLE(0, width) };
}

/** What is copied may overlap what it becomes, so it goes byte by byte. @returns the length afterwards. */
function copy(unpacked: Buffer, at: number, { offset, length }: Copy): number {
  if (offset === 0 || offset > at || at + length > unpacked.length) throw new RangeError('a copy of what is not there');
  for (let i = 0; i < length; i++) unpacked[at + i] = unpacked[at + i - offset] ?? 0;
  return at + length;
}
