// Values of ASN.1, checked as Go's `encoding/asn1` checks them, in its order and in its words.
import { isUtf8 } from 'node:buffer';
import { base128At, DER_TAG, type DerElement, DerError } from './der-reader.ts';

const INTEGER_BYTES_MAX = 8;
const PADDING_BITS_MAX = 7;

/** @throws DerError for what is no number of 64 bits. */
export function checkInteger(content: Buffer): void {
  checkMinimal(content);
  if (content.length > INTEGER_BYTES_MAX) throw new DerError('asn1: structure error: integer too large');
}

/** @throws DerError for what is no number, or one that has a shorter form. */
export function checkMinimal(content: Buffer): void {
  const [first, second] = content;
  if (first === undefined) throw new DerError('asn1: structure error: empty integer');
  const isLong = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (isLong) throw new DerError('asn1: structure error: integer not minimally-encoded');
}

/** The bytes of a bit string that is one of bytes, or is padded. @throws DerError */
export function bitsOf(content: Buffer): Buffer {
  const [padding] = content;
  if (padding === undefined) throw new DerError('asn1: syntax error: zero length BIT STRING');
  const last = content.at(-1) ?? 0;
  if (padding > PADDING_BITS_MAX || (content.length === 1 && padding > 0) || (last & ((1 << padding) - 1)) !== 0) {
    throw new DerError('asn1: syntax error: invalid padding bits in BIT STRING');
  }
  return rightAligned(content.subarray(1), padding);
}

/** Go's `RightAlign`: the padding goes from behind the bits to before them. */
function rightAligned(bytes: Buffer, padding: number): Buffer {
  if (padding === 0) return bytes;
  return Buffer.from(bytes.map((byte, i) => (byte >> padding) | ((bytes[i - 1] ?? 0) << (8 - padding))));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for is text of ASCII alone.
const ASCII = /^[\x00-\x7f]*$/;
/** With the `*` and the `&` that certificates have all the same. */
const PRINTABLE = /^[a-zA-Z0-9'()+,\-./ :=?*&]*$/;
const NUMERIC = /^[0-9 ]*$/;
const SYNTAX = 'asn1: syntax error: ';

/** Reads what may be anything; undefined for what is no text. @throws DerError for what is not of the type that it says. */
export function textOf({ tag, tagClass, constructed, content }: DerElement): string | undefined {
  if (constructed || tagClass !== 0) return undefined;
  switch (tag) {
    case DER_TAG.printable:
      return matching(content, PRINTABLE, 'PrintableString contains invalid character');
    case DER_TAG.numeric:
      return matching(content, NUMERIC, 'NumericString contains invalid character');
    case DER_TAG.ia5:
      return matching(content, ASCII, 'IA5String contains invalid character');
    case DER_TAG.t61:
      return content.toString('latin1');
    case DER_TAG.utf8:
      if (isUtf8(content)) return content.toString('utf8');
      throw new DerError('asn1: invalid UTF-8 string');
    case DER_TAG.bmp:
      return bmpText(content);
    default:
      OTHERS[tag]?.(content);
      return undefined;
  }
}

/** What is no text is looked at too. */
const OTHERS: Readonly<Record<number, (content: Buffer) => unknown>> = {
  [DER_TAG.boolean]: checkBoolean,
  [DER_TAG.integer]: checkInteger,
  [DER_TAG.bitString]: bitsOf,
  [DER_TAG.oid]: oidText,
};

/** @throws DerError */
export function checkBoolean(content: Buffer): void {
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError(`${SYNTAX}invalid boolean`);
}

function matching(content: Buffer, allowed: RegExp, error: string): string {
  const text = content.toString('latin1');
  if (allowed.test(text)) return text;
  throw new DerError(SYNTAX + error);
}

/** UTF-16, with or without a zero at its end. */
function bmpText(content: Buffer): string {
  if (content.length % 2 !== 0) throw new DerError('pkcs12: odd-length BMP string');
  const ends = content.length >= 2 && content.readUInt16BE(content.length - 2) === 0;
  const text = Buffer.from(ends ? content.subarray(0, -2) : content)
    .swap16()
    .toString('utf16le');
  return Buffer.from(text).toString(); // a half of a pair alone is no character
}

/** An object identifier written with dots. @throws DerError */
export function oidText(content: Buffer): string {
  if (content.length === 0) throw new DerError(`${SYNTAX}zero length OBJECT IDENTIFIER`);
  const head = base128At(content, 0);
  const first = Math.min(Math.floor(head.value / 40), 2);
  const numbers = [first, head.value - first * 40];
  for (let at = head.end; at < content.length; ) {
    const { value, end } = base128At(content, at);
    numbers.push(value);
    at = end;
  }
  return numbers.join('.');
}
