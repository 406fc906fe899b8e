import { expect, test } from 'vitest';
import { type Logger, silentLogger, systemClock, VirtualClock } from '../../runtime/index.ts';
import { Collector } from '../../test/support/otlp-collector.ts';
import { SpanExporter } from './exporter.ts';
import { SCOPE, SPAN_KIND, Span } from './span.ts';

const spanOf = (name: string, ended: (span: Span) => void): Span =>
  new Span({
    home: { now: () => 1n, ended },
    name,
    scope: SCOPE.component,
    kind: SPAN_KIND.internal,
    traceId: Buffer.alloc(16, 1),
    at: 1n,
    attributes: {},
  });

test('spans wait to be many, not longer than some seconds, and go by the hundreds', async () => {
  await using collector = await Collector.open();
  const clock = new VirtualClock();
  const exporter = new SpanExporter({ target: `dns:${collector.endpoint}`, who: {}, clock, logger: silentLogger });
  spanOf('alone', (span) => exporter.take(span)).end();
  await clock.advance(4999);
  expect(collector.spans).toHaveLength(0);
  await clock.advance(1);
  await expect.poll(() => collector.spans.length).toBe(1);
  for (let i = 0; i < 600; i++) spanOf(`span ${i}`, (span) => exporter.take(span)).end();
  await expect.poll(() => collector.spans.length).toBe(513);
  await exporter.close();
  expect(collector.requests.map(({ resourceSpans }) => resourceSpans[0]?.scopeSpans[0]?.spans.length)).toEqual([1, 512, 88]);
});

test('without a collector spans are lost, which is told, and nobody waits', async () => {
  const warned: object[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void warned.push(fields) } as Logger;
  // Nobody listens on port 1.
  const exporter = new SpanExporter({ target: 'dns:127.0.0.1:1', who: {}, clock: systemClock, logger });
  for (let i = 0; i < 3000; i++) spanOf(`span ${i}`, (span) => exporter.take(span)).end();
  await exporter.close();
  // 512 were under way and 2048 waited; what came then had no room.
  expect(warned.at(-1)).toMatchObject({ lost: 3000 });
  exporter.take(spanOf('late', () => undefined));
  await exporter.close();
});
