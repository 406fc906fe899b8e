import { expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import { every } from './every.ts';

it('does something after each period until it is ended, be it by what it does', async () => {
  const clock = new VirtualClock();
  const at: number[] = [];
  const begin = clock.monotonic();
  const ended = every(clock, 1_000, () => {
    at.push(clock.monotonic() - begin);
    if (at.length === 3) ended[Symbol.dispose]();
  });
  await clock.advance(10_000);
  expect(at).toEqual([1_000, 2_000, 3_000]);
});

it('that is ended before its first period does nothing', async () => {
  const clock = new VirtualClock();
  every(clock, 1_000, () => expect.fail('it was ended'))[Symbol.dispose]();
  await clock.advance(10_000);
});
