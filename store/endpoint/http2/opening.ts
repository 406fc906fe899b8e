/**
 * The beginning of an HTTP/2 connection, up to the first request, whose authority is mended (`authority.ts`) before Node's HTTP/2 takes over; later
 * requests refer to the first one's.
 *
 * ```
 *   client                                   here
 *     preface, SETTINGS, WINDOW_UPDATE ──►
 *       (a client that sends its request at once: nothing to wait for)
 *                                       ◄── SETTINGS (empty), which Go's clients wait for
 *     SETTINGS acknowledged            ──►   taken out: Node did not ask for it
 *     HEADERS                          ──►   mended; everything so far is Node's from now on
 * ```
 */
import { mendAuthority } from './authority.ts';

const PREFACE_BYTES = 24;
const FRAME_HEADER_BYTES = 9;
/** A connection that says so much without a request is handed over as it is. */
const OPENING_BYTES_MAX = 256 * 1024;

const TYPE = { headers: 1, priority: 2, settings: 4, windowUpdate: 8 } as const;
const FLAG = { ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;
/** Weight and dependency. */
const PRIORITY_BYTES = 5;

export const EMPTY_SETTINGS: Buffer = Buffer.from([0, 0, 0, TYPE.settings, 0, 0, 0, 0, 0]);

/** What to do next: hand over these bytes, answer with SETTINGS, or wait. */
export type OpeningStep = { readonly type: 'done'; readonly bytes: Buffer } | { readonly type: 'answer' } | { readonly type: 'wait' };

const WAIT: OpeningStep = { type: 'wait' };

export class Http2Opening {
  #bytes: Buffer = Buffer.alloc(0);
  /** Up to where the frames have been looked at. */
  #at = PREFACE_BYTES;
  #answered = false;
  #acknowledged = false;
  #settingsSeen = false;
  #requestSeen = false;

  push(chunk: Buffer): OpeningStep {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (!this.#done && this.#step());
    if (this.#done || this.#bytes.length > OPENING_BYTES_MAX) return { type: 'done', bytes: this.#bytes };
    if (this.#answered || !this.#settingsSeen || this.#requestSeen || this.#at < this.#bytes.length) return WAIT;
    this.#answered = true;
    return { type: 'answer' };
  }

  get #done(): boolean {
    return this.#requestSeen && (!this.#answered || this.#acknowledged);
  }

  /** Looks at a frame. @returns false when there is no whole one. */
  #step(): boolean {
    const start = this.#at;
    if (this.#bytes.length < start + FRAME_HEADER_BYTES) return false;
    const end = start + FRAME_HEADER_BYTES + this.#bytes.readUIntBE(start, 3);
    if (this.#bytes.length < end) return false;
    const type = this.#bytes[start + 3];
    const flags = this.#bytes[start + 4] ?? 0;
    this.#at = end;
    if (type === TYPE.settings) this.#onSettings(start, end, flags);
    else if (type === TYPE.headers) this.#onHeaders(this.#bytes.subarray(start + FRAME_HEADER_BYTES, end), flags);
    else if (type !== TYPE.windowUpdate && type !== TYPE.priority) this.#requestSeen = true;
    return true;
  }

  #onSettings(start: number, end: number, flags: number): void {
    this.#settingsSeen = true;
    if ((flags & FLAG.ack) === 0 || !this.#answered || this.#acknowledged) return;
    this.#acknowledged = true;
    this.#bytes = Buffer.concat([this.#bytes.subarray(0, start), this.#bytes.subarray(end)]);
    this.#at = start;
  }

  #onHeaders(payload: Buffer, flags: number): void {
    if (!this.#requestSeen && (flags & FLAG.endHeaders) !== 0) {
      const padding = (flags & FLAG.padded) === 0 ? 0 : (payload[0] ?? 0);
      const start = ((flags & FLAG.padded) === 0 ? 0 : 1) + ((flags & FLAG.priority) === 0 ? 0 : PRIORITY_BYTES);
      mendAuthority(payload.subarray(start, payload.length - padding));
    }
    this.#requestSeen = true;
  }
}
