/**
 * Answers to watchers, as bytes with their frames. Events are encoded once, however many watchers are told of them: what is a watcher's own (its id)
 * comes before them, and the rest is the same bytes for all.
 *
 * ```
 *   frame header | 0a header | 10 watch id | [38 01 fragment] | 5a event | 5a event | …
 *   ^ a piece for each watcher                                  ^ a piece for all
 * ```
 */
import { type DraftOf, EVENT_TYPE, EventMessage, type ResponseHeader, WatchResponse } from '../../rpc/index.ts';
import type { Revision, StoreEvent } from '../../store.ts';
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../grpc/framing.ts';
import { keyValueDraft } from '../kv/responses.ts';

/** `events` in a WatchResponse: field 11, a message. */
const EVENT_TAG = 0x5a;
const VARINT_BITS = 7;
const VARINT_MORE = 0x80;

type Events = readonly StoreEvent[];

export interface EventBatch {
  readonly revision: Revision;
  readonly events: Events;
}

const FRAGMENT: Buffer = WatchResponse.encode({ fragment: true });

/** A watch's id, as its answers have it. */
export const encodeWatchId = (watchId: number): Buffer => WatchResponse.encode({ watchId });

export class WatchEncoder {
  readonly #headerAt: (revision: Revision) => DraftOf<typeof ResponseHeader>;
  /** Gone with the events. Watches of one range are given the same list, those of others the same events in other lists. */
  readonly #lists = new WeakMap<Events, Buffer>();
  readonly #events = new WeakMap<StoreEvent, Buffer>();
  #header: { readonly revision: Revision; readonly bytes: Buffer } = { revision: -1, bytes: Buffer.alloc(0) };

  constructor(headerAt: (revision: Revision) => DraftOf<typeof ResponseHeader>) {
    this.#headerAt = headerAt;
  }

  /**
   * Tells of events.
   *
   * @param id the watch's, encoded.
   * @param bytesMax a longer answer is given in fragments of whole events, as etcd's `sendFragments` does; undefined for one answer.
   * @returns one or more messages with their frames, in pieces.
   */
  encode(id: Buffer, { revision, events }: EventBatch, bytesMax = Number.POSITIVE_INFINITY): Buffer[] {
    const header = this.#encodedHeader(revision);
    const body = this.#list(events);
    const headBytes = header.length + id.length;
    if (headBytes + body.length < bytesMax || events.length < 2) return [framed([header, id], body.length), body];
    const pieces = split(
      events.map((event) => this.#event(event)),
      bytesMax - headBytes - FRAGMENT.length,
    );
    return pieces.flatMap((piece, at) => {
      const part = Buffer.concat(piece);
      return [framed(at === pieces.length - 1 ? [header, id] : [header, id, FRAGMENT], part.length), part];
    });
  }

  #encodedHeader(revision: Revision): Buffer {
    if (this.#header.revision !== revision) {
      this.#header = { revision, bytes: WatchResponse.encode({ header: this.#headerAt(revision) }) };
    }
    return this.#header.bytes;
  }

  #list(events: Events): Buffer {
    const known = this.#lists.get(events);
    if (known) return known;
    const encoded = events.map((event) => this.#event(event));
    const [first] = encoded;
    const joined = first && encoded.length === 1 ? first : Buffer.concat(encoded);
    this.#lists.set(events, joined);
    return joined;
  }

  #event(event: StoreEvent): Buffer {
    const known = this.#events.get(event);
    if (known) return known;
    const { type, kv, prev } = event;
    const bytes = EventMessage.encode({ type: EVENT_TYPE[type], kv: keyValueDraft(kv), prevKv: prev && keyValueDraft(prev) });
    const encoded = withLength(bytes);
    this.#events.set(event, encoded);
    return encoded;
  }
}

/** The head of a message, with the frame that is for all of it. */
function framed(head: readonly Buffer[], bodyBytes: number): Buffer {
  const headBytes = head.reduce((sum, piece) => sum + piece.length, 0);
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + headBytes);
  writeFrameHeader(bytes, headBytes + bodyBytes);
  let at = FRAME_HEADER_BYTES;
  for (const piece of head) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** In pieces that are shorter than `bytesMax`; an event that is longer by itself is a piece by itself. */
function split(events: readonly Buffer[], bytesMax: number): Buffer[][] {
  const pieces: Buffer[][] = [];
  let room = 0;
  for (const event of events) {
    const piece = pieces.at(-1);
    if (piece && event.length < room) {
      piece.push(event);
      room -= event.length;
    } else {
      pieces.push([event]);
      room = bytesMax - event.length;
    }
  }
  return pieces;
}

function withLength(message: Buffer): Buffer {
  const head = [EVENT_TAG];
  let left = message.length;
  for (; left >= VARINT_MORE; left >>>= VARINT_BITS) head.push((left & (VARINT_MORE - 1)) | VARINT_MORE);
  head.push(left);
  return Buffer.concat([Buffer.from(head), message]);
}
