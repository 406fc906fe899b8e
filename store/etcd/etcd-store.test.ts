/** The store contract, and random work, on the etcd driver against a real etcd. */
import { test } from 'vitest';
import { systemClock } from '../../runtime/index.ts';
import { storeContract } from '../../test/contract/store-contract.ts';
import { describeOnEtcd, startEtcd } from '../../test/support/etcd.ts';
import { Chance, closeAll, Pair } from '../../test/support/random-work.ts';
import type { StoreFixture } from '../../test/support/store-steps.ts';
import { openEtcdStore } from '../index.ts';

async function open(): Promise<StoreFixture> {
  const member = await startEtcd();
  const store = await openEtcdStore({ endpoints: [member.clientUrl] });
  return {
    store,
    remote: true,
    forgetsAtCompaction: true,
    pass: (seconds) => systemClock.sleep(seconds * 1000),
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await member[Symbol.asyncDispose]();
    },
  };
}

const ROUNDS = 120;

describeOnEtcd('on a real etcd', () => {
  storeContract('etcd', open);

  test.each([1, 2])('random work, with a prefix, seed %i', async (seed) => {
    await using member = await startEtcd();
    const endpoints = [member.clientUrl];
    const pair = new Pair(await openEtcdStore({ endpoints, prefix: '/some/where' }), new Chance(seed), { remote: true });
    for (let round = 0; round < ROUNDS; round++) {
      await pair.step();
      if (pair.chance.in(0.02)) await pair.compact();
    }
    await closeAll(pair);
  });
});
