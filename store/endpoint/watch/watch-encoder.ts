/**
 * Answers to watchers, as bytes with their frames. An event is encoded once, however many watchers are told of it: what is a watcher's own (its id)
 * comes before the events.
 *
 * ```
 *   frame header | 0a header | 10 watch id | [38 01 fragment] | 5a event | 5a event | …
 *                                                                 shared by all watchers
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

type HeaderAt = (revision: Revision) => DraftOf<typeof ResponseHeader>;

export class WatchEncoder {
  readonly #headerAt: HeaderAt;
  /** Gone with the events. */
  readonly #encoded = new WeakMap<StoreEvent, Buffer>();

  constructor(headerAt: HeaderAt) {
    this.#headerAt = headerAt;
  }

  /**
   * Tells of events.
   *
   * @param bytesMax a longer answer is given in fragments of whole events, as etcd's `sendFragments` does; undefined for one answer.
   */
  events(watchId: number, batch: { readonly revision: Revision; readonly events: readonly StoreEvent[] }, bytesMax?: number): Buffer[] {
    const encoded = batch.events.map((event) => this.#event(event));
    const header = this.#headerAt(batch.revision);
    const whole = framed(WatchResponse.encode({ header, watchId }), encoded);
    if (bytesMax === undefined || whole.length - FRAME_HEADER_BYTES < bytesMax || encoded.length < 2) return [whole];
    const last = WatchResponse.encode({ header, watchId });
    const first = WatchResponse.encode({ header, watchId, fragment: true });
    const pieces = split(encoded, bytesMax - first.length);
    return pieces.map((piece, at) => framed(at === pieces.length - 1 ? last : first, piece));
  }

  #event(event: StoreEvent): Buffer {
    const known = this.#encoded.get(event);
    if (known) return known;
    const { type, kv, prev } = event;
    const bytes = EventMessage.encode({ type: EVENT_TYPE[type], kv: keyValueDraft(kv), prevKv: prev && keyValueDraft(prev) });
    const encoded = withLength(bytes);
    this.#encoded.set(event, encoded);
    return encoded;
  }
}

function framed(head: Buffer, events: readonly Buffer[]): Buffer {
  const bytes = events.reduce((sum, event) => sum + event.length, head.length);
  const whole = Buffer.allocUnsafe(FRAME_HEADER_BYTES + bytes);
  writeFrameHeader(whole, bytes);
  whole.set(head, FRAME_HEADER_BYTES);
  let at = FRAME_HEADER_BYTES + head.length;
  for (const event of events) {
    whole.set(event, at);
    at += event.length;
  }
  return whole;
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
