import { expect, test } from 'vitest';
import { VirtualClock } from '../../runtime/index.ts';
import { Grace } from './grace.ts';

test('what is waited for is told when time is over', async () => {
  const clock = new VirtualClock();
  const grace = new Grace(clock, 30_000);
  let told = false;
  const spent = grace.spend(
    (signal) =>
      new Promise(() => {
        signal.addEventListener('abort', () => {
          told = true;
        });
      }),
  );
  await clock.advance(28_000);
  expect(grace.leftMs).toBe(2000);
  await clock.advance(2000);
  await spent;
  expect([told, grace.leftMs]).toEqual([true, 0]);
});

test('what ends in time is not held up, and leaves no timer', async () => {
  const clock = new VirtualClock();
  const grace = new Grace(clock, 30_000);
  await grace.spend(() => Promise.resolve());
  grace.dispose();
  expect(clock.pending).toBe(0);
});
