import { expect, test } from 'vitest';
import { Pacer } from './pacer.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('one who is alone never waits', async () => {
  const pacer = new Pacer();
  for (let i = 0; i < 50; i++) {
    expect(pacer.take()).toBeUndefined();
    await turn();
  }
});

test('many are let on a few in a turn, in their order, and others in between', async () => {
  const pacer = new Pacer();
  const order: number[] = [];
  let turns = 0;
  const writers = Array.from({ length: 40 }, async (_, i) => {
    await pacer.take();
    order.push(i);
  });
  let most = 0;
  while (order.length < 40 && turns < 100) {
    const before = order.length;
    await turn();
    turns++;
    most = Math.max(most, order.length - before);
  }
  await Promise.all(writers);
  expect(order).toEqual(Array.from({ length: 40 }, (_, i) => i));
  expect(most).toBeLessThanOrEqual(16); // what is written now, and what was let on in the turn before
  expect(turns).toBeGreaterThanOrEqual(4);
});
