import { strict as assert } from 'node:assert';
import { goJson, type KubeObject, type Status } from '../../api/index.ts';
import { bodies, encodeProtobuf, encodeProtobufWatchEvent } from '../../api/schema.ts';
import type { Resource } from '../registry/resource.ts';
import type { ChangeType, FrameWriter } from '../watch-cache/cache-event.ts';
import type { Entry } from '../watch-cache/entry.ts';
import type { Transformation } from './negotiation.ts';
import { partialMessage } from './partial-message.ts';
import { type IncludeObject, parseServed, partialOf, type TableStyle, tableOf } from './table.ts';

const OPENING: Readonly<Record<ChangeType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};

const END = '}\n';

/** A frame of any value. */
export const frameOf = (type: string, value: unknown): Buffer => Buffer.from(`{"type":"${type}","object":${goJson(value)}}\n`);

/** What went wrong, for a watcher that reads JSON. */
const errorFrame = (status: Status): Buffer => frameOf('ERROR', status);

const protobufError = (status: Status): Buffer =>
  encodeProtobufWatchEvent('ERROR', encodeProtobuf(bodies.status, status, { kind: 'Status', apiVersion: 'v1' }));

/** An object of the kind that says nothing but how far the watch is (apiserver, `storage/cacher/cacher.go`: of `newFunc`, with a version). */
function bookmarkOf({ wire, type, strategy }: Resource, revision: number, initialEventsEnd: boolean): KubeObject {
  const { kind: _kind, apiVersion: _version, metadata, ...nothing } = type.decode(strategy.zero ?? {}).object;
  const annotations = { ...metadata.annotations, ...(initialEventsEnd ? { 'k8s.io/initial-events-end': 'true' } : {}) };
  return {
    kind: wire.kind,
    apiVersion: wire.apiVersion,
    metadata: { resourceVersion: String(revision), ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    ...nothing,
  };
}

/** Whole objects as JSON: a frame is the served bytes in an envelope. */
export function objectFrames(resource: Resource): FrameWriter {
  return {
    id: 'json',
    change(type, { bytes }) {
      const opening = OPENING[type];
      const frame = Buffer.allocUnsafeSlow(opening.length + bytes.length + 1);
      opening.copy(frame);
      // The object's own newline gives way to the envelope's end.
      const at = opening.length + bytes.copy(frame, opening.length, 0, bytes.length - 1);
      frame.write(END, at, 'latin1');
      return frame;
    },
    bookmark: (revision, initialEventsEnd) => frameOf('BOOKMARK', bookmarkOf(resource, revision, initialEventsEnd)),
    error: errorFrame,
  };
}

/** Whole objects as protobuf: each frame has its length before it. */
export function protobufFrames(resource: Resource): FrameWriter {
  const {
    type: { message },
    wire,
  } = resource;
  assert(message, 'whole objects are asked for in protobuf only of kinds that have it');
  const frame = (type: string, object: KubeObject) => encodeProtobufWatchEvent(type, encodeProtobuf(message, object, wire));
  return {
    id: 'protobuf',
    change: (type, entry) => frame(type, parseServed(entry.bytes)),
    bookmark: (revision, initialEventsEnd) => frame('BOOKMARK', bookmarkOf(resource, revision, initialEventsEnd)),
    error: protobufError,
  };
}

/** Metadata only, as protobuf: what the caches of controllers that read no more ask for. */
export function partialProtobufFrames(resource: Resource, { version }: Transformation): FrameWriter {
  const wire = { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}` };
  const frame = (type: string, object: KubeObject) =>
    encodeProtobufWatchEvent(type, encodeProtobuf(partialMessage, partialOf(resource, object, version), wire));
  return {
    id: `protobuf partial ${version}`,
    change: (type, entry) => frame(type, parseServed(entry.bytes)),
    bookmark: (revision, initialEventsEnd) => frame('BOOKMARK', bookmarkOf(resource, revision, initialEventsEnd)),
    error: protobufError,
  };
}

/** Metadata only. */
export function partialFrames(resource: Resource, { version }: Transformation): FrameWriter {
  return {
    id: `partial ${version}`,
    change: (type, entry) => frameOf(type, partialOf(resource, parseServed(entry.bytes), version)),
    bookmark: (revision, initialEventsEnd) =>
      frameOf('BOOKMARK', partialOf(resource, bookmarkOf(resource, revision, initialEventsEnd), version)),
    error: errorFrame,
  };
}

/** No change makes a list: a watch that asks for lists ends with what would be its first frame (apiserver, `watchEmbeddedEncoder`). */
export const listFrames = (resource: Resource, as: Transformation): FrameWriter => ({
  ...partialFrames(resource, as),
  id: `list ${as.version}`,
  first: () => undefined,
});

/** How a Table says its columns where a watcher knows them. */
const KNOWN_COLUMNS = Buffer.from('"columnDefinitions":null');

/** Each change as a Table of one row. A watcher is told the columns with the first. */
export function tableFrames(resource: Resource, { version }: Transformation, include: IncludeObject, now: () => number): FrameWriter {
  const row = (object: KubeObject, resourceVersion: string, style: TableStyle) => ({
    ...tableOf(resource, [object], { resourceVersion }, { ...style, now: now() }),
    columnDefinitions: null,
  });
  return {
    id: `table ${version} ${include}`,
    change: (type, entry: Entry) => frameOf(type, row(parseServed(entry.bytes), String(entry.revision), { version, include })),
    // Where the initial events end is told by an annotation, which no row may do without.
    bookmark: (revision, initialEventsEnd) => {
      const style = { version, include: initialEventsEnd && include === 'None' ? 'Metadata' : include } as const;
      return frameOf('BOOKMARK', row(bookmarkOf(resource, revision, initialEventsEnd), String(revision), style));
    },
    error: errorFrame,
    first: (chunk) => {
      const at = chunk.indexOf(KNOWN_COLUMNS);
      if (at < 0) return chunk;
      const columns = Buffer.from(
        `"columnDefinitions":${goJson(tableOf(resource, [], {}, { version, include, now: now() }).columnDefinitions)}`,
      );
      return Buffer.concat([chunk.subarray(0, at), columns, chunk.subarray(at + KNOWN_COLUMNS.length)]);
    },
  };
}
