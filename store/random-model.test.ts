/** Random work on a store and on the plain model: every answer and every watch must be the same. The seed is in the test's name. */
import { describe, expect, test } from 'vitest';
import { Chance, closeAll, Pair } from '../test/support/random-work.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { openLevelStore, openMemoryStore } from './index.ts';

const ROUNDS = 120;
/** More than a recent revision is, so that both ways to read the past are taken. */
const LONG_ROUNDS = 1200;

describe('random work', () => {
  test.each([1, 2, 3])('in memory, seed %i', async (seed) => {
    const pair = new Pair(await openMemoryStore(), new Chance(seed));
    for (let round = 0; round < ROUNDS; round++) {
      await pair.step();
      if (pair.chance.in(0.01)) await pair.compact();
    }
    await closeAll(pair);
  });

  test('in memory without compaction, seed 5', async () => {
    const pair = new Pair(await openMemoryStore(), new Chance(5));
    for (let round = 0; round < LONG_ROUNDS; round++) {
      await pair.write();
      if (pair.chance.in(0.3)) await pair.read();
    }
    expect(pair.model.revision).toBeGreaterThan(2500);
    for (let read = 0; read < 200; read++) await pair.read();
    await closeAll(pair);
  });

  test.each([6, 7])('on disk with restarts, seed %i', async (seed) => {
    await using directory = await tempDirectory();
    const open = () => openLevelStore({ directory: directory.path });
    const pair = new Pair(await open(), new Chance(seed));
    for (let round = 0; round < ROUNDS; round++) {
      await pair.step();
      if (pair.chance.in(0.02)) await pair.compact();
      if (!pair.chance.in(0.03)) continue;
      await closeAll(pair);
      pair.store = await open();
    }
    await closeAll(pair);
  });
});
