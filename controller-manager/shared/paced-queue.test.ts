import { expect, it } from 'vitest';
import { VirtualClock } from '../../runtime/index.ts';
import { PacedQueue } from './paced-queue.ts';

it('backs off as it is told, up to a longest time', async () => {
  const clock = new VirtualClock(0);
  const queue = new PacedQueue({ clock, paceMs: 100, backoffMs: 1_000, backoffMsMax: 60_000 });
  const waits: number[] = [];
  for (let failures = 0; failures < 8; failures++) {
    const failedAt = clock.monotonic();
    queue.addRateLimited('default/refused');
    while (queue.length === 0) await clock.advance(500);
    waits.push((clock.monotonic() - failedAt) / 1000);
    queue.done((await queue.get()) ?? '');
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
});
