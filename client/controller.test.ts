import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { apiError } from '../api/index.ts';
import { silentLogger, VirtualClock } from '../runtime/index.ts';
import { runController } from './controller.ts';
import { TerminalError } from './errors.ts';
import type { ReconcileResult } from './types.ts';
import { WorkQueue } from './work-queue.ts';

function setUp(reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileResult | undefined>, workers = 1, logger = silentLogger) {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock });
  const stop = new AbortController();
  const outcomes: string[] = [];
  const metrics = { onReconciled: (result: string) => outcomes.push(result) };
  const running = runController({ name: 'test', queue, workers, reconcile, logger, clock, signal: stop.signal, metrics });
  return { clock, queue, stop, running, outcomes };
}

describe('runController', () => {
  it('retries a failed key with back-off, and forgets the back-off on success', async () => {
    let failures = 3;
    const at: number[] = [];
    const { clock, queue, stop, running, outcomes } = setUp(() => {
      at.push(clock.now() - start);
      return failures-- > 0 ? Promise.reject(new Error('not yet')) : Promise.resolve(undefined);
    });
    const start = clock.now();
    queue.add('a');
    await clock.advance(1000);
    expect(at).toEqual([0, 5, 15, 35]);
    expect(queue.retries('a')).toBe(0);
    expect(outcomes).toEqual(['error', 'error', 'error', 'success']);
    stop.abort();
    await running;
  });

  it('comes back after requeueAfterMs', async () => {
    const at: number[] = [];
    const { clock, queue, stop, running } = setUp(() => {
      at.push(clock.now() - start);
      return Promise.resolve({ requeueAfterMs: 300 });
    });
    const start = clock.now();
    queue.add('a');
    await clock.advance(1000);
    expect(at).toEqual([0, 300, 600, 900]);
    stop.abort();
    await running;
  });

  it('drops a key after a TerminalError', async () => {
    const { clock, queue, stop, running, outcomes } = setUp(() => Promise.reject(new TerminalError('never')));
    queue.add('a');
    await clock.advance(10_000);
    expect(outcomes).toEqual(['terminal']);
    expect(queue.retries('a')).toBe(0);
    stop.abort();
    await running;
  });

  it('works on several keys at once, but never twice on one', async () => {
    const working = new Set<string>();
    let most = 0;
    const { clock, queue, stop, running } = setUp(async (key) => {
      expect(working.has(key)).toBe(false);
      working.add(key);
      most = Math.max(most, working.size);
      await clock.sleep(10);
      working.delete(key);
      return undefined;
    }, 3);
    for (let i = 0; i < 10; i++) for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key);
    await clock.advance(5);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await clock.advance(1000);
    expect(most).toBe(3);
    stop.abort();
    await running;
  });

  it('on abort waits for what is under way, drops what waits, and does not retry', async () => {
    const ended: string[] = [];
    const { clock, queue, stop, running } = setUp(async (key, signal) => {
      await clock.sleep(1000, signal).finally(() => ended.push(key));
      return undefined;
    });
    queue.add('a');
    queue.add('b');
    await clock.advance(1);
    stop.abort();
    await running;
    expect(ended).toEqual(['a']);
    expect(queue.retries('a')).toBe(0);
  });

  it('logs constant messages that climb from info to error, conflicts never above info', async () => {
    const lines: { level: number; msg: string }[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
    const subject = { group: '', resource: 'pods' };
    const { clock, queue, stop, running } = setUp(
      (key) => Promise.reject(key === 'conflict' ? apiError.modified(subject, 'a') : new Error('no')),
      1,
      logger,
    );
    queue.add('conflict');
    await clock.advance(2000);
    const levels = () => lines.splice(0).map(({ level, msg }) => `${level} ${msg}`);
    expect(new Set(levels())).toEqual(new Set(['30 reconcile failed, will retry']));
    queue.add('other');
    await clock.advance(2500);
    const climbing = levels().filter((line) => !line.startsWith('30'));
    expect(climbing[0]).toBe('40 reconcile failed, will retry');
    expect(climbing.at(-1)).toBe('50 reconcile failed, will retry');
    stop.abort();
    await running;
  });
});
