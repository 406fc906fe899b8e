import { type AnyMessage, encodeProtobufList } from '../../api/schema.ts';
import { type BodySink, GZIP_BYTES_MIN, openBody } from '../pipeline/compression.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { headersFor, JSON_TYPE, sendEncoded } from '../pipeline/respond.ts';
import type { Resource } from '../registry/resource.ts';
import type { WireForm } from '../registry/wire-form.ts';
import type { Entry } from '../watch-cache/entry.ts';
import { encodeAs, wrongShape } from './encoder.ts';
import type { ListPage } from './list-reader.ts';
import { type Accepted, type Encoding, MEDIA_TYPE } from './negotiation.ts';
import { beginWriting, endWriting } from './operation-span.ts';
import type { Pacer } from './pacer.ts';
import { partialMessage } from './partial-message.ts';
import { indented, inOrder, readable, wantsPretty } from './pretty.ts';
import type { Rest } from './rest.ts';
import { partialOf, readInclude, tableOf } from './table.ts';

/** Items are gathered into writes of about this size. */
const WRITE_BYTES = 256 * 1024;

const OPEN_BRACE = 0x7b;
const COMMA = 0x2c;

/**
 * What a list will be answered as: asked before anything is changed.
 *
 * @throws ApiError (406, or 400 for a wrong includeObject).
 */
export function acceptList(exchange: Exchange, resource: Resource, accepted: Accepted): Accepted {
  if (accepted.as?.form === 'PartialObjectMetadata') throw wrongShape(resource, accepted.as.form, true);
  if (accepted.as?.form === 'Table') readInclude(exchange);
  return accepted;
}

/** Answers a list in what the client takes. */
export async function sendList(
  { pacer }: Pick<Rest, 'pacer'>,
  exchange: Exchange,
  resource: Resource,
  { accepted, page }: { readonly accepted: Accepted; readonly page: ListPage },
): Promise<void> {
  const type = MEDIA_TYPE[accepted.encoding];
  const writing = exchange.span && beginWriting(exchange, type, resource.wire.apiVersion);
  if (accepted.encoding === 'json' && !accepted.as) {
    await sendJson(exchange, resource, page, pacer);
    endWriting(exchange, writing, page.entries.length);
    return;
  }
  if (accepted.encoding !== 'json') {
    exchange.audit?.answeredObject(() => transform(exchange, resource, { ...accepted, encoding: 'json' }, page));
  }
  const body = transform(exchange, resource, accepted, page);
  sendEncoded(exchange, 200, type, accepted.encoding === 'json' ? readable(exchange, body) : body);
  endWriting(exchange, writing, page.entries.length);
}

/**
 * Items are copied from their served bytes, never parsed: `{` and everything from the metadata on, up to the newline. The length is known
 * before, so an answer that is not compressed needs no chunks; it goes out at the reader's pace.
 */
async function sendJson(exchange: Exchange, resource: Resource, page: ListPage, pacer: Pacer): Promise<void> {
  const { response } = exchange;
  const { itemAt } = resource.wire;
  const { head, tail } = envelopeOf(resource.wire, page);
  const { entries } = page;
  if (wantsPretty(exchange)) {
    const { message } = resource.type;
    const ordered = message ? entries.map(({ bytes }) => ({ bytes: inOrder(bytes, message) })) : entries;
    sendEncoded(exchange, 200, JSON_TYPE, indented(Buffer.concat([...chunks(head, ordered, itemAt, tail)])));
    return;
  }
  let length = head.length + tail.length + Math.max(0, entries.length - 1);
  for (const { bytes } of entries) length += bytes.length - itemAt;
  exchange.answeredBytes = length;
  const body = openBody(exchange, { status: 200, headers: headersFor(exchange, JSON_TYPE), length, gzipAbove: GZIP_BYTES_MIN });
  if (exchange.request.method === 'HEAD') {
    response.end();
    return;
  }
  for (const chunk of chunks(head, entries, itemAt, tail)) {
    const turn = pacer.take();
    if (turn !== undefined) await turn;
    if (response.destroyed) return;
    if (!body.write(chunk)) await drained(body);
  }
  body.end();
}

