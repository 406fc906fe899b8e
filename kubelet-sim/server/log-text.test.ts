import { expect, test } from 'vitest';
import type { LogEntry } from '../runtime/cri.ts';
import { parseLogOptions } from './log-options.ts';
import { logText } from './log-text.ts';

const NOW = Date.UTC(2026, 0, 1);
const line = (text: string, ago = 0, stream: LogEntry['stream'] = 'stdout'): LogEntry => ({ time: NOW - ago * 1000, stream, text });

async function read(query: string, ...batches: LogEntry[][]): Promise<string> {
  async function* source(): AsyncGenerator<readonly LogEntry[]> {
    yield* batches;
  }
  let text = '';
  for await (const chunk of logText(source(), parseLogOptions(new URLSearchParams(query), NOW))) text += chunk.toString();
  return text;
}

const lines = [line('one\n', 60), line('two\n', 30, 'stderr'), line('three\n', 10)];

test.each([
  ['', 'one\ntwo\nthree\n'],
  ['tailLines=2', 'two\nthree\n'],
  ['tailLines=0', ''],
  ['tailLines=9', 'one\ntwo\nthree\n'],
  ['sinceSeconds=40', 'two\nthree\n'],
  [`sinceTime=${new Date(NOW - 15_000).toISOString()}`, 'three\n'],
  ['limitBytes=6', 'one\ntw'],
  ['tailLines=1&timestamps=true', '2025-12-31T23:59:50.000000000Z three\n'],
])('?%s', async (query, wanted) => {
  expect(await read(query, lines)).toBe(wanted);
});

test('the tail counts whole lines, and what is followed comes after it', async () => {
  expect(await read('tailLines=1', [line('a\n'), line('long '), line('line\n')], [line('more\n'), line('end')])).toBe(
    'long line\nmore\nend',
  );
});

test.each([
  ['tailLines=-1', 'Invalid request.'],
  ['tailLines=x', 'Unable to decode query.'],
  ['tailLines=', 'Unable to decode query.'],
  ['sinceSeconds=0', 'Invalid request.'],
  ['limitBytes=0', 'Invalid request.'],
  ['stream=invalid', 'Invalid request.'],
  ['stream=Stderr&tailLines=1', 'Invalid request.'],
  ['sinceTime=yesterday', 'Unable to decode query.'],
  ['sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 'Invalid request.'],
])('?%s is refused', (query, message) => {
  expect(() => parseLogOptions(new URLSearchParams(query), NOW)).toThrow(`{"message": "${message}"}`);
});

test.each([
  ['follow=1', true],
  ['follow=', true],
  ['follow=yes', true],
  ['follow=0', false],
  ['follow=false', false],
  ['', false],
])('?%s follows: %s', (query, follows) => {
  expect(parseLogOptions(new URLSearchParams(query), NOW).follow).toBe(follows);
});

test('streams were told apart by a kubelet whose feature gate for that is off', () => {
  const why = 'unable to return the given log stream: "Stderr". Please enable PodLogsQuerySplitStreams feature gate in kubelet';
  expect(() => parseLogOptions(new URLSearchParams('stream=Stderr'), NOW)).toThrow(why);
});
