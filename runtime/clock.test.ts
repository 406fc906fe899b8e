import { expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';

it('jumps: what fell due meanwhile fires once, in its order, and sees the new time', async () => {
  const clock = new VirtualClock(0);
  const seen: [string, number][] = [];
  const tick = () => {
    seen.push(['tick', clock.now()]);
    clock.setTimer(10, tick);
  };
  clock.setTimer(10, tick);
  clock.setTimer(5, () => seen.push(['once', clock.now()]));
  await clock.jump(1000);
  expect(seen).toEqual([
    ['once', 1000],
    ['tick', 1000],
  ]);
  await clock.advance(10);
  expect(seen.at(-1)).toEqual(['tick', 1010]);
});

it('a virtual clock that is held stands still until it is let go', async () => {
  const clock = new VirtualClock();
  const hold = clock.hold();
  let fired = false;
  clock.setTimer(10, () => {
    fired = true;
  });
  const moved = clock.advance(20);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(fired).toBe(false);
  hold[Symbol.dispose]();
  hold[Symbol.dispose]();
  await moved;
  expect([fired, clock.now() - Date.UTC(2026, 0, 1)]).toEqual([true, 20]);
});
