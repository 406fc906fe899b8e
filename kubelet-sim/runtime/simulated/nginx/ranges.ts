import type { Exchange, Reply } from './exchange.ts';

interface Range {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

/** Answers with the parts that were asked for (`ngx_http_range_filter_module`). */
export function applyRanges(exchange: Exchange, reply: Reply): Reply {
  if (reply.status !== 200 || !reply.hasRanges || exchange.scope.text('max_ranges') === '0') return reply;
  const range = exchange.headers.get('range');
  const whole: Reply = { ...reply, headers: [...reply.headers, ['Accept-Ranges', 'bytes']] };
  if (range === undefined || !/^bytes=/i.test(range) || !isStillSame(exchange, reply)) return whole;
  const ranges = parseRanges(range.slice('bytes='.length), reply.body.length);
  if (ranges === undefined) return unsatisfiable(reply);
  const total = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  const [first] = ranges;
  if (!first || total > reply.body.length || ranges.length > Number(exchange.scope.text('max_ranges') ?? Number.POSITIVE_INFINITY))
    return whole;
  if (ranges.length > 1) return multipart(exchange, reply, ranges);
  const headers: Reply['headers'] = [...reply.headers, ['Content-Range', contentRange(first, reply.body.length)]];
  return { ...reply, status: 206, headers, body: reply.body.slice(first.start, first.end) };
}

const contentRange = ({ start, end }: Range, size: number): string => `bytes ${start}-${end - 1}/${size}`;

function isStillSame({ headers }: Exchange, { headers: own, lastModified }: Reply): boolean {
  const condition = headers.get('if-range');
  if (condition === undefined) return true;
  if (condition.startsWith('"')) return own.some(([name, value]) => name === 'ETag' && value === condition);
  return lastModified !== undefined && Date.parse(condition) === lastModified;
}

/** @returns undefined when none of it is there, or it is no list of ranges */
function parseRanges(text: string, size: number): readonly Range[] | undefined {
  const ranges: Range[] = [];
  for (const one of text.split(',')) {
    const [, from = '', to = ''] = /^\s*(\d*)-(\d*)\s*$/.exec(one) ?? [];
    if (from === '' && to === '') return undefined;
    const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
    const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1);
    if (start < end) ranges.push({ start, end });
    else if (start < size) return undefined;
  }
  return ranges.length > 0 ? ranges : undefined;
}

const unsatisfiable = (reply: Reply): Reply => ({
  status: 416,
  headers: [
    ...reply.headers.filter(([name]) => name !== 'Accept-Ranges' && name !== 'ETag'),
    ['Content-Range', `bytes */${reply.body.length}`],
  ],
  body: '',
});

function multipart({ connection }: Exchange, reply: Reply, ranges: readonly Range[]): Reply {
  const boundary = String(connection.number).padStart(20, '0');
  const parts = ranges.map(
    (range) =>
      `\r\n--${boundary}\r\nContent-Type: ${reply.type ?? ''}\r\nContent-Range: ${contentRange(range, reply.body.length)}\r\n\r\n${reply.body.slice(range.start, range.end)}`,
  );
  return { ...reply, status: 206, type: `multipart/byteranges; boundary=${boundary}`, body: `${parts.join('')}\r\n--${boundary}--\r\n` };
}
