/**
 * The little of ASN.1's distinguished encoding that a certificate needs: each function answers one element, tag, length and content.
 * Why not a library: docs/adr/0003.
 */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
};
/** The letters of ASN.1's PrintableString. */
const PRINTABLE = /^[A-Za-z0-9 '()+,./:=?-]*$/;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

/** An element with a given tag byte. */
function element(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

/** Short form up to 127, else the count of length bytes followed by them. */
function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

/** Encoders, named as ASN.1 names the types. */
export const der = {
  sequence: (...items: readonly Buffer[]): Buffer => element(SEQUENCE, Buffer.concat(items)),
  set: (...items: readonly Buffer[]): Buffer => element(SET, Buffer.concat(items)),
  boolean: (value: boolean): Buffer => element(TAG.boolean, Buffer.from([value ? 0xff : 0])),
  /** A positive integer given as big-endian bytes. */
  integer(bytes: Buffer): Buffer {
    let start = 0;
    while (start < bytes.length - 1 && bytes[start] === 0) start++;
    const significant = bytes.subarray(start);
    const negative = ((significant[0] ?? 0) & 0x80) !== 0;
    return element(TAG.integer, negative ? Buffer.concat([Buffer.from([0]), significant]) : significant);
  },
  bitString: (content: Buffer, unusedBits = 0): Buffer => element(TAG.bitString, Buffer.concat([Buffer.from([unusedBits]), content])),
  octetString: (content: Buffer): Buffer => element(TAG.octetString, content),
  /** Text as Go writes it: the plain sort where that has all the letters. */
  text: (text: string): Buffer => (PRINTABLE.test(text) ? element(TAG.printable, Buffer.from(text, 'ascii')) : der.utf8String(text)),
  utf8String: (text: string): Buffer => element(TAG.utf8, Buffer.from(text, 'utf8')),
  /** An object identifier written with dots. */
  oid(dotted: string): Buffer {
    const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
    return element(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
  },
  /** A time: as X.509 wants it, two digits of year until 2049, four from 2050 on. */
  time(epochMs: number): Buffer {
    const digits = `${new Date(epochMs).toISOString().slice(0, 19).replace(/\D/g, '')}Z`;
    return digits < '2050' ? element(TAG.utcTime, Buffer.from(digits.slice(2))) : element(TAG.generalizedTime, Buffer.from(digits));
  },
  /** `[tag] IMPLICIT`, of a primitive. */
  implicit: (tag: number, content: Buffer): Buffer => element(CONTEXT | tag, content),
  /** `[tag] EXPLICIT`, around an element. */
  explicit: (tag: number, content: Buffer): Buffer => element(CONTEXT | CONSTRUCTED | tag, content),
};

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}
