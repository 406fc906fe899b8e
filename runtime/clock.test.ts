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
