import { expect, test } from 'vitest';
import { VirtualClock } from '../../../runtime/index.ts';
import { ContainerLog, LOG_BYTES_MAX, LogBudget } from './container-log.ts';

const never = new AbortController().signal;

async function textOf(log: ContainerLog): Promise<string> {
  let text = '';
  for await (const batch of log.read({ follow: false, signal: never })) for (const entry of batch) text += entry.text;
  return text;
}

test('a line is kept once it ends, with the time of its end; a last one without newline when the log closes', async () => {
  const clock = new VirtualClock(1000);
  const log = new ContainerLog(() => clock.now());
  log.write('stdout', 'he');
  await clock.advance(5);
  log.write('stdout', 'llo\nwor');
  expect(await textOf(log)).toBe('hello\n');
  log.close();
  expect(await textOf(log)).toBe('hello\nwor');
  for await (const [first] of log.read({ follow: true, signal: never })) expect(first?.time).toBe(1005);
});

test('a follower gets what comes, and ends when the log closes or when it is aborted', async () => {
  const log = new ContainerLog(() => 0);
  const seen: string[] = [];
  const follow = async (signal: AbortSignal) => {
    for await (const batch of log.read({ follow: true, signal })) seen.push(...batch.map((e) => e.text));
  };
  const abort = new AbortController();
  const aborted = follow(abort.signal);
  log.write('stdout', 'a\n');
  await new Promise((resolve) => setImmediate(resolve));
  abort.abort();
  await aborted;
  const closed = follow(never);
  log.write('stderr', 'b\n');
  log.close();
  await closed;
  expect(seen).toEqual(['a\n', 'a\n', 'b\n']);
});

test('the log is bounded: the oldest lines go, and a slow follower skips them', async () => {
  const log = new ContainerLog(() => 0);
  const line = `${'x'.repeat(999)}\n`;
  const reader = log.read({ follow: true, signal: never });
  log.write('stdout', 'first\n');
  expect((await reader.next()).value?.[0].text).toBe('first\n');
  for (let i = 0; i < 10_000; i++) log.write('stdout', line);
  expect((await textOf(log)).length).toBeLessThanOrEqual(LOG_BYTES_MAX);
  const { value } = await reader.next();
  expect(value?.length).toBe(log.length);
});

test('the logs of all containers together are bounded: beyond it each keeps its newest lines', () => {
  const budget = new LogBudget(1_000_000);
  const logs = Array.from({ length: 4 }, () => new ContainerLog(() => 0, budget));
  for (let i = 0; i < 10_000; i++) for (const log of logs) log.write('stdout', `line ${i}\n`);
  expect(budget.bytes).toBeLessThan(1_300_000);
  for (const log of logs) expect(log.tail(1, 100)).toBe('line 9999\n');
  for (const log of logs) log.reopen();
  expect(budget.bytes).toBe(0);
});
