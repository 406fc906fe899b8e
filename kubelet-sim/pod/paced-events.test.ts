import { expect, test } from 'vitest';
import { VirtualClock } from '../../runtime/index.ts';
import { aPod } from '../testing/builders.ts';
import { PacedEvents } from './paced-events.ts';

function setUp() {
  const clock = new VirtualClock(5000);
  const seen: { reason: string; host: string | undefined; at: number | undefined }[] = [];
  const world = { busy: false };
  const events = new PacedEvents({
    clock,
    isBusy: () => world.busy,
    recorder: { event: (...[, , reason, , extra]) => seen.push({ reason, host: extra?.host, at: extra?.at }) },
  });
  return { clock, seen, world, events };
}

test('an event goes out at once, with its node and its time', () => {
  const { seen, events } = setUp();
  events.of('node-1').event(aPod(), 'Normal', 'Started', 'm');
  expect(seen).toEqual([{ reason: 'Started', host: 'node-1', at: 5000 }]);
});

test('many events go out at a pace, slower while statuses wait, and keep their time', async () => {
  const { clock, seen, world, events } = setUp();
  world.busy = true;
  for (let i = 0; i < 1000; i++) events.of('n').event(aPod(), 'Normal', `r${i}`, 'm');
  await clock.advance(1000);
  const slow = seen.length;
  expect(slow).toBeGreaterThan(50);
  expect(slow).toBeLessThanOrEqual(200);
  world.busy = false;
  await clock.advance(1000);
  expect(seen).toHaveLength(1000);
  expect(seen.at(-1)).toEqual({ reason: 'r999', host: 'n', at: 5000 });
  await clock.advance(1000);
  expect(clock.pending).toBe(0);
});
