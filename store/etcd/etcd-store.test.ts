/** The store contract, and random work, on the etcd driver against a real etcd. */
import { describe, test } from 'vitest';
import { systemClock, VirtualClock } from '../../runtime/index.ts';
import { storeContract } from '../../test/contract/store-contract.ts';
import { describeOnEtcd, startEtcd } from '../../test/support/etcd.ts';
import { startEndpoint } from '../../test/support/etcd-endpoint.ts';
import { Chance, closeAll, Pair } from '../../test/support/random-work.ts';
import type { StoreFixture } from '../../test/support/store-steps.ts';
import { openEtcdStore, openMemoryStore } from '../index.ts';

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

/** Behind our own endpoint of etcd's API. */
async function openOwn(): Promise<StoreFixture> {
  const clock = new VirtualClock();
  const endpoint = await startEndpoint({ store: await openMemoryStore({ clock }) });
  const store = await openEtcdStore({ endpoints: [endpoint.url] });
  return {
    store,
    remote: true,
    pass: (seconds) => clock.advance(seconds * 1000),
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await endpoint[Symbol.asyncDispose]();
    },
  };
}

const ROUNDS = 120;

async function randomWork(url: string, seed: number): Promise<void> {
  const pair = new Pair(await openEtcdStore({ endpoints: [url], prefix: '/some/where' }), new Chance(seed), { remote: true });
  for (let round = 0; round < ROUNDS; round++) {
    await pair.step();
    if (pair.chance.in(0.02)) await pair.compact();
  }
  await closeAll(pair);
}

describeOnEtcd('on a real etcd', () => {
  storeContract('etcd', open);

  test.each([1, 2])('random work, with a prefix, seed %i', async (seed) => {
    await using member = await startEtcd();
    await randomWork(member.clientUrl, seed);
  });
});

describe('on our own endpoint', () => {
  storeContract('our endpoint', openOwn);

  test.each([3, 4])('random work, with a prefix, seed %i', async (seed) => {
    await using endpoint = await startEndpoint();
    await randomWork(endpoint.url, seed);
  });
});
