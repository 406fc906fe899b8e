import { expect, it } from 'vitest';
import { EventPace } from './event-pace.ts';

/** Writes that end when they are told to. */
function writes(pace: EventPace) {
  const underWay: (() => void)[] = [];
  const write = () => pace.inTurn(() => new Promise<void>((resolve) => underWay.push(resolve)));
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { underWay, write, settled };
}

it('one event is written at a time while few wait', async () => {
  const pace = new EventPace();
  const { underWay, write, settled } = writes(pace);
  const all = [write(), write(), write()];
  for (const [at] of all.entries()) {
    await settled();
    expect(underWay).toHaveLength(at + 1);
    underWay[at]?.();
  }
  await Promise.all(all);
});

it('the more events wait the more are written at a time, and fewer again when they have been', async () => {
  const pace = new EventPace();
  for (let i = 0; i < 4_500; i++) pace.enter();
  const { underWay, write, settled } = writes(pace);
  const all = Array.from({ length: 6 }, write);
  await settled();
  expect(underWay).toHaveLength(3);
  for (let i = 0; i < 3_000; i++) pace.leave();
  for (let at = 0; at < 3; at++) underWay[at]?.();
  await settled();
  expect(underWay).toHaveLength(4);
  for (let at = 3; at < 6; at++) {
    underWay[at]?.();
    await settled();
  }
  await Promise.all(all);
});

it('a write that fails gives its place away', async () => {
  const pace = new EventPace();
  await expect(pace.inTurn(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  await expect(pace.inTurn(async () => 'written')).resolves.toBe('written');
});
