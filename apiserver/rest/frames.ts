import { strict as assert } from 'node:assert';
import { goJson, type KubeObject, type Status } from '../../api/index.ts';
import { bodies, encodeProtobuf, encodeProtobufWatchEvent } from '../../api/schema.ts';
import type { Resource } from '../registry/resource.ts';
import type { ChangeType, FrameWriter } from '../watch-cache/cache-event.ts';
import type { Entry } from '../watch-cache/entry.ts';
import type { Transformation } from './negotiation.ts';
import { partialMessage } from './partial-message.ts';
import { type IncludeObject, parseServed, partialOf, tableOf } from './table.ts';

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

const bookmarkOf = (resource: Pick<Resource, 'wire'>, revision: number, initialEventsEnd: boolean): KubeObject => ({
  kind: resource.wire.kind,
  apiVersion: resource.wire.apiVersion,
  metadata: {
    resourceVersion: String(revision),
    ...(initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  },
});

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
export function protobufFrames({ type: { message }, wire }: Resource): FrameWriter {
  assert(message, 'whole objects are asked for in protobuf only of kinds that have it');
  const frame = (type: string, object: KubeObject) => encodeProtobufWatchEvent(type, encodeProtobuf(message, object, wire));
  return {
    id: 'protobuf',
    change: (type, entry) => frame(type, parseServed(entry.bytes)),
    bookmark: (revision, initialEventsEnd) => frame('BOOKMARK', bookmarkOf({ wire }, revision, initialEventsEnd)),
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

/** How a Table says its columns where a watcher knows them. */
const KNOWN_COLUMNS = Buffer.from('"columnDefinitions":null');

/** Each change as a Table of one row. A watcher is told the columns with the first. */
export function tableFrames(resource: Resource, { version }: Transformation, include: IncludeObject, now: () => number): FrameWriter {
  const whole = (objects: KubeObject[], resourceVersion: string) =>
    tableOf(resource, objects, { resourceVersion }, { version, include, now: now() });
  const table = (objects: KubeObject[], resourceVersion: string) => ({ ...whole(objects, resourceVersion), columnDefinitions: null });
  return {
    id: `table ${version} ${include}`,
    change: (type, entry: Entry) => frameOf(type, table([parseServed(entry.bytes)], String(entry.revision))),
    bookmark: (revision, initialEventsEnd) => {
      const bookmark = bookmarkOf(resource, revision, initialEventsEnd);
      return frameOf('BOOKMARK', initialEventsEnd ? bookmarkTable(whole([], String(revision)), bookmark) : table([], String(revision)));
    },
    error: errorFrame,
    first: (chunk) => {
      const at = chunk.indexOf(KNOWN_COLUMNS);
      if (at < 0) return chunk;
      const columns = Buffer.from(`"columnDefinitions":${goJson(whole([], '').columnDefinitions)}`);
      return Buffer.concat([chunk.subarray(0, at), columns, chunk.subarray(at + KNOWN_COLUMNS.length)]);
    },
  };
}

/** The end of the initial events is told by an annotation, which a Table has on its only row's object. */
const bookmarkTable = (table: ReturnType<typeof tableOf>, bookmark: KubeObject): unknown => ({
  ...table,
  columnDefinitions: null,
  rows: [{ cells: table.columnDefinitions.map(() => null), object: bookmark }],
});