/** What is around the items. */
function envelopeOf(wire: WireForm, page: ListPage): { head: Buffer; tail: Buffer } {
  const metadata = JSON.stringify(metadataOf(page, wire));
  const kind = `"kind":"${wire.listKind}"`;
  const apiVersion = `"apiVersion":"${wire.apiVersion}"`;
  const [head, tail] = wire.isUnstructured
    ? [`{${apiVersion},"items":[`, `],${kind},"metadata":${metadata}}\n`]
    : [`{${kind},${apiVersion},"metadata":${metadata},"items":[`, ']}\n'];
  return { head: Buffer.from(head), tail: Buffer.from(tail) };
}

function* chunks(head: Buffer, entries: readonly Pick<Entry, 'bytes'>[], itemAt: number, tail: Buffer): Iterable<Buffer> {
  let chunk = Buffer.allocUnsafeSlow(WRITE_BYTES);
  let at = head.copy(chunk);
  for (let i = 0; i < entries.length; i++) {
    const bytes = entries[i]?.bytes;
    if (!bytes) continue;
    const size = bytes.length - itemAt + 1;
    if (at + size > WRITE_BYTES) {
      yield chunk.subarray(0, at);
      chunk = Buffer.allocUnsafeSlow(Math.max(WRITE_BYTES, size));
      at = 0;
    }
    if (i > 0) chunk[at++] = COMMA;
    chunk[at++] = OPEN_BRACE;
    at += bytes.copy(chunk, at, itemAt, bytes.length - 1);
  }
  yield chunk.subarray(0, at);
  yield tail;
}

function drained(body: BodySink): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      body.off('drain', done);
      body.off('close', done);
      resolve();
    };
    body.once('drain', done);
    body.once('close', done);
  });
}

/** A list's metadata. */
export function metadataOf(
  { revision, continue: next, remaining }: Omit<ListPage, 'entries'>,
  { isUnstructured }: Pick<WireForm, 'isUnstructured'>,
): Record<string, unknown> {
  const resourceVersion = revision === undefined ? undefined : String(revision);
  if (isUnstructured) return { continue: next, remainingItemCount: remaining, resourceVersion };
  return { resourceVersion, continue: next === '' ? undefined : next, remainingItemCount: remaining };
}

function transform(exchange: Exchange, resource: Resource, { encoding, as }: Accepted, page: ListPage): Buffer {
  const metadata = metadataOf(page, as ? OF_STRUCTS : resource.wire);
  const objects = page.entries.map((entry) => entry.parse());
  if (!as) {
    const { listKind: kind, apiVersion, isUnstructured } = resource.wire;
    const items = isUnstructured ? objects : objects.map(({ kind: _, apiVersion: __, ...item }) => item);
    return encodeList(encoding, resource.type.message, { kind, apiVersion, metadata, items });
  }
  const apiVersion = `meta.k8s.io/${as.version}`;
  switch (as.form) {
    case 'PartialObjectMetadata':
      throw wrongShape(resource, as.form, true);
    case 'PartialObjectMetadataList': {
      const items = objects.map((object) => partialOf(resource, object, as.version));
      // A Go slice that nothing was added to is written as null.
      return encodeList(encoding, partialMessage, { kind: as.form, apiVersion, metadata, items: items.length === 0 ? null : items });
    }
    case 'Table': {
      const style = { version: as.version, include: readInclude(exchange), now: exchange.now };
      return encodeAs(encoding, { value: tableOf(resource, objects, metadata, style), kind: as.form, apiVersion });
    }
  }
}

/** Tables and metadata are structs in Go, whatever they are of. */
const OF_STRUCTS = { isUnstructured: false };

interface ListValue {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly items: readonly unknown[] | null;
}

/** Every kind's list is written alike. */
function encodeList(encoding: Encoding, message: AnyMessage | undefined, value: ListValue): Buffer {
  const { kind, apiVersion, metadata, items } = value;
  if (encoding !== 'protobuf' || !message) return encodeAs(encoding, { value, kind, apiVersion });
  return encodeProtobufList(message, { metadata, items: items ?? [] }, { kind, apiVersion });
}
