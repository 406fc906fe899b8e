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

export const DER_TAG = { integer: 2, bitString: 3, oid: 6, utf8: 12, sequence: 16, set: 17, bmp: 30 } as const;

const LENGTH_BYTES_MAX = 4;
const NO_OPTIONS =
  '{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}';

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

  /** @throws DerError when there is no whole element. */
  next(): DerElement {
    const start = this.#at;
    if (this.done) throw new DerError('asn1: syntax error: sequence truncated');
    const first = this.#byte();
    if ((first & 0x1f) === 0x1f) throw new DerError('asn1: structure error: tag too large');
    const length = this.#length();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new DerError('asn1: syntax error: data truncated');
    const content = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    const whole = this.#bytes.subarray(start, end);
    return { tag: first & 0x1f, tagClass: first >> 6, constructed: (first & 0x20) !== 0, content, whole };
  }

  /**
   * The next element, which has to be of a universal type.
   *
   * @param name what Go calls the type that it reads it into.
   * @throws DerError when it is another.
   */
  expect(tag: number, name: string): DerElement {
    const element = this.next();
    const constructed = tag === DER_TAG.sequence || tag === DER_TAG.set;
    if (element.tagClass === 0 && element.tag === tag && element.constructed === constructed) return element;
    const found = `{class:${element.tagClass} tag:${element.tag} length:${element.content.length} isCompound:${element.constructed}}`;
    const at = this.#at - element.content.length;
    throw new DerError(`asn1: structure error: tags don't match (${tag} vs ${found}) ${NO_OPTIONS} ${name} @${at}`);
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
    if (count > LENGTH_BYTES_MAX) throw new DerError('asn1: structure error: length too large');
    let length = 0;
    for (let i = 0; i < count; i++) {
      length = length * 256 + this.#byte();
      if (length === 0) throw new DerError('asn1: structure error: superfluous leading zeros in length');
    }
    if (length < 0x80) throw new DerError('asn1: structure error: non-minimal length');
    return length;
  }
}

/** An object identifier written with dots. */
export function oidText(content: Buffer): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    numbers.push(value);
    value = 0;
  }
  const [head = 0, ...rest] = numbers;
  const first = Math.min(Math.floor(head / 40), 2);
  return [first, head - first * 40, ...rest].join('.');
}
