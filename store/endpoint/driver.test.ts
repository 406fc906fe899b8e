/** What every store does, done by the etcd driver on our own endpoint: both ends of the wire at once. */
import { test } from 'vitest';
import { VirtualClock } from '../../runtime/index.ts';
import { storeContract } from '../../test/contract/store-contract.ts';
import { startEndpoint } from '../../test/support/etcd-endpoint.ts';
import { Chance, closeAll, Pair } from '../../test/support/random-work.ts';
import { openEtcdStore, openMemoryStore } from '../index.ts';

const ROUNDS = 120;

storeContract('the etcd driver on our endpoint', async () => {
  const clock = new VirtualClock();
  const fixture = await startEndpoint({ store: await openMemoryStore({ clock }) });
  const store = await openEtcdStore({ endpoints: [fixture.url] });
  const dispose = async () => {
    await store.close();
    await fixture[Symbol.asyncDispose]();
  };
  return { store, remote: true, pass: (seconds) => clock.advance(seconds * 1000), [Symbol.asyncDispose]: dispose };
});

test.each([1, 2])('random work with the etcd driver on our endpoint, with a prefix, seed %i', async (seed) => {
  await using fixture = await startEndpoint();
  const pair = new Pair(await openEtcdStore({ endpoints: [fixture.url], prefix: '/some/where' }), new Chance(seed), { remote: true });
  for (let round = 0; round < ROUNDS; round++) {
    await pair.step();
    if (pair.chance.in(0.02)) await pair.compact();
  }
  await closeAll(pair);
});
