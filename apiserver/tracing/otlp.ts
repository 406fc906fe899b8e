// Spans on the wire: OTLP, opentelemetry/proto/{trace,collector/trace}/v1.
import { bytes, choice, type Field, int64, many, message, methodsOf, nested, string } from '../../runtime/grpc.ts';
import type { Attributes, Scope, Span } from './span.ts';

const WIRE_64_BITS = 1;
const WORD_BITS = 32n;
const WORD = 0xffff_ffffn;

/** A time, in nanoseconds. */
const fixed64 = (number: number): Field<bigint> => ({
  number,
  wireType: WIRE_64_BITS,
  initial: () => 0n,
  write: (writer, tag, value) => {
    writer.uint32(tag).fixed64({ low: Number(value & WORD) | 0, high: Number(value >> WORD_BITS) | 0, unsigned: true });
  },
  read: (reader) => {
    const low = BigInt(reader.fixed32());
    return (BigInt(reader.fixed32()) << WORD_BITS) | low;
  },
});

/** A field that is written whatever it says: of several, it is the one that is there. */
const always = <T>({ number, wireType, read }: Field<T>, put: (writer: Writer, value: T) => unknown): Field<T | undefined, T> => ({
  number,
  wireType,
  initial: () => undefined,
  write: (writer, tag, value) => void put(writer.uint32(tag), value),
  read: (reader, before, type) => read(reader, before as T, type),
});
type Writer = Parameters<Field<string>['write']>[0];

const anyValue = message({
  text: always(string(1), (writer, value) => writer.string(value)),
  integer: always(int64(3), (writer, value) => writer.int64(value)),
});
const attribute = message({ key: string(1), value: nested(2, () => anyValue) });
const event = message({ at: fixed64(1), name: string(2), attributes: many(3, () => attribute) });
const link = message({ traceId: bytes(1), spanId: bytes(2) });
const status = message({ code: choice(3) });
const span = message({
  traceId: bytes(1),
  spanId: bytes(2),
  parentSpanId: bytes(4),
  name: string(5),
  kind: choice(6),
  startedAt: fixed64(7),
  endedAt: fixed64(8),
  attributes: many(9, () => attribute),
  events: many(11, () => event),
  links: many(13, () => link),
  status: nested(15, () => status),
});
const scope = message({ name: string(1) });
const scopeSpans = message({ scope: nested(1, () => scope), spans: many(2, () => span) });
const resource = message({ attributes: many(1, () => attribute) });
const resourceSpans = message({ resource: nested(1, () => resource), scopeSpans: many(2, () => scopeSpans) });

/** How spans are handed over. */
export const EXPORT = methodsOf('opentelemetry.proto.collector.trace.v1.TraceService')(
  'Export',
  message({ resourceSpans: many(1, () => resourceSpans) }),
  message({}),
);

const STATUS_ERROR = 2;

const attributesOf = (attributes: Attributes) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: typeof value === 'number' ? { integer: value } : { text: value } }));

const spanOf = (each: Span) => ({
  traceId: each.traceId,
  spanId: each.spanId,
  parentSpanId: each.parentId,
  name: each.name,
  kind: each.kind,
  startedAt: each.startedAt,
  endedAt: each.endedAt ?? each.startedAt,
  attributes: attributesOf(each.attributes),
  events: each.events.map(({ at, name, attributes }) => ({ at, name, attributes: attributesOf(attributes) })),
  links: each.link === undefined ? [] : [{ traceId: each.link.traceId, spanId: each.link.spanId }],
  status: each.isFailed ? { code: STATUS_ERROR } : {},
});

/** What is handed over: spans by who tells of them. @param who the process that they are of. */
export function exportRequest(who: Attributes, spans: readonly Span[]) {
  const byScope = new Map<Scope, Span[]>();
  for (const each of spans) {
    const own = byScope.get(each.scope) ?? [];
    byScope.set(each.scope, own);
    own.push(each);
  }
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(who) },
        scopeSpans: [...byScope].map(([name, own]) => ({ scope: { name }, spans: own.map(spanOf) })),
      },
    ],
  };
}
