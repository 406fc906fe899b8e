// Protocol Buffers on the wire: tags, varints and length-prefixed bytes, read forwards and written backwards.
//
// Written backwards, a nested message's length is known when its prefix is due, so that nothing is measured or copied:
//
//        [ ........ free ........ | tag | length | payload ]
//                                 ^ at
import { DecodeError } from '../decode-error.ts';

/** The wire types that are in use. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const TWO_32 = 0x1_0000_0000;
/** More nesting than this is an attack. */
const DEPTH_MAX = 500;

export class WireReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;
  readonly #depth: number;
  /** Wire type of the field whose tag was read last. */
  wire: number = WIRE.bytes;

  constructor(bytes: Buffer, at = 0, end = bytes.length, depth = 0) {
    if (depth > DEPTH_MAX) throw new DecodeError('proto: exceeded max depth');
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
    this.#depth = depth;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** Field number of the next field; sets {@link wire}. */
  tag(): number {
    const tag = this.uint32();
    this.wire = tag & 7;
    if (tag >>> 3 === 0) throw new DecodeError('proto: illegal tag 0 (wire type 0)');
    return tag >>> 3;
  }

  /** The low 32 bits of a varint. */
  uint32(): number {
    // Almost all are of one byte.
    const first = this.#bytes[this.#at];
    if (first === undefined || this.#at >= this.#end || first >= 0x80) return Number(this.#varint() & 0xffff_ffffn);
    this.#at++;
    return first;
  }

  int32(): number {
    return this.uint32() | 0;
  }

  /** A signed 64-bit integer; a bigint where a number would lose digits. */
  int64(): number | bigint {
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80 && this.#at < this.#end) {
      this.#at++;
      return first;
    }
    const value = BigInt.asIntN(64, this.#varint());
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  bool(): boolean {
    return this.int64() !== 0;
  }

  double(): number {
    if (this.#at + 8 > this.#end) throw truncated();
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  bytes(): Buffer {
    const start = this.#lengthDelimited();
    return this.#bytes.subarray(start, this.#at);
  }

  string(): string {
    const start = this.#lengthDelimited();
    return this.#bytes.toString('utf8', start, this.#at);
  }

  /** A reader of the nested message that comes next. */
  nested(): WireReader {
    const start = this.#lengthDelimited();
    return new WireReader(this.#bytes, start, this.#at, this.#depth + 1);
  }

  /** Passes over a length and as many bytes; where they begin. */
  #lengthDelimited(): number {
    const length = this.uint32();
    const start = this.#at;
    if (start + length > this.#end) throw truncated();
    this.#at += length;
    return start;
  }

  /** Skips the value of a field that is not known. */
  skip(): void {
    if (this.wire === WIRE.varint) this.#varint();
    else if (this.wire === WIRE.fixed64) this.#advance(8);
    else if (this.wire === WIRE.bytes) this.#lengthDelimited();
    else if (this.wire === WIRE.fixed32) this.#advance(4);
    else throw new DecodeError(`proto: illegal wireType ${this.wire}`);
  }

  #advance(count: number): void {
    if (this.#at + count > this.#end) throw truncated();
    this.#at += count;
  }

  #varint(): bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new DecodeError('proto: integer overflow');
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined || this.#at >= this.#end) throw truncated();
    this.#at++;
    return byte;
  }
}

const truncated = (): DecodeError => new DecodeError('unexpected EOF');

const INITIAL_SIZE = 4_096;

export class WireWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_SIZE);
  #at = INITIAL_SIZE;

  /** How much was written so far. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** Everything written; the writer must not be used after it. */
  finish(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  tag(number: number, wire: number): void {
    this.#unsigned(number * 8 + wire);
  }

  /** Tag and length of what was written since `before`. */
  close(number: number, before: number): void {
    this.#unsigned(this.length - before);
    this.tag(number, WIRE.bytes);
  }

  int(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) this.#unsigned(value);
    else this.#big(BigInt.asUintN(64, BigInt(value)));
  }

  bool(value: boolean): void {
    this.#unsigned(value ? 1 : 0);
  }

  double(value: number): void {
    this.#room(8);
    this.#at -= 8;
    this.#bytes.writeDoubleLE(value, this.#at);
  }

  bytes(value: Buffer): void {
    this.#room(value.length);
    this.#at -= value.length;
    value.copy(this.#bytes, this.#at);
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.#room(length);
    this.#at -= length;
    this.#bytes.write(value, this.#at, length, 'utf8');
  }

  #unsigned(value: number): void {
    const low = value % 0x80;
    if (value < 0x80) {
      this.#byte(low);
      return;
    }
    if (value >= TWO_32) {
      this.#big(BigInt(value));
      return;
    }
    this.#unsigned7(value >>> 7);
    // The groups of seven bits come lowest first, so the lowest is written last.
    this.#byte(low | 0x80);
  }

  /** The groups above the lowest, highest first. */
  #unsigned7(value: number): void {
    const groups: number[] = [];
    for (let rest = value; rest > 0; rest >>>= 7) groups.push(rest & 0x7f);
    for (let i = groups.length - 1; i >= 0; i--) this.#byte((groups[i] ?? 0) | (i === groups.length - 1 ? 0 : 0x80));
  }

  #big(value: bigint): void {
    const groups: number[] = [];
    for (let rest = value; rest > 0n; rest >>= 7n) groups.push(Number(rest & 0x7fn));
    for (let i = groups.length - 1; i >= 0; i--) this.#byte((groups[i] ?? 0) | (i === groups.length - 1 ? 0 : 0x80));
  }

  #byte(value: number): void {
    this.#room(1);
    this.#bytes[--this.#at] = value;
  }

  #room(count: number): void {
    if (count <= this.#at) return;
    const used = this.length;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, used + count));
    this.#bytes.copy(grown, grown.length - used, this.#at);
    this.#at = grown.length - used;
    this.#bytes = grown;
  }
}
