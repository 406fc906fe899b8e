import { ConnectionError } from './errors.ts';

const NEWLINE = 0x0a;
/** Longest event taken; a stream without newlines is garbage and must not fill the memory. */
const FRAME_BYTES_MAX = 64 * 2 ** 20;

/** A frame of a watch stream, unchecked beyond its outline. */
export interface WatchFrame {
  readonly type: string;
  readonly object: unknown;
}

/**
 * Cuts a byte stream into newline-delimited JSON values. Works on bytes, so that a character of several bytes may be split between two
 * chunks; the pieces of a long line are kept apart until its end, so that its cost stays linear.
 */
export class WatchDecoder {
  #pieces: Buffer[] = [];
  #bytes = 0;

  /**
   * @returns the frames completed by this chunk, in order.
   * @throws ConnectionError when a line is not a watch event, or too long.
   */
  push(chunk: Buffer): WatchFrame[] {
    const frames: WatchFrame[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const text = this.#line(chunk, start, end);
      start = end + 1;
      if (text.length > 0 && text.trim() !== '') frames.push(parseFrame(text));
    }
    if (start < chunk.length) this.#keep(start === 0 ? chunk : chunk.subarray(start));
    return frames;
  }

  /** @returns the frame that the stream's end completes, if it lacked just its newline. @throws ConnectionError when it was cut off. */
  end(): WatchFrame | undefined {
    if (this.#bytes === 0) return undefined;
    const text = this.#line(Buffer.alloc(0), 0, 0);
    return text.trim() === '' ? undefined : parseFrame(text);
  }

  #line(chunk: Buffer, start: number, end: number): string {
    if (this.#bytes === 0) return chunk.toString('utf8', start, end);
    this.#pieces.push(chunk.subarray(start, end));
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    return whole.toString('utf8');
  }

  #keep(rest: Buffer): void {
    this.#pieces.push(rest);
    this.#bytes += rest.length;
    if (this.#bytes > FRAME_BYTES_MAX) throw new ConnectionError('watch stream: an event is too long', { code: 'WATCH_GARBAGE' });
  }
}

function parseFrame(text: string): WatchFrame {
  try {
    const value: unknown = JSON.parse(text);
    if (isFrame(value)) return value;
  } catch (cause) {
    throw new ConnectionError('watch stream: a line is no JSON', { code: 'WATCH_GARBAGE', cause });
  }
  throw new ConnectionError('watch stream: a line is no watch event', { code: 'WATCH_GARBAGE' });
}

const isFrame = (value: unknown): value is WatchFrame =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'object' in value;
