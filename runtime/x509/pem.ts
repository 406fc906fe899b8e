/** One block of PEM. */
export interface PemBlock {
  /** What stands after BEGIN, such as `CERTIFICATE REQUEST`. */
  readonly type: string;
  readonly hasHeaders: boolean;
  readonly bytes: Buffer;
  /** What comes after it. */
  readonly rest: string;
}

const DASHES = '-----';
const BEGIN = /(?:^|\n)-----BEGIN ([^\n]*)/g;
const END = `\n${DASHES}END `;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** What may stand in a body; it is looked for before anything is copied. */
const BODY = /[A-Za-z0-9+/= \t\r\n]*/y;

/**
 * The first block that is whole, whatever stands around it; undefined when there is none. Go's `encoding/pem`, which decides what
 * Kubernetes takes for a certificate or a request.
 *
 * The text is a client's: nothing in it is looked at more than a few times, however many beginnings there are.
 */
export function decodePem(text: string): PemBlock | undefined {
  const blocks = new Blocks(text);
  for (const begin of text.matchAll(BEGIN)) {
    const line = withoutLineEnd(begin[1] ?? '');
    if (!line.endsWith(DASHES)) continue;
    const block = blocks.from(line.slice(0, -DASHES.length), begin.index + begin[0].length);
    if (block !== undefined) return block ?? undefined;
  }
  return undefined;
}

/** The blocks of a text, whose beginnings are told in their order: what one found out holds for the next. */
class Blocks {
  readonly #text: string;
  /** Where the header lines end that were last looked at: before the end of a line. */
  #headersEnd = -1;
  /** Where the next END line begins: before the end of the line before it. */
  #end = -1;
  #endType = '';
  #bytes: Buffer | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns undefined when this is no block, null when none can follow. */
  from(type: string, lineEnd: number): PemBlock | null | undefined {
    if (!this.#find(lineEnd)) return null;
    if (this.#endType !== `${type}${DASHES}` || !this.#bytes) return undefined;
    const next = this.#text.indexOf('\n', this.#end + 1);
    const rest = next < 0 ? '' : this.#text.slice(next + 1);
    return { type, hasHeaders: this.#headersEnd > lineEnd, bytes: this.#bytes, rest };
  }

  /** Finds the headers, END line and body of what begins above. @returns whether there is an END line. */
  #find(lineEnd: number): boolean {
    const before = { headersEnd: this.#headersEnd, end: this.#end };
    if (this.#headersEnd < lineEnd) this.#headersEnd = headersEnd(this.#text, lineEnd);
    if (this.#end < this.#headersEnd) this.#end = this.#text.indexOf(END, this.#headersEnd);
    if (this.#end < 0) return false;
    if (this.#end !== before.end) this.#endType = withoutLineEnd(lineAt(this.#text, this.#end + END.length));
    if (this.#end !== before.end || this.#headersEnd !== before.headersEnd) this.#bytes = bodyOf(this.#text, this.#headersEnd, this.#end);
    return true;
  }
}

/** Past the lines `name: value` that follow the end of a line. */
function headersEnd(text: string, lineEnd: number): number {
  let at = lineEnd;
  for (;;) {
    const next = text.indexOf('\n', at + 1);
    if (next < 0 || !text.slice(at, next).includes(':')) return at;
    at = next;
  }
}

function bodyOf(text: string, from: number, to: number): Buffer | undefined {
  BODY.lastIndex = from;
  BODY.test(text);
  if (BODY.lastIndex < to) return undefined;
  const base64 = text.slice(from, to).replace(/[ \t\r\n]/g, '');
  return BASE64.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

function lineAt(text: string, from: number): string {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.slice(from) : text.slice(from, end);
}

/** Without a carriage return, and then without blanks, at its end. */
function withoutLineEnd(line: string): string {
  let end = line.endsWith('\r') ? line.length - 1 : line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
  return line.slice(0, end);
}
