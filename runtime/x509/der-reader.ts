/** What cannot be read, in the words of Go's `encoding/asn1`: clients are shown them. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** One element: what it is, and what is in it. */
export interface DerElement {
  /** The number of its tag. */
  readonly tag: number;
  /** 0 universal, 2 of its context. */
  readonly tagClass: number;
  readonly constructed: boolean;
  readonly content: Buffer;
  /** All of it, tag and length included. */
  readonly whole: Buffer;
}

export const DER_TAG = {
  boolean: 1,
  integer: 2,
  bitString: 3,
  octets: 4,
  oid: 6,
  utf8: 12,
  sequence: 16,
  set: 17,
  numeric: 18,
  printable: 19,
  t61: 20,
  ia5: 22,
  bmp: 30,
} as const;

/** The tag that says that the number of it follows. */
const LONG_TAG = 0x1f;
const CONTEXT_CLASS = 2;
/** From here on a length cannot have one more byte. */
const LENGTH_MAX = 2 ** 23;
const NO_OPTIONS =
  '{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}';
/** Bytes of a number in base 128. */
const BASE128_BYTES_MAX = 5;
const INT32_MAX = 2 ** 31 - 1;

/** What stands before the content of an element. */
interface Header {
  readonly tag: number;
  readonly tagClass: number;
  readonly constructed: boolean;
  readonly length: number;
}

/** Reads the elements of a sequence of bytes, one after the other. */
export class DerReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next element, whatever it is. @throws DerError when there is no whole one. */
  next(): DerElement {
    const start = this.#at;
    return this.#element(start, this.#header());
  }

  /**
   * The next element, which has to be of a universal type: its tag is looked at before its length.
   *
   * @param name what Go calls the type that it reads it into.
   * @throws DerError when it is another.
   */
  expect(tag: number, name: string): DerElement {
    const start = this.#at;
    const header = this.#header();
    if (isOf(header, tag)) return this.#element(start, header);
    throw new DerError(`asn1: structure error: tags don't match (${tag} vs ${told(header)}) ${NO_OPTIONS} ${name} @${this.#at}`);
  }

  /** As {@link expect}, of a sequence under a tag of its context. */
  expectIn(tag: number): DerElement {
    const start = this.#at;
    const header = this.#header();
    const isIt = header.tagClass === CONTEXT_CLASS && header.tag === tag && header.constructed;
    if (isIt) return this.#element(start, header);
    throw new DerError(`asn1: structure error: tags don't match (${tag} vs ${told(header)}) ${NO_OPTIONS}  @${this.#at}`);
  }

  /** The next element if it is of that type. @throws DerError when there is none, or it is not whole. */
  ifNext(tag: number): DerElement | undefined {
    const start = this.#at;
    const header = this.#header();
    if (isOf(header, tag)) return this.#element(start, header);
    this.#at = start;
    return undefined;
  }

  /**
   * All that is left: elements of one type, or of any. They are counted before any is looked into, as in Go.
   *
   * @throws DerError
   */
  rest(tag?: number): DerElement[] {
    const found: DerElement[] = [];
    while (!this.done) {
      const start = this.#at;
      const header = this.#header();
      if (tag !== undefined && !isOf(header, tag)) throw new DerError('asn1: structure error: sequence tag mismatch');
      found.push(this.#element(start, header, 'truncated sequence'));
    }
    return found;
  }

  #element(start: number, { tag, tagClass, constructed, length }: Header, truncated = 'data truncated'): DerElement {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new DerError(`asn1: syntax error: ${truncated}`);
    const content = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return { tag, tagClass, constructed, content, whole: this.#bytes.subarray(start, end) };
  }

  #header(): Header {
    if (this.done) throw new DerError('asn1: syntax error: sequence truncated');
    const first = this.#byte();
    const tag = (first & LONG_TAG) === LONG_TAG ? this.#longTag() : first & LONG_TAG;
    return { tag, tagClass: first >> 6, constructed: (first & 0x20) !== 0, length: this.#length() };
  }

  #longTag(): number {
    const { value, end } = base128At(this.#bytes, this.#at);
    if (value < LONG_TAG) throw new DerError('asn1: syntax error: non-minimal tag');
    this.#at = end;
    return value;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new DerError('asn1: syntax error: truncated tag or length');
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0) throw new DerError('asn1: syntax error: indefinite length found (not DER)');
    let length = 0;
    for (let i = 0; i < count; i++) {
      const byte = this.#byte();
      if (length >= LENGTH_MAX) throw new DerError('asn1: structure error: length too large');
      length = length * 256 + byte;
      if (length === 0) throw new DerError('asn1: structure error: superfluous leading zeros in length');
    }
    if (length < 0x80) throw new DerError('asn1: structure error: non-minimal length');
    return length;
  }
}

const told = ({ tagClass, tag, length, constructed }: Header): string =>
  `{class:${tagClass} tag:${tag} length:${length} isCompound:${constructed}}`;

/** Sequences and sets have elements, others have not. */
const isOf = (header: Header, tag: number): boolean =>
  header.tagClass === 0 && header.tag === tag && header.constructed === (tag === DER_TAG.sequence || tag === DER_TAG.set);

/** Reads one number in base 128 at a place. @throws DerError */
export function base128At(bytes: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; at + i < bytes.length; i++) {
    const byte = bytes[at + i] ?? 0;
    if (i === BASE128_BYTES_MAX) throw new DerError('asn1: structure error: base 128 integer too large');
    if (i === 0 && byte === 0x80) throw new DerError('asn1: syntax error: integer is not minimally encoded');
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (value > INT32_MAX) throw new DerError('asn1: structure error: base 128 integer too large');
    return { value, end: at + i + 1 };
  }
  throw new DerError('asn1: syntax error: truncated base 128 integer');
}
