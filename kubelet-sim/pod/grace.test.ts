import { expect, test } from 'vitest';
import { VirtualClock } from '../../runtime/index.ts';
import { Grace } from './grace.ts';

test('time can become shorter, never longer, and what is waited for is told when it is over', async () => {
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
  await clock.advance(5000);
  grace.shorten(60_000);
  expect(grace.leftMs).toBe(25_000);
  grace.shorten(2000);
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
