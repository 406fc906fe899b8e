// Members of encoded objects, found without parsing. Texts are our own encoding: valid, and without spaces.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Where a member of an object begins: its name, that is, with the quote before it.
 *
 * @param from behind the object's opening brace.
 * @param member its name with quotes and a colon, and as much of its value as is known, in ASCII: `"uid":"`.
 * @returns -1 when the object has no such member.
 */
export function memberIn(bytes: Buffer, from: number, member: string): number {
  let depth = 0;
  for (let at = from; at < bytes.length && depth >= 0; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      if (depth === 0 && isAt(bytes, at, member)) return at;
      at = endOfString(bytes, at + 1) - 1;
    } else {
      depth += stepOf(byte);
    }
  }
  return -1;
}

/** How much deeper it is behind a byte that is in no string. */
function stepOf(byte: number | undefined): number {
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return 1;
  return byte === CLOSE_BRACE || byte === CLOSE_BRACKET ? -1 : 0;
}

function isAt(bytes: Buffer, at: number, text: string): boolean {
  for (let i = 1; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Behind the closing quote of a string. @param from behind its opening quote, or anywhere within it. */
export function endOfString(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at++;
  }
  return bytes.length;
}
