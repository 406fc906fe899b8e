/**
 * The `:authority` of a request, where it is written, made acceptable.
 *
 * Go clients of etcd up to 3.5.0 put a whole URL there (`http://127.0.0.1:2379`; `etcdctl endpoint status`, `defrag` and `hashkv` do). Go's servers
 * never look at it; Node's HTTP/2 resets the stream, and cannot be told not to. Nobody here needs the authority, so one that would be refused
 * is written over with letters, in the header block (HPACK, RFC 7541), before Node sees it. The new one has as many letters and as many bits as
 * the old one: nothing moves, and the entry it makes in the table of both sides is as large as the client thinks.
 */

/** `:authority` in HPACK's static table. */
const AUTHORITY_INDEX = 1;
const HUFFMAN_FLAG = 0x80;
const BYTE_BITS = 8;

/** Symbols of HPACK's Huffman code (RFC 7541, appendix B) by the bits of their codes, as far as they are likely; the code is canonical. */
const SYMBOLS: readonly (readonly [bits: number, symbols: string])[] = [
  [5, '012aceiost'],
  [6, ' %-./3456789=A_bdfghlmnpru'],
  [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'],
  [8, '&*,;XZ'],
  [10, '!"()?'],
  [11, "'+|"],
  [12, '#>'],
  [13, '\0$@[]~'],
];
/** A letter with its code, for each number of bits that the new authority is made of. */
const LETTERS: Readonly<Record<number, number>> = { 5: 0b00011, 6: 0b100011, 7: 0b1110110, 8: 0b11111100 };
const LETTER_BITS_MIN = 5;
const LETTER_BITS_MAX = 8;
const PLAIN_LETTER = 'a';

/** What may be in an authority (RFC 3986). */
const ACCEPTABLE = /^[\w.~!$&'()*+,;=:@%[\]-]*$/;

/** Writes over the authority in a header block when it would be refused. A block that is not understood is left as it is. */
export function mendAuthority(block: Buffer): void {
  const value = findAuthority(block);
  if (!value) return;
  const { start, end, huffman } = value;
  const bytes = block.subarray(start, end);
  if (!huffman) {
    if (!ACCEPTABLE.test(bytes.toString('latin1'))) bytes.fill(PLAIN_LETTER);
    return;
  }
  const decoded = decodeHuffman(bytes);
  if (decoded && !ACCEPTABLE.test(decoded.text)) writeLetters(bytes, decoded.text.length, decoded.bits);
}

interface Literal {
  readonly start: number;
  readonly end: number;
  readonly huffman: boolean;
}

/** Walks the block (RFC 7541, 6). */
function findAuthority(block: Buffer): Literal | undefined {
  for (let at = 0; at < block.length; ) {
    const { nameIndex, value, end } = readField(block, at);
    if (end > block.length) return undefined;
    if (value && nameIndex === AUTHORITY_INDEX) return value;
    at = end;
  }
  return undefined;
}

interface HeaderField {
  /** Undefined where the whole header is in the table, or it is no header. */
  readonly value?: Literal | undefined;
  /** 0 where the name is written out. */
  readonly nameIndex: number;
  readonly end: number;
}

function readField(block: Buffer, at: number): HeaderField {
  const first = block[at] ?? 0;
  if (first >= 0x80) return { nameIndex: 0, end: readInteger(block, at, 7).next };
  const newTableSize = (first & 0xe0) === 0x20;
  if (newTableSize) return { nameIndex: 0, end: readInteger(block, at, 5).next };
  const name = readInteger(block, at, first >= 0x40 ? 6 : 4);
  const value = readLiteral(block, name.value === 0 ? readLiteral(block, name.next).end : name.next);
  return { nameIndex: name.value, value, end: value.end };
}

/** RFC 7541, 5.1. */
function readInteger(block: Buffer, at: number, prefixBits: number): { readonly value: number; readonly next: number } {
  const most = 2 ** prefixBits - 1;
  let value = (block[at] ?? 0) & most;
  let next = at + 1;
  if (value < most) return { value, next };
  for (let factor = 1; next < block.length; factor *= 128) {
    const byte = block[next++] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  return { value, next };
}

/** RFC 7541, 5.2. */
function readLiteral(block: Buffer, at: number): Literal {
  const { value, next } = readInteger(block, at, 7);
  return { start: next, end: next + value, huffman: ((block[at] ?? 0) & HUFFMAN_FLAG) !== 0 };
}

/** @returns the text and how many bits it takes; nothing when there is a symbol in it that is not known here. */
function decodeHuffman(bytes: Buffer): { readonly text: string; readonly bits: number } | undefined {
  let text = '';
  let at = 0;
  const end = bytes.length * BYTE_BITS;
  for (;;) {
    const symbol = symbolAt(bytes, at);
    if (!symbol) break;
    text += symbol.text;
    at += symbol.bits;
  }
  // What is left fills up the last byte.
  return end - at < BYTE_BITS ? { text, bits: at } : undefined;
}

function symbolAt(bytes: Buffer, at: number): { readonly text: string; readonly bits: number } | undefined {
  let firstCode = 0;
  let before = 0;
  for (const [bits, symbols] of SYMBOLS) {
    if (at + bits > bytes.length * BYTE_BITS) return undefined;
    firstCode <<= bits - before;
    before = bits;
    const text = symbols[bitsAt(bytes, at, bits) - firstCode];
    if (text !== undefined) return { text, bits };
    firstCode += symbols.length;
  }
  return undefined;
}

function bitsAt(bytes: Buffer, at: number, count: number): number {
  let value = 0;
  for (let bit = at; bit < at + count; bit++) value = (value << 1) | (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
  return value;
}

/** So many letters in so many bits. */
function writeLetters(bytes: Buffer, letters: number, bits: number): void {
  const short = Math.floor(bits / letters);
  const long = bits - short * letters;
  if (short < LETTER_BITS_MIN || short + Math.sign(long) > LETTER_BITS_MAX) return;
  const codes = Array.from({ length: letters }, (_, at) => (at < long ? short + 1 : short))
    .map((length) => (LETTERS[length] ?? 0).toString(2).padStart(length, '0'))
    .join('');
  const padded = codes.padEnd(bytes.length * BYTE_BITS, '1');
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(padded.slice(at * BYTE_BITS, (at + 1) * BYTE_BITS), 2);
}
